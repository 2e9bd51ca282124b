package sign_test

import (
	"bytes"
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
}
