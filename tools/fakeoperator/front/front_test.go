package front_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/operatortest"
	"github.com/yuantill/yuantill/cloud/operator/profile"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// bench is a front called without a network.
type bench struct {
	world       *world
	key         *sign.Key
	fingerprint string
	handler     http.Handler
}

func newBench(t *testing.T, change func(*bank.Config, *front.Config)) *bench {
	t.Helper()
	key, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	b := &bench{key: key, fingerprint: key.Public().Fingerprint().String()}
	b.world = newWorld(t, func(books *bank.Config, outside *front.Config) {
		outside.Clients[b.fingerprint] = verifier{key.Public()}
		if change != nil {
			change(books, outside)
		}
	})
	b.handler = b.world.front.Handler()
	return b
}

func (b *bench) answer(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	b.handler.ServeHTTP(recorder, request)
	var body struct{ Code, Status string }
	if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil {
		return recorder.Code, ""
	}
	return recorder.Code, body.Code + body.Status
}

func query(t *testing.T) []byte {
	t.Helper()
	body, err := profile.EncodeInquiry(operator.Inquiry{OrderID: operator.OrderID{1}, Merchant: "M", Amount: 1, Currency: "CNY"})
	require.NoError(t, err)
	return body
}

func TestAdmission(t *testing.T) {
	b := newBench(t, nil)
	body := query(t)
	signed := func(at time.Time) *http.Request {
		return signedBody(t, b.key, b.fingerprint, profile.PathQuery, body, at)
	}
	for name, c := range map[string]struct {
		spoil  func(*http.Request)
		at     time.Duration
		status int
		says   string
	}{
		"OK":             {nil, 0, 200, "not_found"},
		"Stale":          {nil, -61 * time.Second, 401, profile.CodeStale},
		"FromTheFuture":  {nil, 61 * time.Second, 401, profile.CodeStale},
		"UnknownKey":     {func(r *http.Request) { r.Header.Set(profile.HeaderKey, "0000000000000000") }, 0, 401, profile.CodeUnknownKey},
		"OtherClient":    {func(r *http.Request) { r.Header.Set(profile.HeaderClient, "somebody") }, 0, 401, profile.CodeBadSignature},
		"OtherNonce":     {func(r *http.Request) { r.Header.Set(profile.HeaderNonce, randomToken(t)) }, 0, 401, profile.CodeBadSignature},
		"OtherRequestID": {func(r *http.Request) { r.Header.Set(profile.HeaderRequest, randomToken(t)) }, 0, 401, profile.CodeBadSignature},
		"OtherPath":      {func(r *http.Request) { r.URL.Path = profile.PathReverse }, 0, 401, profile.CodeBadSignature},
		"OtherBody":      {func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(append(body, ' '))) }, 0, 401, profile.CodeBadSignature},
		"NoNonce":        {func(r *http.Request) { r.Header.Del(profile.HeaderNonce) }, 0, 400, ""},
		"UnknownPath":    {func(r *http.Request) { r.URL.Path = "/v2/query" }, 0, 404, ""},
		"BodyTooLong":    {func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader(make([]byte, profile.BodyMax+1))) }, 0, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			request := signed(time.Now().Add(c.at))
			if c.spoil != nil {
				c.spoil(request)
			}
			status, says := b.answer(t, request)
			require.Equal(t, c.status, status)
			require.Equal(t, c.says, says)
		})
	}
	t.Run("Replay", func(t *testing.T) {
		request := signed(time.Now())
		again := request.Clone(t.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		status, _ := b.answer(t, request)
		require.Equal(t, 200, status)
		status, says := b.answer(t, again)
		require.Equal(t, 409, status)
		require.Equal(t, profile.CodeReplayed, says)
	})
	t.Run("MalformedBody", func(t *testing.T) {
		for path, body := range map[string]string{profile.PathQuery: "{}", profile.PathAuthorise: "[]", profile.PathOrder: `{"order":1}`} {
			status, says := b.answer(t, signedBody(t, b.key, b.fingerprint, path, []byte(body), time.Now()))
			require.Equal(t, 400, status)
			require.Equal(t, profile.CodeMalformed, says)
		}
	})
}

