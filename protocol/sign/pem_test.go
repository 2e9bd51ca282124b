package sign_test

import (
	"bytes"
	"encoding/asn1"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/sign"
)

func TestPEM(t *testing.T) {
	key := newKey(t)
	private, err := key.MarshalPEM()
	require.NoError(t, err)
	public, err := key.Public().MarshalPEM()
	require.NoError(t, err)

	t.Run("private key comes back and signs", func(t *testing.T) {
		back, err := sign.ParseKeyPEM(private)
		require.NoError(t, err)
		signature, err := back.Sign("", []byte("m"))
		require.NoError(t, err)
		require.True(t, sign.Verify(key.Public(), "", []byte("m"), signature[:]))
	})
	t.Run("public key comes back", func(t *testing.T) {
		back, err := sign.ParsePublicKeyPEM(public)
		require.NoError(t, err)
		require.True(t, key.Public().Equal(back))
	})
	t.Run("ErrPEM on anything else", func(t *testing.T) {
		for name, text := range map[string][]byte{
			"nothing":          nil,
			"text":             []byte("hello"),
			"public for key":   public,
			"two blocks":       append(bytes.Clone(private), private...),
			"trailing text":    append(bytes.Clone(private), "x"...),
			"wrong content":    []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
			"truncated base64": private[:60],
		} {
			_, err := sign.ParseKeyPEM(text)
			require.ErrorIs(t, err, sign.ErrPEM, name)
		}
		_, err := sign.ParsePublicKeyPEM(private)
		require.ErrorIs(t, err, sign.ErrPEM)
	})
	t.Run("ErrInvalidKey for the zero key", func(t *testing.T) {
		_, err := sign.PublicKey{}.MarshalPEM()
		require.ErrorIs(t, err, sign.ErrInvalidKey)
	})
}

func FuzzParseKeyPEM(f *testing.F) {
	key := newKey(f)
	text, err := key.MarshalPEM()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := sign.ParseKeyPEM(text)
		if err != nil {
			return
		}
		again, err := key.MarshalPEM()
		require.NoError(t, err)
		back, err := sign.ParseKeyPEM(again)
		require.NoError(t, err)
		require.True(t, key.Public().Equal(back.Public()))
	})
}

// derPair is a signature as OpenSSL writes it.
type derPair struct{ R, S *big.Int }

// TestOpenSSL lets an implementation that shares no code with ours read our keys and write one for us.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is needed in CI (apt: openssl)")
		}
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(arguments ...string) []byte {
		out, err := exec.Command(openssl, arguments...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return out
	}
	key := newKey(t)
	private, err := key.MarshalPEM()
	require.NoError(t, err)
	path := filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(path, private, 0o600))

	t.Run("derives the same public key", func(t *testing.T) {
		public, err := sign.ParsePublicKeyPEM(run("pkey", "-in", path, "-pubout"))
		require.NoError(t, err)
		require.True(t, key.Public().Equal(public))
	})
	t.Run("its key is ours to use", func(t *testing.T) {
		theirs := filepath.Join(dir, "theirs.pem")
		run("genpkey", "-algorithm", "SM2", "-out", theirs)
		text, err := os.ReadFile(theirs)
		require.NoError(t, err)
		back, err := sign.ParseKeyPEM(text)
		require.NoError(t, err)
		signature, err := back.SignChecked("", []byte("m"))
		require.NoError(t, err)
		require.NotZero(t, signature)
	})
	t.Run("each verifies the other's signature under the same identity", func(t *testing.T) {
		const uid = "operator-1"
		message := []byte("amount 12.50")
		messagePath, signaturePath := filepath.Join(dir, "message"), filepath.Join(dir, "signature")
		publicPath := filepath.Join(dir, "public.pem")
		require.NoError(t, os.WriteFile(messagePath, message, 0o600))
		public, err := key.Public().MarshalPEM()
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(publicPath, public, 0o600))
		common := []string{"-rawin", "-digest", "sm3", "-pkeyopt", "distid:" + uid, "-in", messagePath}

		run(append([]string{"pkeyutl", "-sign", "-inkey", path, "-out", signaturePath}, common...)...)
		encoded, err := os.ReadFile(signaturePath)
		require.NoError(t, err)
		var theirs derPair
		_, err = asn1.Unmarshal(encoded, &theirs)
		require.NoError(t, err)
		signature := make([]byte, 64)
		theirs.R.FillBytes(signature[:32])
		theirs.S.FillBytes(signature[32:])
		require.True(t, sign.Verify(key.Public(), uid, message, signature))
		require.False(t, sign.Verify(key.Public(), "operator-2", message, signature))

		ours, err := key.Sign(uid, message)
		require.NoError(t, err)
		encoded, err = asn1.Marshal(derPair{R: new(big.Int).SetBytes(ours[:32]), S: new(big.Int).SetBytes(ours[32:])})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(signaturePath, encoded, 0o600))
		out := run(append([]string{"pkeyutl", "-verify", "-pubin", "-inkey", publicPath, "-sigfile", signaturePath}, common...)...)
		require.Contains(t, string(out), "Signature Verified Successfully")
	})
}
