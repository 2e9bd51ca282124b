package front_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// BenchmarkAuthoriseHandler is the operator's own part of one authorisation: check, book, sign; no network.
func BenchmarkAuthoriseHandler(b *testing.B) {
	key, err := sign.NewKey(rand.Reader)
	require.NoError(b, err)
	fingerprint := key.Public().Fingerprint().String()
	w := newWorld(b, func(_ *bank.Config, c *front.Config) {
		c.Clients[fingerprint] = verifier{key.Public()}
	})
	handler := w.front.Handler()
	calls := make([]*http.Request, b.N)
	for i := range calls {
		calls[i] = signedCall(b, key, fingerprint, int64(i))
	}
	b.ResetTimer()
	for _, request := range calls {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusOK {
			b.Fatal(recorder.Body.String())
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "authorisations/s")
}

// BenchmarkConnector is both ends of one authorisation over HTTPS in this process.
func BenchmarkConnector(b *testing.B) {
	w := newWorld(b, func(c *bank.Config, _ *front.Config) { c.ReuseCodes = true })
	template := operator.Request{Merchant: "102290058120001", Terminal: "T0000001", Method: operator.MethodCode, Amount: 1, Currency: "CNY", Code: "0112345678901234567"}
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			request := template
			if _, err := rand.Read(request.OrderID[:]); err != nil {
				b.Error(err)
				return
			}
			if answer, err := w.connector.Authorise(context.Background(), request); err != nil || answer.Status != operator.StatusApproved {
				b.Error(answer.Status, err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "authorisations/s")
}

// signedCall is an authorisation as it arrives at the handler.
func signedCall(t testing.TB, key *sign.Key, fingerprint string, n int64) *http.Request {
	t.Helper()
	var id operator.OrderID
	_, err := rand.Read(id[:])
	require.NoError(t, err)
	body, err := profile.EncodeRequest(operator.Request{OrderID: id, Merchant: "102290058120001", Terminal: "T0000001",
		Method: operator.MethodCode, Amount: 1 + n%100, Currency: "CNY", Code: codeOf(n)})
	require.NoError(t, err)
	return signedBody(t, key, fingerprint, profile.PathAuthorise, body, time.Now())
}

func codeOf(n int64) string {
	code := []byte("0100000000000000000")
	for i := len(code) - 1; n > 0; i-- {
		code[i] = byte('0' + n%10)
		n /= 10
	}
	return string(code)
}

// signedBody is a call with any body and time.
func signedBody(t testing.TB, key *sign.Key, fingerprint, path string, body []byte, at time.Time) *http.Request {
	t.Helper()
	stamp := profile.Stamp{Client: "48021000", Key: fingerprint, Request: randomToken(t), Nonce: randomToken(t), Millis: at.UnixMilli()}
	signature, err := key.Sign(profile.UID, stamp.SignedRequest(path, body))
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodPost, path, io.NopCloser(newReader(body)))
	stamp.SetHeader(request.Header, profile.Seal{Signature: signature})
	return request
}
