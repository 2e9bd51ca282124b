package printer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// host is a raw cable to a running printer, for commands byte by byte.
type host struct {
	t     *testing.T
	cable drivers.Port
	model *printer.Printer
}

func newHost(t *testing.T, options printer.Options) host {
	t.Helper()
	near, far, err := drivertest.Pipe()
	require.NoError(t, err)
	model, err := printer.New(far, options)
	requireFont(t, err)
	done := make(chan error, 1)
	go func() { done <- model.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, near.Close())
		require.NoError(t, <-done)
		require.NoError(t, far.Close())
	})
	return host{t: t, cable: near, model: model}
}

func (h host) send(data string) {
	h.t.Helper()
	_, err := h.cable.Write([]byte(data))
	require.NoError(h.t, err)
}

// expect reads exactly the answer wanted.
func (h host) expect(want string) {
	h.t.Helper()
	require.NoError(h.t, h.cable.SetReadDeadline(time.Now().Add(patience)))
	got := make([]byte, len(want))
	_, err := io.ReadFull(h.cable, got)
	require.NoError(h.t, err)
	require.Equal(h.t, []byte(want), got)
}

// expectNothing makes sure that no answer comes.
func (h host) expectNothing() {
	h.t.Helper()
	require.NoError(h.t, h.cable.SetReadDeadline(time.Now().Add(30*time.Millisecond)))
	n, err := h.cable.Read(make([]byte, 1))
	require.ErrorIs(h.t, err, os.ErrDeadlineExceeded)
	require.Zero(h.t, n)
}

func (h host) awaitReceipts(n int) []printer.Receipt {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return len(h.model.Receipts()) >= n }, patience, time.Millisecond)
	receipts := h.model.Receipts()
	require.Len(h.t, receipts, n)
	return receipts
}

const (
	status1 = "\x10\x04\x01"
	status2 = "\x10\x04\x02"
	status3 = "\x10\x04\x03"
	status4 = "\x10\x04\x04"
	fence   = "\x1dr\x01"
	cut     = "\x1dVB\x00"
)

func TestStatusFollowsFaults(t *testing.T) {
	for name, test := range map[string]struct {
		set     func(*printer.Printer)
		answers string // to DLE EOT 1 to 4
		auto    string // to GS a
	}{
		"Healthy":    {func(*printer.Printer) {}, "\x12\x12\x12\x12", "\x10\x00\x00\x00"},
		"PaperOut":   {func(p *printer.Printer) { p.SetPaperOut(true) }, "\x1a\x32\x12\x72", "\x18\x00\x0c\x00"},
		"NearEnd":    {func(p *printer.Printer) { p.SetNearEnd(true) }, "\x12\x12\x12\x1e", "\x10\x00\x03\x00"},
		"CoverOpen":  {func(p *printer.Printer) { p.SetCoverOpen(true) }, "\x1a\x16\x12\x12", "\x38\x00\x00\x00"},
		"Offline":    {func(p *printer.Printer) { p.SetOffline(true) }, "\x1a\x12\x12\x12", "\x18\x00\x00\x00"},
		"CutterJam":  {func(p *printer.Printer) { p.SetCutterJam(true) }, "\x1a\x52\x1a\x12", "\x18\x08\x00\x00"},
		"DrawerOpen": {func(p *printer.Printer) { p.SetDrawerOpen(true) }, "\x16\x12\x12\x12", "\x14\x00\x00\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, printer.Options{})
			h.send("\x1da\x0f")
			h.expect("\x10\x00\x00\x00")
			test.set(h.model)
			if test.auto != "\x10\x00\x00\x00" {
				h.expect(test.auto)
			}
			h.send(status1 + status2 + status3 + status4)
			h.expect(test.answers)
			h.expectNothing()
		})
	}
}

func TestResetEndsAutoStatus(t *testing.T) {
	h := newHost(t, printer.Options{})
	h.send("\x1da\x0f\x1b@" + fence)
	h.expect("\x10\x00\x00\x00\x00")
	h.model.SetCoverOpen(true)
	h.expectNothing()
}

func TestStatusOvertakesWhatWaits(t *testing.T) {
	h := newHost(t, printer.Options{})
	h.model.SetPaperOut(true)
	h.send("waits\n" + cut + fence + status4)
	h.expect("\x72")
	h.expectNothing()
	require.Empty(t, h.model.Receipts())
	h.model.SetPaperOut(false)
	h.expect("\x00") // the fence, in its turn
	require.Equal(t, "waits", h.awaitReceipts(1)[0].Lines[0].Text)
}

func TestStatusRequestInsideABitmapSpoilsIt(t *testing.T) {
	// Three rows of one byte; the request is answered and is printed as dots all the same.
	h := newHost(t, printer.Options{})
	h.send("\x1dv0\x00\x01\x00\x03\x00" + status1 + "after\n" + cut + fence)
	h.expect("\x12\x00")
	receipt := h.awaitReceipts(1)[0]
	require.Equal(t, printer.BitmapLine, receipt.Lines[0].Kind)
	require.Equal(t, "after", receipt.Lines[1].Text)
}

