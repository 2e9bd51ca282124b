package jsonhttps_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/jsonhttps"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// digest stands in for SM2 where a test is about something else: its "signature" is a hash under a name.
type digest string

func (d digest) Sign(uid string, message []byte) ([64]byte, error) {
	var signature [64]byte
	sum := sha256.Sum256([]byte(string(d) + uid + string(message)))
	copy(signature[:], sum[:])
	return signature, nil
}

func (d digest) Verify(uid string, message, signature []byte) bool {
	want, err := d.Sign(uid, message)
	return err == nil && bytes.Equal(want[:], signature)
}

// randomness gives different bytes at every read.
type randomness struct{ n atomic.Uint64 }

func (r *randomness) Read(p []byte) (int, error) {
	sum := sha256.Sum256(strconv.AppendUint(nil, r.n.Add(1), 10))
	return copy(p, sum[:]), nil
}

// reply writes a signed answer to the request in r.
func reply(t *testing.T, w http.ResponseWriter, r *http.Request, status int, body string, millis int64) {
	stamp, _, err := profile.ParseStamp(r.Header)
	if err != nil {
		t.Error(err)
		return
	}
	signature, err := digest("operator").Sign(profile.UID, stamp.SignedAnswer(status, millis, []byte(body)))
	if err != nil {
		t.Error(err)
		return
	}
	w.Header().Set(profile.HeaderTime, strconv.FormatInt(millis, 10))
	w.Header().Set(profile.HeaderSignature, base64.StdEncoding.EncodeToString(signature[:]))
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := io.WriteString(w, body); err != nil {
		t.Log(err)
	}
}

func serve(t *testing.T, handler http.HandlerFunc) (*httptest.Server, jsonhttps.Config) {
	t.Helper()
	server, config, _ := serveCounted(t, handler)
	return server, config
}

// serveCounted is serve, and counts the connections.
func serveCounted(t *testing.T, handler http.HandlerFunc) (*httptest.Server, jsonhttps.Config, *connections) {
	t.Helper()
	connections := &connections{closed: make(chan struct{}, 1000)}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = connections.changed
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	server.StartTLS()
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return server, jsonhttps.Config{URL: server.URL, Client: "48021000", Key: "0011223344556677", Signer: digest("client"), Verifier: digest("operator"),
		TLS: &tls.Config{RootCAs: pool}, Now: time.Now, Random: &randomness{}}, connections
}

func connect(t *testing.T, config jsonhttps.Config) *jsonhttps.Connector {
	t.Helper()
	connector, err := jsonhttps.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connector.Close()) })
	return connector
}

func inquiry() operator.Inquiry {
	return operator.Inquiry{OrderID: operator.OrderID{1}, Merchant: "M", Amount: 5, Currency: "CNY"}
}

func request() operator.Request {
	return operator.Request{OrderID: operator.OrderID{1}, Merchant: "M", Terminal: "T", Method: operator.MethodCode, Amount: 5, Currency: "CNY", Code: "0112345678901234567"}
}

const notFound = `{"order":"01000000000000000000000000000000","status":"not_found","amount":0}`

func TestRequestOnTheWire(t *testing.T) {
	var seen http.Header
	_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		stamp, seal, err := profile.ParseStamp(r.Header)
		if err != nil || !digest("client").Verify(profile.UID, seal.Proof.Signed(stamp.SignedRequest(r.URL.Path, body)), seal.Signature[:]) {
			t.Error("request is not signed as the profile says", err)
		}
		if r.Proto != "HTTP/1.1" || r.TLS.Version != tls.VersionTLS13 || r.URL.Path != profile.PathQuery {
			t.Error(r.Proto, r.TLS.Version, r.URL.Path)
		}
		reply(t, w, r, 200, notFound, time.Now().UnixMilli())
	})
	answer, err := connect(t, config).Query(t.Context(), inquiry())
	require.NoError(t, err)
	require.Equal(t, operator.StatusNotFound, answer.Status)
	require.Equal(t, "application/json", seen.Get("Content-Type"))
	require.Empty(t, seen.Get("User-Agent"))
	require.Empty(t, seen.Get("Idempotency-Key"), "it would let the transport send again")
	require.Empty(t, seen.Get("X-Idempotency-Key"))
}

