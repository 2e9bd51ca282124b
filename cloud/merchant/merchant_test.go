package merchant_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// office is a registrar with everything it needs in a temporary folder.
type office struct {
	*merchant.Registrar
	store     *sqlite.Store
	root      *merchant.Root
	authority *merchant.Authority
}

func newOffice(t *testing.T) office {
	t.Helper()
	dir := t.TempDir()
	root, err := merchant.CreateRoot(filepath.Join(dir, "root.key"), fast.Engine(), rand.Reader)
	require.NoError(t, err)
	authority, err := merchant.CreateAuthority(dir, now, rand.Reader)
	require.NoError(t, err)
	s, err := sqlite.Open(t.Context(), filepath.Join(dir, "cloud.db"), sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return office{merchant.NewRegistrar(s, root, authority, clock, rand.Reader), s, root, authority}
}

func shop() store.Merchant {
	return store.Merchant{ID: "105290054110001", Name: "早点铺", Operators: []string{"ICBC"}, FeeBasisPoints: 10, Jurisdiction: "CN"}
}

func terminalID(text string) record.Terminal { return record.Terminal([]byte(text)) }

func TestRoot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	root, err := merchant.CreateRoot(path, seal.Portable(), rand.Reader)
	require.NoError(t, err)
	t.Run("opens with the same keys on either engine", func(t *testing.T) {
		again, err := merchant.OpenRoot(path, fast.Engine())
		require.NoError(t, err)
		require.Equal(t, root.CheckValue(), again.CheckValue())
		require.Equal(t, root.TerminalKey(terminalID("10000001"), 1), again.TerminalKey(terminalID("10000001"), 1))
		require.NotEqual(t, root.TerminalKey(terminalID("10000001"), 1), root.TerminalKey(terminalID("10000002"), 1))
	})
	t.Run("is never replaced", func(t *testing.T) {
		_, err := merchant.CreateRoot(path, seal.Portable(), rand.Reader)
		require.ErrorIs(t, err, os.ErrExist)
	})
	t.Run("ErrKeyFile when others may read it", func(t *testing.T) {
		require.NoError(t, os.Chmod(path, 0o644))
		_, err := merchant.OpenRoot(path, seal.Portable())
		require.ErrorIs(t, err, merchant.ErrKeyFile)
	})
	t.Run("ErrKeyFile on a short key", func(t *testing.T) {
		short := filepath.Join(t.TempDir(), "root.key")
		require.NoError(t, os.WriteFile(short, []byte("00ff\n"), 0o600))
		_, err := merchant.OpenRoot(short, seal.Portable())
		require.ErrorIs(t, err, merchant.ErrKeyFile)
	})
	t.Run("no key when there is no randomness", func(t *testing.T) {
		broken := errors.New("no randomness")
		path := filepath.Join(t.TempDir(), "root.key")
		_, err := merchant.CreateRoot(path, seal.Portable(), brokenReader{broken})
		require.ErrorIs(t, err, broken)
		require.NoFileExists(t, path)
	})
}

type brokenReader struct{ err error }

func (b brokenReader) Read([]byte) (int, error) { return 0, b.err }

func leaf(t *testing.T, p merchant.Pair) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(p.Certificate)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return certificate
}