func TestIdentify(t *testing.T) {
	h := newHost(t, printer.Options{})
	h.send("\x1dI\x01\x1dI\x43\x1dr\x02")
	h.expect("\x20_simulated printer\x00\x00")
}

func TestPaperEndsAfterLines(t *testing.T) {
	h := newHost(t, printer.Options{})
	h.model.PaperOutAfter(2)
	h.send("one\ntwo\nthree\n" + cut + fence)
	require.Eventually(t, func() bool { h.send(status4); return h.answer() == 0x72 }, patience, time.Millisecond)
	require.Empty(t, h.model.Receipts())
	h.model.SetPaperOut(false)
	require.Len(t, h.awaitReceipts(1)[0].Lines, 3, "nothing is lost by new paper")
	h.model.PaperOutAfter(0)
	h.send(status2)
	require.Eventually(t, func() bool { return h.answer() == 0x32 }, patience, time.Millisecond)
}

// answer reads one byte.
func (h host) answer() byte {
	h.t.Helper()
	require.NoError(h.t, h.cable.SetReadDeadline(time.Now().Add(patience)))
	var got [1]byte
	_, err := io.ReadFull(h.cable, got[:])
	require.NoError(h.t, err)
	return got[0]
}

func TestPowerLostHalfWayTearsTheReceipt(t *testing.T) {
	h := newHost(t, printer.Options{})
	h.send("\x1da\x0ffirst line\n" + fence)
	h.expect("\x10\x00\x00\x00\x00")
	h.model.LosePowerAfter(3)
	h.send("second line\n" + status1)
	h.expectNothing()
	torn := h.awaitReceipts(1)[0]
	require.True(t, torn.Torn)
	require.Len(t, torn.Lines, 1)
	h.model.SetPower(true)
	h.model.SetNearEnd(true)
	h.expectNothing() // automatic status is off again
	h.send("\x1b@fresh\n" + cut + status1)
	h.expect("\x12")
	receipt := h.awaitReceipts(2)[1]
	require.False(t, receipt.Torn)
	require.Equal(t, "fresh", receipt.Lines[0].Text, "nothing of the lost job is left")
}

func TestPowerLostBetweenLinesLeavesATornPicture(t *testing.T) {
	h := newHost(t, printer.Options{Dir: t.TempDir()})
	h.send("kept line\n" + fence)
	h.expect("\x00")
	h.model.SetPower(false)
	receipt := h.awaitReceipts(1)[0]
	require.True(t, receipt.Torn)
	require.Equal(t, "kept line", receipt.Lines[0].Text)
	require.Eventually(t, func() bool { return h.model.Receipts()[0].Path != "" }, patience, time.Millisecond)
	require.FileExists(t, h.model.Receipts()[0].Path)
}

func TestSlowTakesItsTime(t *testing.T) {
	h := newHost(t, printer.Options{})
	const line = 20 * time.Millisecond
	h.model.Slow(line)
	began := time.Now()
	h.send("1\n2\n3\n" + fence)
	h.expect("\x00")
	require.GreaterOrEqual(t, time.Since(began), 3*line)
}

func TestStallAnswersNothingThenEverything(t *testing.T) {
	h := newHost(t, printer.Options{})
	h.model.Stall(true)
	h.send(status1 + "x\n" + cut)
	h.expectNothing()
	h.model.Stall(false)
	h.expect("\x12")
	h.awaitReceipts(1)
}

func TestEventsTellWhenTheJobBegan(t *testing.T) {
	var mu sync.Mutex
	var events []printer.Event
	h := newHost(t, printer.Options{Dir: t.TempDir(), Observe: func(e printer.Event) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, e)
	}})
	h.send("\x00\x00\x1b@\x1da\x0f") // a driver that comes up: no job yet
	h.expect("\x10\x00\x00\x00")
	before := time.Now()
	h.send("\x1b@" + status1)
	h.expect("\x12") // it has arrived
	between := time.Now()
	h.send("text\n\x1bp\x00\x19\xfa" + cut)
	finished := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(events) == 4
	}
	require.Eventually(t, finished, patience, time.Millisecond)
	kinds := []string{}
	for _, e := range events {
		kinds = append(kinds, e.Kind.String())
	}
	require.Equal(t, []string{"job began", "drawer pulsed", "receipt cut", "receipt finished"}, kinds)
	require.True(t, events[0].At.After(before) && events[0].At.Before(between), "the job's own reset is its first byte")
	require.FileExists(t, events[3].Path)
	receipt := h.awaitReceipts(1)[0]
	require.Equal(t, events[3].Path, receipt.Path)
	require.Equal(t, events[0].At, receipt.Began)
}

