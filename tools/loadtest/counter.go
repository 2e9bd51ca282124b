package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
	"github.com/yuantill/yuantill/tools/loadtest/floor"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// What the counter benchmark does. Product and floor take turns, so that a machine that slows down slows both.
const (
	counterSales  = 2_000
	counterRounds = 4
	counterWarmUp = 50
	copiesASale   = 2
	saleTimeout   = 20 * time.Second
	// keepStill is how long the cashier leaves the machine alone after a scan: the devices note when things happen, and
	// asking them at once would take processor time from what is being timed.
	keepStill = 10 * time.Millisecond
)

var errSale = errors.New("loadtest: sale did not end as it should")

// counter measures the last byte of the customer's code on the wire to the first byte of the receipt.
func counter(ctx context.Context, options shop.Options, r *report) (err error) {
	options.Terminals, options.NoPictures, options.LogLevel = 1, true, "warn"
	s, err := shop.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	f, err := startFloor(ctx, filepath.Join(options.Dir, "floor"))
	if err != nil {
		return err
	}
	defer f.stop()
	c := &cashier{shop: s}
	if _, err := c.sell(ctx, counterWarmUp); err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	if _, err := f.sell(counterWarmUp); err != nil {
		return fmt.Errorf("warm up floor: %w", err)
	}
	var product, least []time.Duration
	for range counterRounds {
		took, err := c.sell(ctx, counterSales/counterRounds)
		if err != nil {
			return err
		}
		product = append(product, took...)
		if took, err = f.sell(counterSales / counterRounds); err != nil {
			return err
		}
		least = append(least, took...)
	}
	at := func(name string, share float64) error {
		return r.add(figure{Name: name, Value: milliseconds(percentile(product, share)), Unit: "ms",
			Floor: milliseconds(percentile(least, share)), Count: len(product)})
	}
	return errors.Join(at("counter.p50", 0.50), at("counter.p99", 0.99))
}

// cashier sells over and over on a real agent.
type cashier struct {
	shop  *shop.Shop
	codes int
	seen  uint64 // newest device event that was read
}

// sell takes sales one after another and returns how long each took from code to receipt.
func (c *cashier) sell(ctx context.Context, count int) ([]time.Duration, error) {
	samples := make([]time.Duration, 0, count)
	for range count {
		took, err := c.sale(ctx)
		if err != nil {
			return nil, err
		}
		samples = append(samples, took)
	}
	return samples, nil
}

func (c *cashier) sale(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, saleTimeout)
	defer cancel()
	if _, err := c.shop.Station.Start(ctx, uuid.NewString(), stationclient.Start{Amount: paymentsAmount, Currency: "CNY", Cashier: "01"}); err != nil {
		return 0, fmt.Errorf("start sale: %w", err)
	}
	c.codes++
	scanned, err := c.shop.Devices.Scan(ctx, paymentCode(c.codes))
	if err != nil {
		return 0, fmt.Errorf("scan: %w", err)
	}
	c.seen = max(c.seen, scanned.Sequence)
	time.Sleep(keepStill)
	return c.printed(ctx, scanned)
}

// printed waits for both copies and returns when the first byte of the first was there.
func (c *cashier) printed(ctx context.Context, scanned control.Event) (time.Duration, error) {
	var first time.Duration
	for cut := 0; cut < copiesASale; {
		events, err := c.shop.Devices.Events(ctx, c.seen, saleTimeout/2)
		if err != nil {
			return 0, err
		}
		if len(events) == 0 {
			return 0, fmt.Errorf("%w: no receipt", errSale)
		}
		for _, e := range events {
			c.seen = e.Sequence
			if e.Device != control.DevicePrinter {
				continue
			}
			switch e.Kind {
			case printer.JobBegan.String():
				if first == 0 {
					first = time.Duration(e.Nanoseconds - scanned.Nanoseconds)
				}
			case printer.ReceiptCut.String():
				cut++
			}
		}
	}
	return first, nil
}

