// Package front is the fake operator's outside: signed calls of the operator profile enter over HTTPS, signed answers
// leave, and a second handler for loopback sets personalities and shows the books.
package front

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// defaultWindow is how far a request's time may be from the operator's clock.
const defaultWindow = time.Minute

// Config is what the outside needs.
type Config struct {
	Bank   *bank.Bank
	Signer profile.Signer
	// Clients maps key fingerprints, 16 hexadecimal digits, to the clients' verifiers.
	Clients map[string]profile.Verifier
	// Merchants limits whose orders are taken; empty takes everybody's.
	Merchants []string
	// Window is how far a request's time may be off; 0 counts as one minute.
	Window time.Duration
	Now    func() time.Time
	Log    *slog.Logger
}

// Front serves one operator.
type Front struct {
	config    Config
	merchants map[string]bool
	sealer    *profile.Sealer
	clients   map[string]*profile.Unsealer
	nonces    *nonces
	calls     atomic.Int64
	refused   atomic.Int64
	random    func(int64) int64
	moments   moments
}

// New checks config. It starts nothing.
func New(config Config) (*Front, error) {
	if config.Bank == nil || config.Signer == nil || config.Now == nil || config.Log == nil || len(config.Clients) == 0 {
		return nil, errors.New("front: Bank, Signer, Clients, Now and Log are needed")
	}
	if config.Window == 0 {
		config.Window = defaultWindow
	}
	front := &Front{config: config, merchants: make(map[string]bool), sealer: profile.NewSealer(config.Signer, config.Now),
		clients: make(map[string]*profile.Unsealer), nonces: newNonces(2 * config.Window), random: rand.Int64N}
	for key, verifier := range config.Clients {
		front.clients[key] = profile.NewUnsealer(verifier)
	}
	for _, merchant := range config.Merchants {
		front.merchants[merchant] = true
	}
	return front, nil
}

// Handler serves the operator profile.
func (f *Front) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+profile.PathAuthorise, f.serve("authorise"))
	mux.HandleFunc("POST "+profile.PathOrder, f.serve("order"))
	mux.HandleFunc("POST "+profile.PathQuery, f.serve("query"))
	mux.HandleFunc("POST "+profile.PathReverse, f.serve("reverse"))
	mux.HandleFunc("POST "+profile.PathRefund, f.serve("refund"))
	mux.HandleFunc("POST "+profile.PathFollowUp, f.serve("follow_up"))
	mux.HandleFunc("POST "+profile.PathStatement, f.serve("statement"))
	return mux
}

// exchange is one call on its way through the front.
type exchange struct {
	operation string
	path      string
	stamp     profile.Stamp
	body      []byte
	arrived   time.Time
	order     operator.OrderID // zero until the body was read
}

// refusal is an answer with a status of 400 and above.
type refusal struct {
	status        int
	code, message string
}

func (f *Front) serve(operation string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		call := &exchange{operation: operation, path: r.URL.Path, arrived: f.config.Now()}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, profile.BodyMax))
		if err != nil {
			http.Error(w, "body", http.StatusBadRequest)
			return
		}
		call.body = body
		stamp, seal, err := profile.ParseStamp(r.Header)
		if err != nil {
			// Without a request id and nonce there is nothing an answer's signature could be bound to.
			f.refused.Add(1)
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		call.stamp = stamp
		if no := f.admit(call, seal); no != nil {
			f.refuse(w, call, no)
			return
		}
		f.act(w, r, call)
	}
}

// admit checks key, time, signature and nonce, in this order: a nonce counts as used only once its sender is known.
func (f *Front) admit(call *exchange, seal profile.Seal) *refusal {
	client := f.clients[call.stamp.Key]
	if client == nil {
		return &refusal{http.StatusUnauthorized, profile.CodeUnknownKey, "no client has this key"}
	}
	now := f.config.Now()
	if off := now.Sub(time.UnixMilli(call.stamp.Millis)); off > f.config.Window || off < -f.config.Window {
		return &refusal{http.StatusUnauthorized, profile.CodeStale, "time is outside the window"}
	}
	if !client.Good(call.stamp.SignedRequest(call.path, call.body), seal) {
		return &refusal{http.StatusUnauthorized, profile.CodeBadSignature, "signature is wrong"}
	}
	switch f.nonces.use(call.stamp.Nonce, now) {
	case nonceSeen:
		return &refusal{http.StatusConflict, profile.CodeReplayed, "nonce was used before"}
	case nonceFull:
		return &refusal{http.StatusServiceUnavailable, profile.CodeBusy, "too many calls in the window"}
	default:
		return nil
	}
}