func TestAuthority(t *testing.T) {
	dir := t.TempDir()
	authority, err := merchant.CreateAuthority(dir, now, rand.Reader)
	require.NoError(t, err)
	other, err := merchant.CreateAuthority(t.TempDir(), now, rand.Reader)
	require.NoError(t, err)
	server, err := authority.IssueServer([]string{"till.example", "127.0.0.1"}, now)
	require.NoError(t, err)
	client, err := authority.IssueTerminal(terminalID("10000001"), now)
	require.NoError(t, err)

	t.Run("a server's certificate holds for its names only", func(t *testing.T) {
		for name, ok := range map[string]bool{"till.example": true, "127.0.0.1": true, "other.example": false} {
			_, err := leaf(t, server).Verify(x509.VerifyOptions{DNSName: name, Roots: authority.Pool(), CurrentTime: now})
			require.Equal(t, ok, err == nil, name)
		}
	})
	t.Run("a terminal's certificate names it and is no server's", func(t *testing.T) {
		certificate := leaf(t, client)
		require.Equal(t, "10000001", certificate.Subject.CommonName)
		_, err := certificate.Verify(x509.VerifyOptions{Roots: authority.Pool(), CurrentTime: now,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		require.NoError(t, err)
		_, err = certificate.Verify(x509.VerifyOptions{Roots: authority.Pool(), CurrentTime: now,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		require.Error(t, err)
	})
	t.Run("another authority's certificates are refused", func(t *testing.T) {
		_, err := leaf(t, client).Verify(x509.VerifyOptions{Roots: other.Pool(), CurrentTime: now,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		require.Error(t, err)
	})
	t.Run("a pair works in a TLS configuration", func(t *testing.T) {
		_, err := tls.X509KeyPair(server.Certificate, server.Key)
		require.NoError(t, err)
	})
	t.Run("is never replaced and opens again", func(t *testing.T) {
		_, err := merchant.CreateAuthority(dir, now, rand.Reader)
		require.ErrorIs(t, err, os.ErrExist)
		again, err := merchant.OpenAuthority(dir)
		require.NoError(t, err)
		require.Equal(t, authority.PEM(), again.PEM())
	})
	t.Run("refuses a server without a name", func(t *testing.T) {
		_, err := authority.IssueServer(nil, now)
		require.Error(t, err)
	})
	t.Run("ErrKeyFile when key and certificate differ", func(t *testing.T) {
		mixed := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(mixed, "ca.pem"), other.PEM(), 0o600))
		key, err := os.ReadFile(filepath.Join(dir, "ca.key"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(mixed, "ca.key"), key, 0o600))
		_, err = merchant.OpenAuthority(mixed)
		require.ErrorIs(t, err, merchant.ErrKeyFile)
	})
}

func TestValidate(t *testing.T) {
	require.NoError(t, merchant.Validate(shop()))
	for name, spoil := range map[string]func(*store.Merchant){
		"id too short":     func(m *store.Merchant) { m.ID = "1052900541" },
		"id with a letter": func(m *store.Merchant) { m.ID = "10529005411000A" },
		"no name":          func(m *store.Merchant) { m.Name = " " },
		"name too long": func(m *store.Merchant) {
			m.Name = "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一"
		},
		"no operator":       func(m *store.Merchant) { m.Operators = nil },
		"fee above the cap": func(m *store.Merchant) { m.FeeBasisPoints = 11 },
		"negative fee":      func(m *store.Merchant) { m.FeeBasisPoints = -1 },
		"completion cap":    func(m *store.Merchant) { m.CompletionPercent = 201 },
		"negative cap":      func(m *store.Merchant) { m.CompletionPercent = -1 },
		"long hold":         func(m *store.Merchant) { m.HoldDays = 31 },
		"negative hold":     func(m *store.Merchant) { m.HoldDays = -1 },
		"no jurisdiction":   func(m *store.Merchant) { m.Jurisdiction = "" },
	} {
		t.Run("ErrMerchant on "+name, func(t *testing.T) {
			m := shop()
			spoil(&m)
			require.ErrorIs(t, merchant.Validate(m), merchant.ErrMerchant)
		})
	}
}

// enrol enrols a terminal and returns what it was given.
func (o *office) enrol(ctx context.Context, request merchant.Request) (given enrolment.Enrolment, err error) {
	err = o.Enrol(ctx, request, func(e enrolment.Enrolment) error {
		given = e
		return nil
	})
	return given, err
}

func TestEnrol(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	request := merchant.Request{Terminal: terminalID("10000001"), Merchant: shop().ID, SerialNumber: "SN0001"}
	t.Run("ErrNotFound for an unknown merchant", func(t *testing.T) {
		_, err := o.enrol(ctx, request)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, err, merchant.ErrUnknownMerchant)
	})
	require.NoError(t, o.AddMerchant(ctx, shop()))
	t.Run("nothing when the keys cannot be kept", func(t *testing.T) {
		full := errors.New("disk is full")
		require.ErrorIs(t, o.Enrol(ctx, request, func(enrolment.Enrolment) error { return full }), full)
		_, err := o.store.Terminal(ctx, request.Terminal)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	t.Run("OK", func(t *testing.T) {
		e, err := o.enrol(ctx, request)
		require.NoError(t, err)
		require.NoError(t, e.Validate())
		require.Equal(t, o.root.TerminalKey(request.Terminal, 1), e.TerminalKey)
		path := filepath.Join(t.TempDir(), "terminal.toml")
		require.NoError(t, enrolment.Write(path, e, fast.Engine(), rand.Reader))
		stored, err := o.store.Terminal(ctx, request.Terminal)
		require.NoError(t, err)
		require.Equal(t, store.TerminalActive, stored.State)
		require.Equal(t, shop().ID, stored.Merchant)
		require.Equal(t, now, stored.EnrolledAt.UTC())
	})
	t.Run("ErrEnrolled the second time", func(t *testing.T) {
		_, err := o.enrol(ctx, request)
		require.ErrorIs(t, err, merchant.ErrEnrolled)
	})
	t.Run("ErrSerialNumber when it is bound already or missing", func(t *testing.T) {
		again := request
		again.Terminal = terminalID("10000002")
		_, err := o.enrol(ctx, again)
		require.ErrorIs(t, err, merchant.ErrSerialNumber)
		again.SerialNumber = " "
		_, err = o.enrol(ctx, again)
		require.ErrorIs(t, err, merchant.ErrSerialNumber)
	})
	t.Run("ErrTerminal on an id that is none", func(t *testing.T) {
		_, err := o.enrol(ctx, merchant.Request{Terminal: terminalID("1000.001"), Merchant: shop().ID, SerialNumber: "SN2"})
		require.ErrorIs(t, err, record.ErrTerminal)
	})
}

// TestEnrolAgain: a terminal that never signed in gets other keys, by which those before are worth nothing.
func TestEnrolAgain(t *testing.T) {
	o, ctx := newOffice(t), t.Context()
	require.NoError(t, o.AddMerchant(ctx, shop()))
	request := merchant.Request{Terminal: terminalID("10000001"), Merchant: shop().ID, SerialNumber: "SN0001", Again: true}
	first, err := o.enrol(ctx, request)
	require.NoError(t, err, "the first time is nothing special")
	before, err := o.store.Terminal(ctx, request.Terminal)
	require.NoError(t, err)
	second, err := o.enrol(ctx, request)
	require.NoError(t, err)
	after, err := o.store.Terminal(ctx, request.Terminal)
	require.NoError(t, err)
	require.EqualValues(t, 2, after.KeyVersion)
	require.Equal(t, after.KeyVersion, second.KeyVersion)
	require.Equal(t, o.root.TerminalKey(request.Terminal, 2), second.TerminalKey)
	require.NotEqual(t, first.TerminalKey, second.TerminalKey)
	require.NotEqual(t, before.Certificate, after.Certificate)
	require.NotEqual(t, before.Identity, after.Identity)

	for name, change := range map[string]func(*merchant.Request){
		"another machine":  func(r *merchant.Request) { r.SerialNumber = "SN0002" },
		"another merchant": func(r *merchant.Request) { r.Merchant = "301310053110002" },
		"not asked for":    func(r *merchant.Request) { r.Again = false },
	} {
		t.Run("ErrEnrolled for "+name, func(t *testing.T) {
			elsewhere := shop()
			elsewhere.ID = "301310053110002"
			require.NoError(t, o.AddMerchant(ctx, elsewhere))
			other := request
			change(&other)
			_, err := o.enrol(ctx, other)
			require.ErrorIs(t, err, merchant.ErrEnrolled)
		})
	}
	t.Run("ErrSignedIn when it is at work", func(t *testing.T) {
		require.NoError(t, o.store.Commit(ctx, store.Change{Epochs: []store.Epoch{{Terminal: request.Terminal, Number: 1, KeyVersion: 2}}}))
		_, err := o.enrol(ctx, request)
		require.ErrorIs(t, err, merchant.ErrSignedIn)
		kept, err := o.store.Terminal(ctx, request.Terminal)
		require.NoError(t, err)
		require.Equal(t, after, kept)
	})
}

// counting is a reader that counts how often the store is asked.
type counting struct {
	store.DirectoryReader
	asked int
}

func (c *counting) Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error) {
	c.asked++
	return c.DirectoryReader.Terminal(ctx, id)
}

func (c *counting) Merchant(ctx context.Context, id string) (store.Merchant, error) {
	c.asked++
	return c.DirectoryReader.Merchant(ctx, id)
}

func TestDirectory(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	reader := &counting{DirectoryReader: o.store}
	directory := merchant.NewDirectory(reader)
	id := terminalID("10000001")
	t.Run("does not remember what is not there", func(t *testing.T) {
		_, err := directory.Terminal(ctx, id)
		require.ErrorIs(t, err, store.ErrNotFound)
		_, err = directory.Merchant(ctx, shop().ID)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
	require.NoError(t, o.AddMerchant(ctx, shop()))
	_, err := o.enrol(ctx, merchant.Request{Terminal: id, Merchant: shop().ID, SerialNumber: "SN0001"})
	require.NoError(t, err)
	t.Run("asks the store once", func(t *testing.T) {
		reader.asked = 0
		for range 3 {
			found, err := directory.Terminal(ctx, id)
			require.NoError(t, err)
			require.Equal(t, "SN0001", found.SerialNumber)
			m, err := directory.Merchant(ctx, found.Merchant)
			require.NoError(t, err)
			require.Equal(t, "早点铺", m.Name)
		}
		require.Equal(t, 2, reader.asked)
	})
	t.Run("Forget asks again", func(t *testing.T) {
		blocked, err := o.store.Terminal(ctx, id)
		require.NoError(t, err)
		blocked.State = store.TerminalBlocked
		require.NoError(t, o.store.Commit(ctx, store.Change{Terminals: []store.Terminal{blocked}}))
		directory.Forget(id)
		found, err := directory.Terminal(ctx, id)
		require.NoError(t, err)
		require.Equal(t, store.TerminalBlocked, found.State)
	})
}

// slow is a reader during whose reading something happens.
type slow struct {
	store.DirectoryReader
	meanwhile func()
}

func (s *slow) Merchant(ctx context.Context, id string) (store.Merchant, error) {
	m, err := s.DirectoryReader.Merchant(ctx, id)
	s.meanwhile()
	return m, err
}

func (s *slow) Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error) {
	found, err := s.DirectoryReader.Terminal(ctx, id)
	s.meanwhile()
	return found, err
}

// TestForgetWhileReading: what was read before a change is not remembered after it.
func TestForgetWhileReading(t *testing.T) {
	o, ctx, id := newOffice(t), t.Context(), terminalID("10000001")
	require.NoError(t, o.AddMerchant(ctx, shop()))
	_, err := o.enrol(ctx, merchant.Request{Terminal: id, Merchant: shop().ID, SerialNumber: "SN0001"})
	require.NoError(t, err)
	reader := &slow{DirectoryReader: o.store}
	directory := merchant.NewDirectory(reader)
	reader.meanwhile = func() {
		reader.meanwhile = func() {}
		changed := shop()
		changed.Name = "面馆"
		require.NoError(t, o.AddMerchant(ctx, changed))
		directory.ForgetMerchant(changed.ID)
	}
	_, err = directory.Merchant(ctx, shop().ID)
	require.NoError(t, err)
	found, err := directory.Merchant(ctx, shop().ID)
	require.NoError(t, err)
	require.Equal(t, "面馆", found.Name)
	reader.meanwhile = func() {
		reader.meanwhile = func() {}
		require.NoError(t, merchant.Block(ctx, o.store, id, now))
		directory.Forget(id)
	}
	_, err = directory.Terminal(ctx, id)
	require.NoError(t, err)
	blocked, err := directory.Terminal(ctx, id)
	require.NoError(t, err)
	require.Equal(t, store.TerminalBlocked, blocked.State)
}
