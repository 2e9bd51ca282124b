package escpos_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

const patience = 5 * time.Second

// peer is a printer reduced to what it answers; it keeps all it was sent.
type peer struct {
	cable drivers.Port

	mu       sync.Mutex
	received []byte
	scanned  int
	answers  [5]byte // to DLE EOT n
	silent   bool    // answers are kept back
	unfenced bool    // GS r is not known
	owed     []byte
	runsOut  bool   // the paper does, right behind the next answer to DLE EOT 4
	jobSeen  func() // called when a reset arrives
}

func newPeer(cable drivers.Port) *peer {
	return &peer{cable: cable, answers: [5]byte{0, 0x12, 0x12, 0x12, 0x12}}
}

func (p *peer) run() {
	chunk := make([]byte, 4096)
	for {
		n, err := p.cable.Read(chunk)
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.jobSeen != nil && bytes.Contains(chunk[:n], []byte("\x1b@")) {
			p.jobSeen()
		}
		p.received = append(p.received, chunk[:n]...)
		p.scan()
		p.mu.Unlock()
	}
}

// scan answers the requests that are complete. Called with mu held.
func (p *peer) scan() {
	for ; p.scanned+3 <= len(p.received); p.scanned++ {
		switch request := p.received[p.scanned : p.scanned+3]; {
		case request[0] == 0x10 && request[1] == 0x04 && request[2] >= 1 && request[2] <= 4:
			p.owed = append(p.owed, p.answers[request[2]])
			if p.runsOut && request[2] == 4 {
				p.owed = append(p.owed, 0x18, 0x00, 0x0C, 0x00)
				p.answers, p.runsOut = [5]byte{0, 0x1A, 0x32, 0x12, 0x72}, false
			}
		case bytes.Equal(request, []byte("\x1dr\x01")) && !p.unfenced:
			p.owed = append(p.owed, 0x00)
		}
	}
	p.pay()
}

func (p *peer) pay() {
	if !p.silent && len(p.owed) > 0 {
		_, _ = p.cable.Write(p.owed)
		p.owed = nil
	}
}

func (p *peer) set(change func(*peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
	p.pay()
}

func (p *peer) send(data ...byte) { _, _ = p.cable.Write(data) }

func (p *peer) stream() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.received)
}

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func fastOptions() escpos.Options {
	options := escpos.DefaultOptions(escpos.Paper58(), slog.New(slog.DiscardHandler))
	options.AnswerTimeout = 50 * time.Millisecond
	options.WriteTimeout = 100 * time.Millisecond
	options.JobTimeout = 300 * time.Millisecond
	options.PollEvery = time.Hour // the first status only, unless a test wants more
	return options
}

// connect runs a driver against a peer; wrap may put something between them.
func connect(t *testing.T, options escpos.Options, wrap func(drivers.Port) drivers.Port) (*escpos.Printer, *peer) {
	t.Helper()
	host, far, err := drivertest.Pipe()
	require.NoError(t, err)
	if wrap != nil {
		host = wrap(host)
	}
	device := newPeer(far)
	driver, err := escpos.New(host, options)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	driverDone, deviceDone := make(chan error, 1), make(chan struct{})
	go func() { defer close(deviceDone); device.run() }()
	go func() { driverDone <- driver.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-driverDone)
		require.NoError(t, host.Close())
		<-deviceDone
		require.NoError(t, far.Close())
	})
	return driver, device
}

func awaitKnown(t *testing.T, driver *escpos.Printer) {
	t.Helper()
	require.Eventually(t, func() bool { _, at := driver.Known(); return !at.IsZero() }, patience, 100*time.Microsecond)
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}