func TestUnknownCommandsAreNoted(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"Escape":          {"\x1bz", "command 1b 7a"},
		"Function":        {"\x1d(k\x03\x000Aa", "function 6b of 3 bytes"},
		"BarcodeSystem":   {"\x1dk\x43\x02" + "12", "bar code system 67"},
		"OldBarcode":      {"\x1dk\x04ABC\x00", "bar code system 4"},
		"BarcodeNoSet":    {"\x1dkI\x0212", "bar code: no code set"},
		"BarcodeTooWide":  {"\x1dw\x06\x1dkI\x0c{B0123456789", "does not fit"},
		"QREmpty":         {"\x1d(k\x03\x001Q0", "QR code without data"},
		"BrokenCharacter": {"\xff\xff", "character ff ff"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, printer.Options{})
			h.send("\x1b@x" + test.data + "\n" + cut)
			receipt := h.awaitReceipts(1)[0]
			require.Len(t, receipt.Unknown, 1)
			require.Contains(t, receipt.Unknown[0], test.want)
			require.True(t, strings.HasPrefix(receipt.Lines[0].Text, "x"), "the stream stays in step")
		})
	}
}

func TestPictureHasResolutionAndMargins(t *testing.T) {
	for width, want := range map[printer.Width]int{printer.Width58: 464, printer.Width80: 640} {
		job, err := escpos.Encode(drivers.Document{Blocks: []drivers.Block{drivers.Text{Content: "茶"}, drivers.Cut{}}}, escpos.Paper58())
		require.NoError(t, err)
		path := printed(t, job.Data, width).Path
		require.Equal(t, want, readPicture(t, path).Bounds().Dx())
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		// pHYs: 8,000 dots a metre both ways, unit metre.
		require.Contains(t, string(data), "pHYs\x00\x00\x1f\x40\x00\x00\x1f\x40\x01")
	}
}

func TestErrNoFont(t *testing.T) {
	t.Run("Missing", func(t *testing.T) {
		_, err := printer.New(tape{}, printer.Options{Dir: t.TempDir(), Font: filepath.Join(t.TempDir(), "none.ttf")})
		require.ErrorIs(t, err, printer.ErrNoFont)
		require.ErrorContains(t, err, "fonts-wqy-zenhei", "it says what to install")
	})
	t.Run("NotAFont", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "broken.ttc")
		require.NoError(t, os.WriteFile(path, []byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x09"), 0o644))
		_, err := printer.New(tape{}, printer.Options{Dir: t.TempDir(), Font: path})
		require.Error(t, err)
	})
	t.Run("NotNeededWithoutPictures", func(t *testing.T) {
		_, err := printer.New(tape{}, printer.Options{Font: "none"})
		require.NoError(t, err)
	})
}

func TestErrOptions(t *testing.T) {
	_, err := printer.New(tape{}, printer.Options{Width: 100})
	require.ErrorIs(t, err, printer.ErrOptions)
	_, err = printer.New(nil, printer.Options{})
	require.ErrorIs(t, err, printer.ErrOptions)
}

func TestErrPictureFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	model, err := printer.New(tape{strings.NewReader("x\n" + cut)}, printer.Options{Dir: file})
	requireFont(t, err)
	require.ErrorContains(t, model.Run(context.Background()), "write picture")
}

// TestZbarReadsEveryCodeSet: the model draws what the code set selectors say, not what would be shortest.
func TestZbarReadsEveryCodeSet(t *testing.T) {
	for name, test := range map[string]struct{ data, want string }{
		"A":         {"{AYUAN-TILL 1", "YUAN-TILL 1"},
		"B":         {"{Byuan~{{1", "yuan~{1"},
		"C":         {"{C\x00\x63\x0c\x22", "00991234"},
		"BToC":      {"{Bn{C\x0c\x22{Bx", "n1234x"},
		"CToA":      {"{C\x0c\x22{AX", "1234X"},
		"ShiftInB":  {"{Bab{SCd", "abCd"},
		"DigitsInB": {"{B061234567890", "061234567890"},
	} {
		t.Run(name, func(t *testing.T) {
			data := "\x1b@\x1ba\x01\x1dh\x50\x1dw\x02\x1dkI" + string(rune(len(test.data))) + test.data + "\n" + cut
			receipt := printed(t, []byte(data), printer.Width58)
			require.Equal(t, test.want, receipt.Lines[0].Text)
			require.Equal(t, []string{"CODE-128:" + test.want}, scanPicture(t, receipt.Path))
		})
	}
}

// FuzzRun: no bytes from a host may break the model.
func FuzzRun(f *testing.F) {
	f.Add([]byte("\x1b@\x1ba\x01\x1d!\x77\xb2\xe8\x1d(k\x05\x001P0hi\x1d(k\x03\x001Q0\x1dkI\x04{B12\n" + cut))
	f.Add([]byte("\x1dv0\x03\x02\x00\x01\x00\xff\x00\x1d8L\x0b\x00\x00\x000p0\x02\x021\x08\x00\x01\x00\xff\x1d(L\x02\x0002" + cut))
	f.Add([]byte("\x1b$\xff\xff\x1b\\\x00\x80x\x1dL\xff\xff\x1dW\x00\x00y\t\n\x10\x04\x01\x1dw\x00\x1dh\x00\x1dkI\x03{C\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		model, err := printer.New(tape{bytes.NewReader(data)}, printer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := model.Run(context.Background()); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		for _, receipt := range model.Receipts() {
			if receipt.Number < 1 || receipt.Cut.Before(receipt.Began) {
				t.Fatalf("receipt %+v", receipt)
			}
		}
	})
}