func TestUnusableAnswersAreUnknown(t *testing.T) {
	now := func() int64 { return time.Now().UnixMilli() }
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		cause   error
	}{
		"AnswerToAnotherRequest": {func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set(profile.HeaderNonce, strings.Repeat("00", 16))
			reply(t, w, r, 200, notFound, now())
		}, jsonhttps.ErrAnswerSignature},
		"StatusChangedOnTheWay": {func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			reply(t, recorder, r, 500, notFound, now())
			for key, values := range recorder.Header() {
				w.Header()[key] = values
			}
			_, _ = w.Write(recorder.Body.Bytes())
		}, jsonhttps.ErrAnswerSignature},
		"OldAnswer":    {func(w http.ResponseWriter, r *http.Request) { reply(t, w, r, 200, notFound, now()-61_000) }, jsonhttps.ErrAnswerTime},
		"FutureAnswer": {func(w http.ResponseWriter, r *http.Request) { reply(t, w, r, 200, notFound, now()+61_000) }, jsonhttps.ErrAnswerTime},
		"AnotherOrder": {func(w http.ResponseWriter, r *http.Request) {
			reply(t, w, r, 200, strings.Replace(notFound, "01", "02", 1), now())
		}, jsonhttps.ErrAnswerOrder},
		"TooLong":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, profile.BodyMax+1)) }, jsonhttps.ErrAnswerTooLong},
		"NoSignature": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, notFound) }, profile.ErrHeader},
		"NotJSON":     {func(w http.ResponseWriter, r *http.Request) { reply(t, w, r, 200, "<html>", now()) }, profile.ErrBody},
		"Redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, profile.ErrHeader},
		"CutBody": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, io.ErrUnexpectedEOF},
		"RefusalNoJSON": {func(w http.ResponseWriter, r *http.Request) { reply(t, w, r, 400, "no", now()) }, profile.ErrBody},
	} {
		t.Run(name, func(t *testing.T) {
			_, config := serve(t, c.handler)
			_, err := connect(t, config).Query(t.Context(), inquiry())
			var unknown *operator.UnknownOutcomeError
			require.ErrorAs(t, err, &unknown)
			require.ErrorIs(t, err, c.cause)
			require.Equal(t, "query", unknown.Operation)
		})
	}
}

func TestSignedRefusals(t *testing.T) {
	for code, c := range map[string]struct {
		status   int
		definite bool
		reason   operator.Reason
	}{
		profile.CodeBadSignature:    {401, true, operator.ReasonInvalidRequest},
		profile.CodeStale:           {401, true, operator.ReasonInvalidRequest},
		profile.CodeMalformed:       {400, true, operator.ReasonInvalidRequest},
		profile.CodeUnknownMerchant: {403, true, operator.ReasonTerminalNotAllowed},
		profile.CodeReplayed:        {409, false, 0},
		profile.CodeOrderConflict:   {409, false, 0},
		profile.CodeBusy:            {503, false, 0},
		profile.CodeUnknownKey:      {500, false, 0}, // a server error is never definite, whatever its code says
	} {
		t.Run(code, func(t *testing.T) {
			_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
				reply(t, w, r, c.status, `{"code":"`+code+`","message":"no"}`, time.Now().UnixMilli())
			})
			connector := connect(t, config)
			answer, err := connector.Authorise(t.Context(), request())
			if c.definite {
				require.NoError(t, err)
				require.Equal(t, operator.StatusDeclined, answer.Status)
				require.Equal(t, c.reason, answer.Reason)
			} else {
				requireUnknown(t, err, code)
			}
			_, err = connector.Reverse(t.Context(), inquiry())
			requireUnknown(t, err, code)
			for _, offline := range []bool{false, true} { // the money has left the card: that nobody looked at it says nothing
				tap := request()
				tap.Method, tap.Code, tap.Card, tap.Offline = operator.MethodTap, "", []byte{1}, offline
				_, err = connector.Authorise(t.Context(), tap)
				requireUnknown(t, err, code)
				_, err = connector.Hold(t.Context(), tap)
				requireUnknown(t, err, code)
			}
		})
	}
}

func requireUnknown(t *testing.T, err error, code string) {
	t.Helper()
	var unknown *operator.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, code, unknown.Code)
}

// TestClosedConnectionsNeverDoubleARequest: the operator answers and closes the kept connection without a word. Whatever
// the next call makes of it, a request arrives at most once, and not at all where the connector says "not sent".
func TestClosedConnectionsNeverDoubleARequest(t *testing.T) {
	var seen atomic.Int64
	_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		reply(t, w, r, 200, notFound, time.Now().UnixMilli())
		control := http.NewResponseController(w)
		if err := control.Flush(); err != nil {
			t.Error(err)
		}
		if conn, _, err := control.Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	connector, answered := connect(t, config), 0
	for range 300 {
		before := seen.Load()
		_, err := connector.Query(t.Context(), inquiry())
		arrived := seen.Load() - before
		require.LessOrEqual(t, arrived, int64(1))
		var notSent *operator.NotSentError
		if errors.As(err, &notSent) {
			require.Zero(t, arrived)
		}
		if err == nil {
			answered++
		}
	}
	require.Positive(t, answered)
}

