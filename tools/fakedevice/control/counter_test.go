package control_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	reader "github.com/yuantill/yuantill/drivers/nfc/pn532"
	"github.com/yuantill/yuantill/drivers/port"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	driver "github.com/yuantill/yuantill/drivers/scanner"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

const (
	patience = 5 * time.Second
	code     = "0112345678901234567"
)

// bench is a running counter with its control interface.
type bench struct {
	config control.Config
	pool   *hardwallet.Pool
	url    string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	folder := t.TempDir()
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	wallet := filepath.Join(folder, "wallet.json")
	_, err = hardcard.Mint(issuer, hardcard.Options{Wallet: "0010000000000001", Balance: 10_000, Path: wallet})
	require.NoError(t, err)
	b := &bench{pool: pool, config: control.Config{
		ScannerPath: filepath.Join(folder, "scanner"), CardReaderPath: filepath.Join(folder, "pn532"),
		PrinterPath: filepath.Join(folder, "printer"), Wallet: wallet,
	}}
	b.url = start(t, b.config)
	return b
}

// start runs a counter for the length of a test.
func start(t *testing.T, config control.Config) (url string) {
	t.Helper()
	counter, err := control.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- counter.Run(ctx) }()
	server := httptest.NewServer(counter.Handler())
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ran)
		server.Close()
	})
	return server.URL
}

// do sends a request and decodes the answer, which must have the given status.
func do[T any](t *testing.T, method, url, body string, status int) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewBufferString(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, status, response.StatusCode, "%s", text)
	var value T
	require.NoError(t, json.Unmarshal(text, &value), "%s", text)
	return value
}

func (b *bench) post(t *testing.T, path, body string) control.Event {
	t.Helper()
	return do[control.Event](t, http.MethodPost, b.url+path, body, http.StatusOK)
}

// awaitEvent returns the first event of a kind after the given one.
func (b *bench) awaitEvent(t *testing.T, after control.Event, kind string) control.Event {
	t.Helper()
	const roundsMax = 100
	for range roundsMax {
		query := "/events?wait=5s&after=" + jsonText(t, after.Sequence)
		events := do[[]control.Event](t, http.MethodGet, b.url+query, "", http.StatusOK)
		require.NotEmpty(t, events, "no event %q", kind)
		for _, event := range events {
			after = event
			if event.Kind == kind {
				return event
			}
		}
	}
	require.Fail(t, "too many other events", kind)
	return control.Event{}
}

func jsonText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return string(text)
}

