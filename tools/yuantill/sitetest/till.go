package sitetest

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// The notes that choose how a sale goes; any other stays waiting.
const (
	NoteApprove  = "approve"
	NoteDecline  = "decline"
	NoteReverse  = "reverse"
	NoteUnknown  = "unknown"
	NoteOffline  = "offline" // a follow-up that the till accepts by itself
	NotePassword = "password"
	NoteBusy     = "busy"    // refused: another sale is open
	NoteNoRoom   = "noroom"  // refused: disk full
	NoteTooMuch  = "toomuch" // refused: beyond the limit
	NoteBroken   = "broken"  // an internal error
	NoteAltered  = "altered" // approved, and printed with substitutes
	NoteNoPaper  = "nopaper" // approved; the printer prints no copy that is asked for again
	NoteTorn     = "torn"    // approved; of such a copy nobody knows
	NoteForgets  = "forgets" // approved; the till is started anew while such a copy is printed
)

// Till is a till behind a real station. It plays a sale's states once a listener follows the sale.
type Till struct {
	URL string
	// Now is what the till's clock says.
	Now time.Time

	feed    *station.Feed
	mu      sync.Mutex
	sale    checkout.Sale
	before  checkout.Sale // whose place the sale took
	reprint checkout.Reprint
	shifts  shifts
	notice  catalogue.Phrase
	script  []checkout.State
	status  station.Status
	starts  int
	intents []station.Intent
	began   chan struct{} // closed with the first start
	press   chan struct{} // closed with the first intent
	listen  chan struct{} // closed when the first listener has been sent the sale
	heard   sync.Once
	desk    desk
}

var _ station.Desk = (*Till)(nil)

// NewTill starts a station with a till; token may be empty. It ends with the test.
func NewTill(t testing.TB, token string) *Till {
	t.Helper()
	till := &Till{Now: began(), began: make(chan struct{}), press: make(chan struct{}),
		listen: make(chan struct{}), desk: newDesk()}
	till.feed = station.NewFeed(till.Now)
	till.SetStatus(till.usual())
	s, err := station.New(station.Config{Listen: "127.0.0.1:7710", Token: token, Version: "1.2.3"}, till, till.feed,
		func() time.Time { return till.Now }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	handler := s.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/events" {
			w = &listener{ResponseWriter: w, till: till}
		}
		handler.ServeHTTP(w, r)
	}))
	// A listener would be waited for.
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	till.URL = server.URL
	return till
}

// began is what the till's clock says first.
func began() time.Time { return time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC) }

// listener begins the play when the sale has been sent to somebody: what comes later is not skipped any more.
type listener struct {
	http.ResponseWriter
	till *Till
}

// Write implements http.ResponseWriter.
func (l *listener) Write(b []byte) (int, error) {
	n, err := l.ResponseWriter.Write(b)
	if bytes.Contains(b, []byte("event: sale")) {
		l.till.play()
		l.till.heard.Do(func() { close(l.till.listen) })
	}
	return n, err
}

// Unwrap serves http.ResponseController.
func (l *listener) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (t *Till) usual() station.Status {
	since := t.Now.Add(-time.Hour)
	return station.Status{
		Version: "1.2.3", Terminal: "10000001", Merchant: "示例茶馆", Time: t.Now,
		Journal: station.JournalStatus{Records: 7, Unsent: 2, OldestUnsent: &since, Sales: 1},
		Uplink: station.UplinkStatus{
			Connected: true, Broker: "mq.example:8883", Since: &since, Epoch: 3, LastAck: &since, ClockOffsetMS: 12,
		},
		Devices: []station.Device{
			{Name: "scanner", State: "ready", Since: since},
			{Name: "reader", State: "absent", Since: since, Fault: "no such device"},
			{Name: "printer", State: "none", Since: since},
		},
		Offline: &station.Offline{
			Left: 1_960_000, LeftText: "¥19,600.00", PaymentsLeft: 198, DaysLeft: 29, HoursLeft: 700, Taken: 40_000, TakenPayments: 2,
		},
	}
}

// SetStatus changes what Status answers.
func (t *Till) SetStatus(status station.Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status = status
}

// Starts counts the sales begun.
func (t *Till) Starts() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.starts
}

// Started is closed when the first sale has begun.
func (t *Till) Started() <-chan struct{} { return t.began }

// Listened is closed when somebody follows the sale: nothing that happens later is missed.
func (t *Till) Listened() <-chan struct{} { return t.listen }

// Pressed is closed when the first intent about a sale has come.
func (t *Till) Pressed() <-chan struct{} { return t.press }

// Intents are those about the sale, in order.
func (t *Till) Intents() []station.Intent {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.intents)
}

// Start implements station.Till.
func (t *Till) Start(_ context.Context, start station.Start) (checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch start.Note {
	case NoteBusy:
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseSaleOpen, Sale: checkout.OrderID{9}}
	case NoteNoRoom:
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseNoRoom}
	case NoteTooMuch:
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseAmount, More: catalogue.AmountsTaken(money.Money{Minor: 5_000_000, Currency: money.CNY})}
	case NoteBroken:
		return checkout.View{}, context.DeadlineExceeded
	}
	if t.starts++; t.starts == 1 {
		close(t.began)
	}
	t.sale = checkout.Sale{
		OrderID: checkout.OrderID{1, 0x96, byte(t.starts)}, State: checkout.Waiting, Amount: start.Amount,
		Cashier: start.Cashier, Note: start.Note, Origin: start.Origin, StartedAt: t.Now, Batch: 1, Voucher: 42,
		Hold: start.Hold, HoldExpires: start.HoldExpires,
	}
	t.script, t.reprint = scriptOf(start.Note), checkout.Reprint{}
	t.publish()
	return t.view(), nil
}