// TestNotSentIsTrue cancels calls at every possible moment. A call reported as not sent must never have been seen by the
// operator.
func TestNotSentIsTrue(t *testing.T) {
	var seen sync.Map
	server, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		asked, err := profile.DecodeInquiry(body)
		if err != nil {
			t.Error(err)
			return
		}
		seen.Store(asked.OrderID, true)
		reply(t, w, r, 200, strings.Replace(notFound, "01000000000000000000000000000000", asked.OrderID.String(), 1), time.Now().UnixMilli())
	})
	connector := connect(t, config)
	var notSentIDs sync.Map
	var counts [3]atomic.Int64
	var callers sync.WaitGroup
	for caller := range 8 {
		callers.Go(func() {
			for call := range 300 {
				asked := inquiry()
				asked.OrderID = operator.OrderID{byte(caller), byte(call >> 8), byte(call)}
				patience := time.Duration(call) * 5 * time.Microsecond
				if call%4 == 0 { // leaves an open connection for the next ones
					patience = 20 * time.Second
				}
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, err := connector.Query(ctx, asked)
				cancel()
				var notSent *operator.NotSentError
				switch {
				case err == nil:
					counts[0].Add(1)
				case errors.As(err, &notSent):
					counts[1].Add(1)
					notSentIDs.Store(asked.OrderID, true)
				default:
					counts[2].Add(1)
				}
			}
		})
	}
	callers.Wait()
	server.Close() // waits for the handlers
	notSentIDs.Range(func(id, _ any) bool {
		_, arrived := seen.Load(id)
		require.False(t, arrived, "order %s was reported as not sent", id)
		return true
	})
	for i, what := range []string{"answered", "not sent", "unknown"} {
		require.Positive(t, counts[i].Load(), "no call was %s: the test is worth nothing", what)
	}
}

func TestNotSent(t *testing.T) {
	requireNotSent := func(t *testing.T, err error) {
		t.Helper()
		var notSent *operator.NotSentError
		require.ErrorAs(t, err, &notSent)
	}
	var seen atomic.Int64
	server, config := serve(t, func(http.ResponseWriter, *http.Request) { seen.Add(1) })
	t.Run("UnknownAuthority", func(t *testing.T) {
		other := config
		other.TLS = nil
		_, err := connect(t, other).Query(t.Context(), inquiry())
		requireNotSent(t, err)
		require.ErrorContains(t, err, "certificate")
	})
	t.Run("HandshakeNeverEnds", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, listener.Close()) })
		other := config
		other.URL = "https://" + listener.Addr().String()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = connect(t, other).Query(ctx, inquiry())
		requireNotSent(t, err)
	})
	t.Run("OnlyTLS12", func(t *testing.T) {
		old := httptest.NewUnstartedServer(http.NotFoundHandler())
		old.TLS = &tls.Config{MaxVersion: tls.VersionTLS12}
		old.StartTLS()
		t.Cleanup(old.Close)
		other := config
		other.URL = old.URL
		_, err := connect(t, other).Query(t.Context(), inquiry())
		requireNotSent(t, err)
	})
	t.Run("NoRandomness", func(t *testing.T) {
		other := config
		other.Random = strings.NewReader("")
		_, err := connect(t, other).Query(t.Context(), inquiry())
		requireNotSent(t, err)
	})
	t.Run("Refused", func(t *testing.T) {
		server.Close()
		_, err := connect(t, config).Query(t.Context(), inquiry())
		requireNotSent(t, err)
	})
	require.Zero(t, seen.Load())
}

func TestNewRefuses(t *testing.T) {
	_, valid := serve(t, http.NotFound)
	for name, spoil := range map[string]func(*jsonhttps.Config){
		"PlainHTTP":       func(c *jsonhttps.Config) { c.URL = "http://127.0.0.1" },
		"Path":            func(c *jsonhttps.Config) { c.URL += "/api" },
		"UserInURL":       func(c *jsonhttps.Config) { c.URL = "https://u:p@127.0.0.1" },
		"NoURL":           func(c *jsonhttps.Config) { c.URL = "" },
		"NoClient":        func(c *jsonhttps.Config) { c.Client = "" },
		"ShortKey":        func(c *jsonhttps.Config) { c.Key = "00" },
		"NoSigner":        func(c *jsonhttps.Config) { c.Signer = nil },
		"NoVerifier":      func(c *jsonhttps.Config) { c.Verifier = nil },
		"NoClock":         func(c *jsonhttps.Config) { c.Now = nil },
		"NoRandom":        func(c *jsonhttps.Config) { c.Random = nil },
		"WideClockWindow": func(c *jsonhttps.Config) { c.ClockTolerance = time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			config := valid
			spoil(&config)
			_, err := jsonhttps.New(config)
			require.ErrorIs(t, err, jsonhttps.ErrConfig)
		})
	}
}