// leastSale is the floor's three processes and the devices' ends of its two cables.
type leastSale struct {
	scanner, printer *pty.Port
	commands         []*exec.Cmd
	bytes            chan printedByte
}

type printedByte struct {
	value byte
	at    time.Time
}

func startFloor(ctx context.Context, dir string) (*leastSale, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	certificate := filepath.Join(dir, "floor.pem")
	if err := floor.WriteCertificate(certificate); err != nil {
		return nil, err
	}
	f := &leastSale{bytes: make(chan printedByte, 1<<10)}
	if err := f.start(ctx, dir, certificate); err != nil {
		f.stop()
		return nil, err
	}
	return f, f.await(floor.Ready)
}

func (f *leastSale) start(ctx context.Context, dir, certificate string) error {
	var err error
	scanner, printing := filepath.Join(dir, "scanner"), filepath.Join(dir, "printer")
	if f.scanner, err = pty.Open(scanner); err != nil {
		return err
	}
	if f.printer, err = pty.Open(printing); err != nil {
		return err
	}
	go f.listen()
	operator, err := freeAddress()
	if err != nil {
		return err
	}
	broker, err := freeAddress()
	if err != nil {
		return err
	}
	for _, part := range []string{"operator", "cloud", "agent"} {
		command := exec.CommandContext(ctx, os.Args[0], "floor", part, "--certificate", certificate, "--operator", operator,
			"--broker", broker, "--database", filepath.Join(dir, part+".db"), "--scanner", scanner, "--printer", printing)
		command.Stderr = os.Stderr
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		if err := command.Start(); err != nil {
			return fmt.Errorf("start floor's %s: %w", part, err)
		}
		f.commands = append(f.commands, command)
		if part != "agent" {
			if err := reachable(map[string]string{"operator": operator, "cloud": broker}[part]); err != nil {
				return err
			}
		}
	}
	return nil
}

// listen takes down what is printed, byte by byte, until the cable is closed.
func (f *leastSale) listen() {
	buffer := make([]byte, 256)
	for {
		n, err := f.printer.Read(buffer)
		at := time.Now()
		for _, value := range buffer[:n] {
			f.bytes <- printedByte{value, at}
		}
		if err != nil {
			return
		}
	}
}

// await drops what is printed up to a byte.
func (f *leastSale) await(value byte) error {
	for {
		select {
		case b := <-f.bytes:
			if b.value == value {
				return nil
			}
		case <-time.After(saleTimeout):
			return fmt.Errorf("%w: the floor printed nothing", errSale)
		}
	}
}

func (f *leastSale) sell(count int) ([]time.Duration, error) {
	samples := make([]time.Duration, 0, count)
	for i := range count {
		if _, err := io.WriteString(f.scanner, paymentCode(i)+"\r"); err != nil {
			return nil, fmt.Errorf("scan: %w", err)
		}
		scanned := time.Now()
		select {
		case b := <-f.bytes:
			samples = append(samples, b.at.Sub(scanned))
		case <-time.After(saleTimeout):
			return nil, fmt.Errorf("%w: the floor printed nothing", errSale)
		}
		if err := f.await(0); err != nil { // the cut command's last byte
			return nil, err
		}
		// As long as the product's customer needs: a processor that has slept wakes slowly, for both.
		time.Sleep(keepStill)
	}
	return samples, nil
}

func (f *leastSale) stop() {
	for _, command := range f.commands {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait() // its own exit is not what is measured
	}
	for _, port := range []*pty.Port{f.scanner, f.printer} {
		if port != nil {
			_ = port.Close()
		}
	}
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// reachable waits until somebody listens.
func reachable(address string) error {
	for deadline := time.Now().Add(saleTimeout); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if link, err := net.Dial("tcp", address); err == nil {
			return link.Close()
		}
	}
	return fmt.Errorf("%w: nobody listens on %s", errSale, address)
}
