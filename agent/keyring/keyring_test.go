package keyring_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/seal"
)

const terminal = "10000001"

// enrolled writes an enrolment and returns the configuration that opens it.
func enrolled(t testing.TB, authority *enrolmenttest.Authority) keyring.Config {
	t.Helper()
	directory := t.TempDir()
	path := filepath.Join(directory, "enrolment.json")
	require.NoError(t, enrolment.Write(path, authority.Enrolment(t, terminal), seal.Portable(), rand.Reader))
	return keyring.Config{
		EnrolmentPath: path, StatePath: filepath.Join(directory, "epochs.json"), Engine: seal.Portable(),
	}
}

func open(t testing.TB, config keyring.Config) *keyring.Keyring {
	t.Helper()
	k, err := keyring.Open(config)
	require.NoError(t, err)
	return k
}

func epoch(number uint32) keyring.Epoch {
	return keyring.Epoch{
		Number: number, TerminalNonce: [16]byte{byte(number), 1}, CloudNonce: [16]byte{byte(number), 2},
		OpenedAt: time.UnixMicro(1_795_000_000_000_000 + int64(number)).UTC(),
	}
}

func TestOpen(t *testing.T) {
	authority := enrolmenttest.NewAuthority(t)
	t.Run("OK", func(t *testing.T) {
		k := open(t, enrolled(t, authority))
		require.Equal(t, terminal, k.Terminal().String())
		require.Equal(t, uint16(1), k.KeyVersion())
		require.NotNil(t, k.Identity())
		key := enrolmenttest.TerminalKey(terminal)
		require.Equal(t, seal.SignInMAC(seal.Portable(), key[:]).Tag([]byte("x")), k.SignInMAC().Tag([]byte("x")))
		require.NotEqual(t, k.SignInMAC().Tag([]byte("x")), k.JournalMAC().Tag([]byte("x")))
		_, ok := k.Current()
		require.False(t, ok)
	})
	t.Run("ErrDeviceKey with another device's key", func(t *testing.T) {
		config := enrolled(t, authority)
		require.NoError(t, os.WriteFile(enrolment.DeviceKeyPath(config.EnrolmentPath),
			[]byte("00112233445566778899aabbccddeeff\n"), 0o600))
		_, err := keyring.Open(config)
		require.ErrorIs(t, err, enrolment.ErrDeviceKey)
	})
	t.Run("ErrMode when others may read the device key", func(t *testing.T) {
		config := enrolled(t, authority)
		require.NoError(t, os.Chmod(enrolment.DeviceKeyPath(config.EnrolmentPath), 0o644))
		_, err := keyring.Open(config)
		require.ErrorIs(t, err, enrolment.ErrMode)
	})
	t.Run("ErrMethod for another provider", func(t *testing.T) {
		config := enrolled(t, authority)
		config.Provider = provider{method: "tpm2"}
		_, err := keyring.Open(config)
		require.ErrorIs(t, err, keyring.ErrMethod)
	})
	t.Run("ErrDeviceKey when a provider gives a wrong key", func(t *testing.T) {
		config := enrolled(t, authority)
		config.Provider = provider{method: enrolment.MethodDeviceFile, key: make([]byte, seal.KeySize)}
		_, err := keyring.Open(config)
		require.ErrorIs(t, err, enrolment.ErrDeviceKey)
	})
	t.Run("another provider's right key", func(t *testing.T) {
		config := enrolled(t, authority)
		key := enrolmenttest.TerminalKey(terminal)
		config.Provider = provider{method: enrolment.MethodDeviceFile, key: key[:]}
		require.NotNil(t, open(t, config))
	})
}

func TestEpochs(t *testing.T) {
	authority := enrolmenttest.NewAuthority(t)
	t.Run("survive reopening", func(t *testing.T) {
		config := enrolled(t, authority)
		k := open(t, config)
		for number := uint32(1); number <= 40; number++ {
			require.NoError(t, k.Add(epoch(number)))
		}
		again := open(t, config)
		current, ok := again.Current()
		require.True(t, ok)
		require.Equal(t, epoch(40), current)
		for number := uint32(1); number <= 40; number++ {
			keys, err := again.Keys(number)
			require.NoError(t, err)
			require.Equal(t, number, keys.Epoch)
			key := enrolmenttest.TerminalKey(terminal)
			e := epoch(number)
			want := seal.DeriveKeys(seal.Portable(), key[:], number, e.TerminalNonce, e.CloudNonce)
			require.Equal(t, want.Record.Tag([]byte("x")), keys.Record.Tag([]byte("x")))
			require.Equal(t, want.PIN, again.Derive(e).PIN)
		}
		info, err := os.Stat(config.StatePath)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode())
	})
	t.Run("keys are derived once", func(t *testing.T) {
		k := open(t, enrolled(t, authority))
		require.NoError(t, k.Add(epoch(7)))
		first, err := k.Keys(7)
		require.NoError(t, err)
		second, err := k.Keys(7)
		require.NoError(t, err)
		require.Same(t, first, second)
	})
	t.Run("ErrEpoch for an unknown one", func(t *testing.T) {
		config := enrolled(t, authority)
		_, err := open(t, config).Keys(3)
		require.ErrorIs(t, err, keyring.ErrEpoch)
		require.ErrorContains(t, err, "3 is not in "+config.StatePath)
		require.Equal(t, config.StatePath, open(t, config).StatePath())
	})
	t.Run("ErrEpochOrder unless they rise", func(t *testing.T) {
		k := open(t, enrolled(t, authority))
		require.ErrorIs(t, k.Add(epoch(0)), keyring.ErrEpochOrder)
		require.NoError(t, k.Add(epoch(5)))
		require.ErrorIs(t, k.Add(epoch(5)), keyring.ErrEpochOrder)
		require.ErrorIs(t, k.Add(epoch(4)), keyring.ErrEpochOrder)
		current, _ := k.Current()
		require.Equal(t, uint32(5), current.Number)
	})
	t.Run("an epoch that could not be stored is not known", func(t *testing.T) {
		config := enrolled(t, authority)
		config.StatePath = filepath.Join(t.TempDir(), "missing", "epochs.json")
		k := open(t, config)
		require.ErrorIs(t, k.Add(epoch(1)), os.ErrNotExist)
		_, ok := k.Current()
		require.False(t, ok)
	})
	t.Run("a half-written replacement is ignored", func(t *testing.T) {
		config := enrolled(t, authority)
		require.NoError(t, open(t, config).Add(epoch(1)))
		require.NoError(t, os.WriteFile(config.StatePath+".new", []byte(`{"version":1,`), 0o600))
		k := open(t, config)
		require.NoError(t, k.Add(epoch(2)))
		current, _ := open(t, config).Current()
		require.Equal(t, uint32(2), current.Number)
	})
}