// TestMoments: when a payment came and was answered is noted, of the latest ones.
func TestMoments(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.bank.AddRule(bank.Rule{Operation: "authorise", Count: 1, LatencyMillis: 30})
	require.NoError(t, err)
	request, before := operatortest.NewRequest(t, 5), time.Now()
	_, err = w.connector.Authorise(t.Context(), request)
	require.NoError(t, err)
	_, err = w.connector.Query(t.Context(), operatortest.InquiryOf(request))
	require.NoError(t, err)
	recorder := httptest.NewRecorder()
	w.front.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/moments", nil))
	var moments []front.Moment
	require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &moments))
	require.Len(t, moments, 1, "an inquiry is no payment")
	require.Equal(t, request.OrderID.String(), moments[0].Order)
	require.False(t, moments[0].Arrived.Before(before.Truncate(0)))
	require.GreaterOrEqual(t, moments[0].Answered.Sub(moments[0].Arrived), 30*time.Millisecond)
}

func TestUnknownMerchantIsDefinite(t *testing.T) {
	w := newWorld(t, func(_ *bank.Config, c *front.Config) { c.Merchants = []string{"somebody else"} })
	answer, err := w.connector.Authorise(t.Context(), operatortest.NewRequest(t, 5))
	require.NoError(t, err)
	require.Equal(t, operator.StatusDeclined, answer.Status)
	require.Equal(t, operator.ReasonTerminalNotAllowed, answer.Reason)
}

func TestLateSuccessGivesNoAnswer(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.bank.AddRule(bank.Rule{Operation: "authorise", Count: 1, Do: bank.DoLate, DelayMillis: 2000})
	require.NoError(t, err)
	request := operatortest.NewRequest(t, 5)
	_, err = w.connector.Authorise(t.Context(), request)
	var unknown *operator.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	answer, err := w.connector.Query(t.Context(), operatortest.InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusNotFound, answer.Status)
	w.clock.add(2 * time.Second)
	answer, err = w.connector.Query(t.Context(), operatortest.InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
}

func TestErrorBeforeTheWork(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.bank.AddRule(bank.Rule{Do: bank.DoError, Status: 503, Count: 1, LatencyMillis: 1, JitterMillis: 3})
	require.NoError(t, err)
	request := operatortest.NewRequest(t, 5)
	_, err = w.connector.Authorise(t.Context(), request)
	var unknown *operator.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, 503, unknown.HTTPStatus)
	require.Equal(t, profile.CodeInternal, unknown.Code)
	_, seen := w.entry(request.OrderID)
	require.False(t, seen)
}

func TestWrongAmountReachesTheCaller(t *testing.T) {
	w := newWorld(t, nil)
	_, err := w.bank.AddRule(bank.Rule{Do: bank.DoWrongAmount})
	require.NoError(t, err)
	answer, err := w.connector.Authorise(t.Context(), operatortest.NewRequest(t, 5))
	require.NoError(t, err)
	require.EqualValues(t, 6, answer.Amount, "comparing amounts is the payment machine's part")
}