func (b *bench) open(t *testing.T, path string) drivers.Port {
	t.Helper()
	p, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func (b *bench) openScanner(t *testing.T) drivers.Scanner {
	t.Helper()
	s, err := driver.New(b.open(t, b.config.ScannerPath), driver.Options{})
	require.NoError(t, err)
	return s
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (b *bench) openPrinter(t *testing.T) drivers.Printer {
	t.Helper()
	p, err := escpos.New(b.open(t, b.config.PrinterPath), escpos.DefaultOptions(escpos.Paper58(), slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ran)
	})
	return p
}

func TestScanThenPrintIsTimedOnOneClock(t *testing.T) {
	b := newBench(t)
	s, p := b.openScanner(t), b.openPrinter(t)
	written := b.post(t, "/scan", `{"text":"`+code+`"}`)
	require.Equal(t, control.KindCodeWritten, written.Kind)
	require.Positive(t, written.Nanoseconds)
	scan, err := s.Next(bounded(t))
	require.NoError(t, err)
	require.Equal(t, code, scan.Text)

	document := drivers.Document{Blocks: []drivers.Block{drivers.Text{Content: "数字人民币"}, drivers.Cut{}}}
	result, err := p.Print(bounded(t), document)
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	began := b.awaitEvent(t, written, "job began")
	require.Greater(t, began.Nanoseconds, written.Nanoseconds)
	require.Less(t, began.Nanoseconds-written.Nanoseconds, patience.Nanoseconds())
	require.Equal(t, 1, began.Receipt)

	b.awaitEvent(t, began, "receipt cut")
	receipts := do[[]control.Receipt](t, http.MethodGet, b.url+"/receipts", "", http.StatusOK)
	require.Len(t, receipts, 1)
	require.Contains(t, receipts[0].Lines, "数字人民币")
	require.Equal(t, began.Nanoseconds, receipts[0].Began)
	require.GreaterOrEqual(t, receipts[0].Cut, receipts[0].Began)
}

func TestTapPays(t *testing.T) {
	b := newBench(t)
	r, err := reader.New(b.open(t, b.config.CardReaderPath), reader.Options{})
	require.NoError(t, err)
	b.post(t, "/tap", "")
	card, err := r.Await(bounded(t))
	require.NoError(t, err)
	require.Equal(t, byte(0x08), card.ID()[0])
	paid, err := hardwallet.Pay(bounded(t), card, b.pool, hardwallet.Request{
		Order: [16]byte{1}, Amount: 1250, Currency: "CNY", Merchant: "898110259410001", Terminal: "T0000001",
		Time: 1_800_000_000, Nonce: [8]byte{1},
	})
	require.NoError(t, err)
	require.NoError(t, paid.Verify(b.pool))
	back, err := hardcard.Load(b.config.Wallet)
	require.NoError(t, err)
	require.Equal(t, int64(8750), back.Balance())
	require.NoError(t, card.Release(bounded(t)))
	b.post(t, "/remove", "")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = r.Await(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// A till charges no card that lay there before its sale: one that is tapped comes when the reader has looked.
func TestTapComesWhenTheReaderLooks(t *testing.T) {
	b := newBench(t)
	r, err := reader.New(b.open(t, b.config.CardReaderPath), reader.Options{})
	require.NoError(t, err)
	b.post(t, "/tap", "")
	vacant, err := r.Vacant(bounded(t))
	require.NoError(t, err)
	require.False(t, vacant, "a reader that nobody polls gets its card too")

	tapped := make(chan control.Event, 1)
	go func() { tapped <- b.post(t, "/tap", "") }()
	require.Eventually(t, func() bool {
		vacant, err = r.Vacant(bounded(t))
		return err == nil && vacant
	}, patience, time.Millisecond, "the card that lay there is taken away")
	const looks = 100
	empty := 1
	for ; vacant && empty < looks; empty++ {
		vacant, err = r.Vacant(bounded(t))
		require.NoError(t, err)
	}
	require.False(t, vacant)
	require.GreaterOrEqual(t, empty, 3)
	require.Equal(t, "card placed", (<-tapped).Kind)
}

// TestTapLeavesFaultsAlone: what was set to be wrong is until it is cleared.
func TestTapLeavesFaultsAlone(t *testing.T) {
	b := newBench(t)
	r, err := reader.New(b.open(t, b.config.CardReaderPath), reader.Options{})
	require.NoError(t, err)
	require.NoError(t, r.Probe(bounded(t)))
	b.post(t, "/card-reader/faults", `{"stall":true}`)
	b.post(t, "/tap", "")
	var failure *drivers.Error
	require.ErrorAs(t, r.Probe(bounded(t)), &failure)
	b.post(t, "/remove", "")
	require.ErrorAs(t, r.Probe(bounded(t)), &failure)
	b.post(t, "/card-reader/faults", "{}")
	require.NoError(t, r.Probe(bounded(t)))

	response, err := http.Get(b.url + "/")
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Contains(t, string(text), "until {} clears them", "the list says what ends it")
	require.Contains(t, string(text), "until the faults are cleared")
}

// TestTearsOfOneTap: a card that is taken away too early is taken away in that tap, and not in the next.
func TestTearsOfOneTap(t *testing.T) {
	b := newBench(t)
	r, err := reader.New(b.open(t, b.config.CardReaderPath), reader.Options{})
	require.NoError(t, err)
	for _, tap := range []struct {
		body string
		torn bool
	}{{`{"tear_after":1}`, true}, {"", false}, {`{"tear_before":1}`, true}, {"", false}} {
		b.post(t, "/tap", tap.body)
		card, err := r.Await(bounded(t))
		require.NoError(t, err)
		_, err = card.Exchange(bounded(t), []byte{0, 0xA4, 4, 0, 0})
		require.Equal(t, tap.torn, err != nil, "%s: %v", tap.body, err)
	}
}

func TestTapOfTwoCards(t *testing.T) {
	b := newBench(t)
	r, err := reader.New(b.open(t, b.config.CardReaderPath), reader.Options{})
	require.NoError(t, err)
	b.post(t, "/tap", `{"cards":2,"uid_size":7}`)
	_, err = r.Await(bounded(t))
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, drivers.KindNotReady, failure.Kind)
}

func TestPrinterFaultsReachTheDriver(t *testing.T) {
	b := newBench(t)
	p := b.openPrinter(t)
	for fault, holds := range map[string]func(drivers.PrinterStatus) bool{
		"paper-out":  func(s drivers.PrinterStatus) bool { return s.PaperOut },
		"cover-open": func(s drivers.PrinterStatus) bool { return s.CoverOpen },
		"near-end":   func(s drivers.PrinterStatus) bool { return s.PaperLow },
		"offline":    func(s drivers.PrinterStatus) bool { return !s.Online },
		"cutter-jam": func(s drivers.PrinterStatus) bool { return s.CutterJam },
	} {
		t.Run(fault, func(t *testing.T) {
			b.post(t, "/printer/"+fault, "")
			status, err := p.Status(bounded(t))
			require.NoError(t, err)
			require.True(t, holds(status), "%+v", status)
			b.post(t, "/printer/"+fault, `{"on":false}`)
			status, err = p.Status(bounded(t))
			require.NoError(t, err)
			require.True(t, status.Ready() && !status.PaperLow, "%+v", status)
		})
	}
	t.Run("power-lost", func(t *testing.T) {
		b.post(t, "/printer/power-lost", "")
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err := p.Status(ctx)
		require.Error(t, err)
	})
}

func TestCablesHangUpAndComeBack(t *testing.T) {
	b := newBench(t)
	s := b.openScanner(t)
	b.post(t, "/hang-up/scanner", "")
	_, err := s.Next(bounded(t))
	require.ErrorIs(t, err, drivers.ErrGone)
	do[control.Problem](t, http.MethodPost, b.url+"/hang-up/scanner", "", http.StatusConflict)
	b.post(t, "/plug-in/scanner", "")
	again := b.openScanner(t)
	b.post(t, "/scan", `{"action":"double","text":"`+code+`"}`)
	for range 2 {
		scan, err := again.Next(bounded(t))
		require.NoError(t, err)
		require.Equal(t, code, scan.Text)
	}
}

// TestHelpListsWhatIsServed: every word that the help names is taken, and the list stands at the port's root.
func TestHelpListsWhatIsServed(t *testing.T) {
	b := newBench(t)
	b.openScanner(t)
	response, err := http.Get(b.url + "/")
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, control.Help(b.url), string(text))
	for _, pattern := range []string{"POST /scan", "POST /tap", "POST /remove", "POST /card/connect", "POST /card-reader/faults", "POST /printer/{fault}",
		"POST /hang-up/{device}", "POST /plug-in/{device}", "GET /events", "GET /receipts", "GET /devices", "GET /livez"} {
		require.Regexp(t, "(?m)^"+regexp.QuoteMeta(pattern)+"  .*\\p{Han}.* · ", string(text))
	}
	faults := words(t, string(text), "POST /printer/{fault}")
	require.Len(t, faults, 11)
	for _, fault := range faults {
		require.Equal(t, fault, b.post(t, "/printer/"+fault, `{"on":false}`).Kind)
	}
	for _, device := range words(t, string(text), "POST /hang-up/{device}") {
		b.post(t, "/hang-up/"+device, "")
		b.post(t, "/plug-in/"+device, "")
	}
	for _, step := range words(t, string(text), "POST /scan") {
		_, err := scanner.ParseAction(step)
		require.NoError(t, err)
	}
}

// words are those that the help names for an action.
func words(t *testing.T, help, pattern string) []string {
	t.Helper()
	_, rest, found := strings.Cut(help, pattern+"  ")
	require.True(t, found, pattern)
	var words []string
	for line := range strings.Lines(rest) {
		if word, is := strings.CutPrefix(line, "    = "); is {
			words = append(words, strings.Fields(word)[0])
		}
		if strings.HasPrefix(line, "POST ") || strings.HasPrefix(line, "GET ") {
			break
		}
	}
	require.NotEmpty(t, words, pattern)
	return words
}

// TestConnectedWallet: the holder's telephone reaches the operator, and the card pays again.
func TestConnectedWallet(t *testing.T) {
	b := newBench(t)
	require.Equal(t, "card connected", b.post(t, "/card/connect", `{"amount":500}`).Kind)
	require.Equal(t, "card connected", b.post(t, "/card/connect", "").Kind)
	card, err := hardcard.Load(b.config.Wallet)
	require.NoError(t, err)
	require.Equal(t, int64(10_500), card.Balance())
	do[control.Problem](t, http.MethodPost, b.url+"/card/connect", `{"amount":-10501}`, http.StatusBadRequest)
}
