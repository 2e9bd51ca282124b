package front_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/jsonhttps"
	"github.com/yuantill/yuantill/cloud/operator/operatortest"
	"github.com/yuantill/yuantill/cloud/operator/profile"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// clock is the operator's clock: real time plus what a test adds.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// verifier checks with one public key.
type verifier struct{ key sign.PublicKey }

func (v verifier) Verify(uid string, message, signature []byte) bool {
	return sign.Verify(v.key, uid, message, signature)
}

// world is a running fake operator with a client that it knows.
type world struct {
	bank      *bank.Bank
	front     *front.Front
	server    *httptest.Server
	admin     *httptest.Server
	config    jsonhttps.Config
	connector *jsonhttps.Connector
	clock     *clock
}

func newWorld(t testing.TB, change func(*bank.Config, *front.Config)) *world {
	t.Helper()
	ours, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	theirs, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	w := &world{clock: &clock{}}
	bankConfig := bank.Config{Operator: "ICBC", Now: w.clock.now, Opening: 50_000_000}
	frontConfig := front.Config{Signer: theirs, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Clients: map[string]profile.Verifier{ours.Public().Fingerprint().String(): verifier{ours.Public()}}}
	if change != nil {
		change(&bankConfig, &frontConfig)
	}
	w.bank, err = bank.New(bankConfig)
	require.NoError(t, err)
	frontConfig.Bank = w.bank
	w.front, err = front.New(frontConfig)
	require.NoError(t, err)
	pool, certificate := newCertificate(t)
	w.server = httptest.NewUnstartedServer(w.front.Handler())
	w.server.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}}
	w.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	w.admin = httptest.NewServer(w.front.Admin())
	t.Cleanup(w.admin.Close)
	w.config = jsonhttps.Config{URL: w.server.URL, Client: "48021000", Key: ours.Public().Fingerprint().String(), Signer: ours,
		Verifier: verifier{theirs.Public()}, TLS: &tls.Config{RootCAs: pool}, Now: time.Now, Random: rand.Reader}
	w.connector, err = jsonhttps.New(w.config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.connector.Close()) })
	return w
}

func newCertificate(t testing.TB) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fake operator"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pool, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// tell sends a body to the admin listener and returns status and answer.
func (w *world) tell(t testing.TB, method, path string, body any) (int, []byte) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, w.admin.URL+path, bytes.NewReader(encoded))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, answer
}

// entry returns an order of the operator's statement.
func (w *world) entry(id operator.OrderID) (bank.Entry, bool) {
	for _, entry := range w.bank.Books().Orders {
		if entry.Order == id.String() {
			return entry, true
		}
	}
	return bank.Entry{}, false
}

// rules maps the suite's behaviours to the fake operator's.
func rules() map[operatortest.Behaviour]bank.Rule {
	return map[operatortest.Behaviour]bank.Rule{
		operatortest.Decline:        {Do: bank.DoDecline, Reason: "insufficient_funds"},
		operatortest.AwaitPassword:  {Do: bank.DoPassword, DelayMillis: 4_000},
		operatortest.LoseAnswer:     {Do: bank.DoLose},
		operatortest.Drop:           {Do: bank.DoDrop},
		operatortest.AnswerTwice:    {Do: bank.DoDuplicate},
		operatortest.ServerError:    {Do: bank.DoErrorDone, Status: 500},
		operatortest.WrongSignature: {Do: bank.DoBadSignature},
		operatortest.Garbage:        {Do: bank.DoGarbage},
		operatortest.Slow:           {LatencyMillis: 1_000},
		operatortest.RefuseReversal: {Do: bank.DoRefuseReversal},
		operatortest.LeaveOut:       {Do: bank.DoPartial},
	}
}

func TestConnector(t *testing.T) {
	operatortest.TestConnector(t, func(t *testing.T) operatortest.Stage {
		w := newWorld(t, nil)
		return operatortest.Stage{
			Connector: w.connector,
			Arrange: func(operation string, behaviour operatortest.Behaviour) {
				rule, ok := rules()[behaviour]
				require.True(t, ok)
				rule.Operation, rule.Count = operation, 1
				_, err := w.bank.AddRule(rule)
				require.NoError(t, err)
			},
			Settle:   func() { w.clock.add(5 * time.Second) },
			PayShown: func(code string) { require.NoError(t, w.bank.PayShown(code, "0002000012345678")) },
			NetDebit: func(id operator.OrderID) int64 {
				entry, _ := w.entry(id)
				return entry.Debited - entry.Credited
			},
			NetHeld: func(id operator.OrderID) int64 {
				entry, _ := w.entry(id)
				return entry.Held
			},
			Today:   func() operator.Day { return operator.DayOf(w.clock.now()) },
			NextDay: func() { w.clock.add(24 * time.Hour) },
			Stop:    w.server.Close,
		}
	})
}