func TestDamagedEpochs(t *testing.T) {
	config := enrolled(t, enrolmenttest.NewAuthority(t))
	nonce := `"terminal_nonce":"00112233445566778899aabbccddeeff","cloud_nonce":"00112233445566778899aabbccddeeff","opened_at":1`
	for name, text := range map[string]string{
		"cut short":           `{"version":1,"terminal":"10000001","epochs":[`,
		"empty":               ``,
		"other version":       `{"version":2,"terminal":"10000001","epochs":[]}`,
		"unknown field":       `{"version":1,"terminal":"10000001","epochs":[],"x":1}`,
		"another terminal's":  `{"version":1,"terminal":"10000002","epochs":[]}`,
		"short nonce":         `{"version":1,"terminal":"10000001","epochs":[{"epoch":1,"terminal_nonce":"00","cloud_nonce":"00","opened_at":1}]}`,
		"epochs out of order": `{"version":1,"terminal":"10000001","epochs":[{"epoch":2,` + nonce + `},{"epoch":1,` + nonce + `}]}`,
		"epoch 0":             `{"version":1,"terminal":"10000001","epochs":[{"epoch":0,` + nonce + `}]}`,
	} {
		t.Run("ErrState "+name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(config.StatePath, []byte(text), 0o600))
			_, err := keyring.Open(config)
			require.ErrorIs(t, err, keyring.ErrState)
		})
	}
}

// handshake connects a terminal to a server and returns the terminal's error and the client name the server saw.
func handshake(t *testing.T, server, client *tls.Config) (string, error) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	require.NoError(t, err)
	defer listener.Close()
	seen := make(chan string, 1)
	go func() {
		defer close(seen)
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		secure := connection.(*tls.Conn)
		if secure.Handshake() == nil {
			seen <- secure.ConnectionState().PeerCertificates[0].Subject.CommonName
			_, _ = secure.Write([]byte{1})
		}
	}()
	connection, err := net.DialTimeout("tcp", listener.Addr().String(), 5*time.Second)
	require.NoError(t, err)
	secure := tls.Client(connection, client)
	defer secure.Close()
	err = secure.Handshake()
	if err == nil { // in TLS 1.3 the server's verdict on our certificate comes after our handshake
		_, err = secure.Read(make([]byte, 1))
	}
	secure.Close()
	return <-seen, err
}

func TestTLS(t *testing.T) {
	authority := enrolmenttest.NewAuthority(t)
	k := open(t, enrolled(t, authority))
	t.Run("the server sees the terminal's name", func(t *testing.T) {
		name, err := handshake(t, authority.ServerTLS(t), k.TLS("localhost"))
		require.NoError(t, err)
		require.Equal(t, terminal, name)
	})
	t.Run("refuses a server of another authority", func(t *testing.T) {
		_, err := handshake(t, enrolmenttest.NewAuthority(t).ServerTLS(t), k.TLS("localhost"))
		var unknown x509.UnknownAuthorityError
		require.ErrorAs(t, err, &unknown)
	})
	t.Run("refuses a server of another name", func(t *testing.T) {
		_, err := handshake(t, authority.ServerTLS(t), k.TLS("broker.example"))
		var wrong x509.HostnameError
		require.ErrorAs(t, err, &wrong)
	})
	t.Run("refuses TLS 1.2", func(t *testing.T) {
		server := authority.ServerTLS(t)
		server.MinVersion, server.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		_, err := handshake(t, server, k.TLS("localhost"))
		require.Error(t, err)
	})
}

type provider struct {
	method string
	key    []byte
}

func (p provider) Method() string { return p.method }

func (p provider) Unwrap(_, _ []byte) ([]byte, error) { return append([]byte(nil), p.key...), nil }