func TestAdmin(t *testing.T) {
	w := newWorld(t, nil)
	status, body := w.tell(t, http.MethodPost, "/rules", bank.Rule{Do: bank.DoDecline})
	require.Equal(t, http.StatusCreated, status)
	require.JSONEq(t, `{"id":1}`, string(body))
	status, body = w.tell(t, http.MethodGet, "/rules", nil)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `[{"id":1,"do":"decline"}]`, string(body))
	status, _ = w.tell(t, http.MethodDelete, "/rules", nil)
	require.Equal(t, http.StatusNoContent, status)

	status, _ = w.tell(t, http.MethodPost, "/wallets", map[string]any{"wallet": "0002000000000001", "balance": 700})
	require.Equal(t, http.StatusNoContent, status)
	request := operatortest.NewRequest(t, 700)
	request.Method, request.Code = operator.MethodShown, ""
	answer, err := w.connector.Order(t.Context(), request)
	require.NoError(t, err)
	status, _ = w.tell(t, http.MethodPost, "/pay", map[string]string{"shown_code": answer.ShownCode, "wallet": "0002000000000001"})
	require.Equal(t, http.StatusNoContent, status)
	status, body = w.tell(t, http.MethodGet, "/books", nil)
	require.Equal(t, http.StatusOK, status)
	var books bank.Books
	require.NoError(t, json.Unmarshal(body, &books))
	require.Equal(t, bank.Totals{Orders: 1, Approved: 1, Debited: 700, NetDebit: 700}, books.Totals)
	require.Zero(t, books.Wallets[0].Balance)
	require.NotContains(t, string(body), "0002000000000001", "the statement shows masked wallets")
	status, body = w.tell(t, http.MethodGet, "/stats", nil)
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"calls":1,"refused":0}`, string(body))
	status, _ = w.tell(t, http.MethodGet, "/livez", nil)
	require.Equal(t, http.StatusOK, status)

	request = operatortest.NewRequest(t, 100_001)
	request.Verify = true
	answer, err = w.connector.Authorise(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusAwaitingPassword, answer.Status)
	verification := map[string]any{"order": request.OrderID.String(), "amount": 100_000, "factor": "face", "answer": "right"}
	status, _ = w.tell(t, http.MethodPost, "/verify", verification)
	require.Equal(t, http.StatusNotFound, status, "for another amount")
	verification["amount"] = 100_001
	status, _ = w.tell(t, http.MethodPost, "/verify", verification)
	require.Equal(t, http.StatusNoContent, status)
	answer, err = w.connector.Query(t.Context(), operator.Inquiry{OrderID: request.OrderID, Merchant: request.Merchant,
		Amount: request.Amount, Currency: request.Currency})
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	verification["factor"] = "nose"
	status, _ = w.tell(t, http.MethodPost, "/verify", verification)
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = w.tell(t, http.MethodPost, "/wallets", map[string]any{"wallet": "0002000000000001", "balance": 1, "class": 4})
	require.Equal(t, http.StatusNoContent, status)
	status, _ = w.tell(t, http.MethodPost, "/wallets", map[string]any{"wallet": "0002000000000001", "balance": 1, "class": 5})
	require.Equal(t, http.StatusBadRequest, status)

	for path, body := range map[string]any{"/rules": map[string]string{"do": "dance"}, "/wallets": map[string]any{"wallet": "1"}, "/pay": map[string]string{"colour": "red"}} {
		status, _ = w.tell(t, http.MethodPost, path, body)
		require.Equal(t, http.StatusBadRequest, status, path)
	}
	status, _ = w.tell(t, http.MethodPost, "/pay", map[string]string{"shown_code": "none", "wallet": "0002000000000001"})
	require.Equal(t, http.StatusNotFound, status)
}

func TestNewRefuses(t *testing.T) {
	_, err := front.New(front.Config{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	require.Error(t, err)
}

// TestHardWallet: a card's transaction pays once; a second order with the same counter is a double spend.
func TestHardWallet(t *testing.T) {
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	card, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	issuers, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	wallet, err := hardwallet.ParseWalletID("0002000000000077")
	require.NoError(t, err)
	certificate, err := hardwallet.Certificate{Wallet: wallet, Level: 4, Type: hardwallet.TypeHardware, Key: card.Public(), Currency: "CNY",
		TapLimit: 50_000, TapCount: 10, Expiry: time.Now().Add(time.Hour).Unix(), Issuer: issuer.Public().Fingerprint()}.Issue(issuer)
	require.NoError(t, err)
	w := newWorld(t, func(c *bank.Config, _ *front.Config) { c.Cards = bank.NewHardWallets(issuers) })

	pay := func(counter uint32) operator.Request {
		request := operatortest.NewRequest(t, 4_200)
		request.Method, request.Code = operator.MethodTap, ""
		transaction, err := hardwallet.Transaction{Certificate: certificate, Debit: hardwallet.Debit{Counter: counter, Balance: 1},
			Request: hardwallet.Request{Order: request.OrderID, Amount: request.Amount, Currency: "CNY", Merchant: request.Merchant, Terminal: request.Terminal, Time: time.Now().Unix()}}.Sign(card)
		require.NoError(t, err)
		request.Card, err = transaction.MarshalBinary()
		require.NoError(t, err)
		return request
	}
	answer, err := w.connector.Authorise(t.Context(), pay(1))
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, "000200******0077", answer.WalletMasked)

	answer, err = w.connector.Authorise(t.Context(), pay(1))
	require.NoError(t, err)
	require.Equal(t, operator.ReasonDuplicate, answer.Reason)

	forged := pay(2)
	forged.Card[len(forged.Card)-1] ^= 1
	answer, err = w.connector.Authorise(t.Context(), forged)
	require.NoError(t, err)
	require.Equal(t, operator.ReasonCardRefused, answer.Reason)
	require.EqualValues(t, 4_200, w.bank.Books().Totals.NetDebit)
}