// act finds the rule for the call, waits as it says, does the work and sends the answer in the rule's way.
func (f *Front) act(w http.ResponseWriter, r *http.Request, call *exchange) {
	work, id, amount, no := f.prepare(call)
	if no != nil {
		f.refuse(w, call, no)
		return
	}
	call.order = id
	rule := f.config.Bank.Match(call.operation, id, amount)
	if rule.Do == bank.DoLate {
		// The order is queued before the caller's patience ends; nobody gets an answer.
		if _, err := work(rule); err != nil {
			f.config.Log.Warn("place late order", "order", id.String(), "error", err)
		}
	}
	f.wait(r, rule)
	switch rule.Do {
	case bank.DoLate, bank.DoDrop:
		hangUp(w)
		return
	case bank.DoError:
		f.refuse(w, call, &refusal{rule.Status, profile.CodeInternal, "told to fail"})
		return
	}
	body, err := work(rule)
	if err != nil {
		f.refuse(w, call, refusalOf(err))
		return
	}
	f.send(w, call, rule, body)
}

// work does one operation on the books and returns the body of the answer.
type work func(bank.Rule) ([]byte, error)

// stating makes work of an operation that ends in a statement about an order.
func stating(ask func(bank.Rule) (operator.Answer, error)) work {
	return func(rule bank.Rule) ([]byte, error) {
		answer, err := ask(rule)
		if err != nil {
			return nil, err
		}
		if rule.Do == bank.DoWrongAmount {
			answer.Amount++
		}
		return profile.EncodeAnswer(answer)
	}
}

// following makes work of a follow-up.
func following(books *bank.Bank, request operator.FollowUp) work {
	return func(rule bank.Rule) ([]byte, error) {
		answer, err := books.FollowUp(request, rule)
		if err != nil {
			return nil, err
		}
		if rule.Do == bank.DoWrongAmount {
			answer.Amount++
		}
		return profile.EncodeFollowUpAnswer(answer)
	}
}

// paging makes work of a statement's page.
func paging(books *bank.Bank, request operator.StatementRequest) work {
	return func(rule bank.Rule) ([]byte, error) {
		page, err := books.StatementPage(request, rule)
		if err != nil {
			return nil, err
		}
		return profile.EncodeStatementPage(page)
	}
}

func (f *Front) prepare(call *exchange) (work, operator.OrderID, int64, *refusal) {
	books := f.config.Bank
	if call.operation == "authorise" || call.operation == "order" {
		request, err := profile.DecodeRequest(call.body)
		if err != nil || (request.Method == operator.MethodShown) != (call.operation == "order") {
			return nil, operator.OrderID{}, 0, &refusal{http.StatusBadRequest, profile.CodeMalformed, "body does not fit the operation"}
		}
		if len(f.merchants) != 0 && !f.merchants[request.Merchant] {
			return nil, operator.OrderID{}, 0, &refusal{http.StatusForbidden, profile.CodeUnknownMerchant, "merchant is not known here"}
		}
		place := books.Authorise
		if call.operation == "order" {
			place = books.Order
		}
		return stating(func(rule bank.Rule) (operator.Answer, error) { return place(request, rule) }), request.OrderID, request.Amount, nil
	}
	if call.operation == "follow_up" {
		request, err := profile.DecodeFollowUp(call.body)
		if err != nil {
			return nil, operator.OrderID{}, 0, &refusal{http.StatusBadRequest, profile.CodeMalformed, "body does not fit the operation"}
		}
		return following(books, request), request.OrderID, request.Amount, nil
	}
	if call.operation == "statement" {
		request, err := profile.DecodeStatementRequest(call.body)
		if err != nil {
			return nil, operator.OrderID{}, 0, &refusal{http.StatusBadRequest, profile.CodeMalformed, "body does not fit the operation"}
		}
		return paging(books, request), operator.OrderID{}, 0, nil
	}
	inquiry, err := profile.DecodeInquiry(call.body)
	if err != nil {
		return nil, operator.OrderID{}, 0, &refusal{http.StatusBadRequest, profile.CodeMalformed, "body does not fit the operation"}
	}
	ask := map[string]func(operator.Inquiry, bank.Rule) (operator.Answer, error){
		"query": books.Query, "reverse": books.Reverse, "refund": books.Refund}[call.operation]
	return stating(func(rule bank.Rule) (operator.Answer, error) { return ask(inquiry, rule) }), inquiry.OrderID, inquiry.Amount, nil
}