func scriptOf(note string) []checkout.State {
	switch note {
	case NoteApprove, NoteAltered, NoteNoPaper, NoteTorn, NoteForgets:
		return []checkout.State{checkout.Authorising, checkout.Approved}
	case NotePassword:
		return []checkout.State{checkout.Authorising, checkout.AwaitingPassword, checkout.Approved}
	case NoteDecline:
		return []checkout.State{checkout.Authorising, checkout.Declined}
	case NoteReverse:
		return []checkout.State{checkout.Authorising, checkout.Querying, checkout.Reversing, checkout.Reversed}
	case NoteUnknown:
		return []checkout.State{checkout.Authorising, checkout.Querying}
	default:
		return nil
	}
}

// play goes through the rest of the script.
func (t *Till) play() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, state := range t.script {
		t.enter(state)
	}
	t.script = nil
}

func (t *Till) enter(state checkout.State) {
	t.sale.State = state
	t.sale.Result = resultOf(state)
	if t.sale.Note == NoteAltered && state == checkout.Approved {
		t.sale.Unprinted = checkout.MerchantCopy | checkout.CustomerCopy
	}
	t.publish()
}

func resultOf(state checkout.State) *message.PaymentResult {
	switch state {
	case checkout.Approved:
		return &message.PaymentResult{
			Reference: "260501000042", Authorisation: "A1B2C3", PayerOperator: "ICBC", WalletMasked: "001234******1234",
		}
	case checkout.Declined:
		return &message.PaymentResult{Reason: message.Reason_REASON_INSUFFICIENT_FUNDS}
	case checkout.Reversed:
		return &message.PaymentResult{Reason: message.Reason_REASON_TIMED_OUT}
	case checkout.AwaitingScan:
		return &message.PaymentResult{ShownCode: "https://pay.example/1250", ShownCodeExpires: began().Add(2 * time.Minute).UnixMicro()}
	default:
		return nil
	}
}

func (t *Till) publish() { t.feed.PublishSale(t.view(), t.Now) }

func (t *Till) view() checkout.View {
	view := checkout.Rules{Timing: checkout.DefaultTiming()}.View(t.sale, t.notice)
	view.Reprint = t.reprint
	return view
}

// Notice tells something beside the sale's progress, such as a wrong code.
func (t *Till) Notice(notice catalogue.Phrase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice = notice
	t.publish()
}

// Press implements station.Till.
func (t *Till) Press(_ context.Context, id checkout.OrderID, intent station.Intent) (checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id != t.sale.OrderID {
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseNoSale}
	}
	if t.intents = append(t.intents, intent); len(t.intents) == 1 {
		close(t.press)
	}
	switch e := intent.(type) {
	case checkout.CancelPressed:
		if t.sale.State == checkout.Waiting {
			t.enter(checkout.Abandoned)
			break
		}
		t.enter(checkout.Reversing)
	case checkout.CodeWanted:
		t.enter(checkout.AwaitingScan)
	case checkout.ReprintPressed:
		if !t.sale.Printable() {
			return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseState, More: t.view().Title}
		}
		for _, copy := range e.Copies.Each() {
			t.reprint.Ask(copy)
		}
	}
	return t.view(), nil
}

// Finish takes the sale to a state from outside.
func (t *Till) Finish(state checkout.State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.enter(state)
}

// Sale implements station.Till.
func (t *Till) Sale(_ context.Context, id checkout.OrderID) (checkout.View, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id == t.before.OrderID && id != (checkout.OrderID{}) {
		return checkout.Rules{Timing: checkout.DefaultTiming()}.View(t.before, t.notice), nil
	}
	if id != t.sale.OrderID {
		return checkout.View{}, &station.Refusal{Phrase: catalogue.RefuseNoSale}
	}
	for _, copy := range t.sale.Unprinted.Each() {
		t.sale, _ = checkout.Rules{Timing: checkout.DefaultTiming()}.Step(t.sale, reportOf(copy, t.sale.Note), t.Now)
	}
	t.reprint = reportReprint(t.reprint, t.sale.Note)
	return t.view(), nil
}

// reportReprint is what becomes of the copies that were asked for again, as the note chooses.
func reportReprint(asked checkout.Reprint, note string) checkout.Reprint {
	for _, copy := range asked.Waiting().Each() {
		report := reportOf(copy, note)
		report.Reprint = true
		switch note {
		case NoteForgets:
			return checkout.Reprint{}
		case NoteNoPaper:
			report.Result = message.ReceiptPrinted_RESULT_NOT_STARTED
		case NoteTorn:
			report.Result = message.ReceiptPrinted_RESULT_UNCONFIRMED
		}
		asked.Report(report)
	}
	return asked
}

// reportOf is the printer's report on a copy.
func reportOf(copy message.ReceiptPrinted_Copy, note string) checkout.Printed {
	return checkout.Printed{Copy: copy, Result: message.ReceiptPrinted_RESULT_DONE, Altered: note == NoteAltered}
}

// Supersede lets another sale take the sale's place, and ends the old one as the till does.
func (t *Till) Supersede() {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := t.sale
	next.OrderID[15], next.Supersedes, next.State, next.Voucher = 9, t.sale.OrderID, checkout.Authorising, t.sale.Voucher+1
	t.before = t.sale
	t.before.SupersededBy = next.OrderID
	t.before.State, t.before.Result = checkout.Reversed, resultOf(checkout.Reversed)
	t.feed.PublishSale(checkout.Rules{Timing: checkout.DefaultTiming()}.View(t.before, t.notice), t.Now)
	t.sale = next
	t.publish()
}

// Status implements station.Till.
func (t *Till) Status(context.Context) (station.Status, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status, nil
}