func refusalOf(err error) *refusal {
	switch {
	case errors.Is(err, bank.ErrOrderConflict):
		return &refusal{http.StatusConflict, profile.CodeOrderConflict, "order exists with other content"}
	case errors.Is(err, bank.ErrDayOpen):
		return &refusal{http.StatusConflict, profile.CodeDayOpen, "the day is not over, or has no such page"}
	case errors.Is(err, bank.ErrFull):
		return &refusal{http.StatusServiceUnavailable, profile.CodeBusy, "books are full"}
	default:
		return &refusal{http.StatusInternalServerError, profile.CodeInternal, "internal error"}
	}
}

// wait lets the rule's latency pass or the caller hang up. The work is done either way: a caller that hung up does not
// stop an operator.
func (f *Front) wait(r *http.Request, rule bank.Rule) {
	millis := rule.LatencyMillis
	if rule.JitterMillis > 0 {
		millis += f.random(rule.JitterMillis + 1)
	}
	if millis == 0 {
		return
	}
	timer := time.NewTimer(time.Duration(millis) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// send lets an answer travel in the rule's way.
func (f *Front) send(w http.ResponseWriter, call *exchange, rule bank.Rule, body []byte) {
	switch rule.Do {
	case bank.DoLose:
		hangUp(w)
	case bank.DoErrorDone:
		f.refuse(w, call, &refusal{rule.Status, profile.CodeInternal, "told to fail after the work"})
	case bank.DoGarbage:
		f.write(w, call, http.StatusOK, []byte(`{"order":`), false)
	case bank.DoDuplicate:
		f.writeTwice(w, call, body)
	default:
		f.write(w, call, http.StatusOK, body, rule.Do == bank.DoBadSignature)
	}
}

func (f *Front) refuse(w http.ResponseWriter, call *exchange, no *refusal) {
	f.refused.Add(1)
	body, err := profile.EncodeError(no.code, no.message)
	if err != nil {
		f.config.Log.Error("encode refusal", "error", err)
		hangUp(w)
		return
	}
	f.write(w, call, no.status, body, false)
}

// sealed returns the answer's headers: its time, its seal and what HTTP wants.
func (f *Front) sealed(call *exchange, status int, body []byte, spoil bool) (http.Header, error) {
	now := f.config.Now().UnixMilli()
	seal, err := f.sealer.Seal(call.stamp.SignedAnswer(status, now, body))
	if err != nil {
		return nil, err
	}
	if spoil {
		seal.Signature[40] ^= 1
	}
	header := http.Header{"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(body))}, profile.HeaderTime: {strconv.FormatInt(now, 10)}}
	seal.SetHeader(header)
	return header, nil
}

func (f *Front) write(w http.ResponseWriter, call *exchange, status int, body []byte, spoil bool) {
	header, err := f.sealed(call, status, body, spoil)
	if err != nil {
		f.config.Log.Error("sign answer", "error", err)
		hangUp(w)
		return
	}
	if call.operation == "authorise" {
		f.moments.add(call.order, call.arrived, f.config.Now())
	}
	maps.Copy(w.Header(), header)
	w.Header()["Date"] = nil
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		f.config.Log.Debug("write answer", "error", err)
	}
}

// writeTwice sends one valid answer two times on the connection and leaves it open, as a confused proxy would.
func (f *Front) writeTwice(w http.ResponseWriter, call *exchange, body []byte) {
	header, err := f.sealed(call, http.StatusOK, body, false)
	if err != nil {
		f.config.Log.Error("sign answer", "error", err)
		hangUp(w)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		f.config.Log.Error("take over connection", "error", err)
		return
	}
	defer func() { _ = conn.Close() }()
	var one bytes.Buffer
	one.WriteString("HTTP/1.1 200 OK\r\n")
	if err := header.Write(&one); err != nil {
		f.config.Log.Error("write header", "error", err)
		return
	}
	one.WriteString("\r\n" + string(body))
	if _, err := conn.Write(bytes.Repeat(one.Bytes(), 2)); err != nil {
		f.config.Log.Debug("write answer twice", "error", err)
	}
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.Close()
}
