package shop

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
)

// Devices is the control of one terminal's simulated devices.
type Devices struct{ base string }

// Address is where the control listens.
func (d Devices) Address() string { return d.base }

// Scan has the scanner read a code and returns when its last byte is on the wire.
func (d Devices) Scan(ctx context.Context, code string) (control.Event, error) {
	var event control.Event
	err := call(ctx, http.MethodPost, d.base+"/scan", control.ScanRequest{Text: code}, &event)
	return event, err
}

// Scanner has the scanner do any step of its script, such as garbage.
func (d Devices) Scanner(ctx context.Context, step control.ScanRequest) error {
	return call(ctx, http.MethodPost, d.base+"/scan", step, nil)
}

// CardReader replaces the card reader's faults.
func (d Devices) CardReader(ctx context.Context, faults control.CardReaderFaults) error {
	return call(ctx, http.MethodPost, d.base+"/card-reader/faults", faults, nil)
}

// Printer sets or clears one of the printer's faults, such as "paper-out".
func (d Devices) Printer(ctx context.Context, fault string, request control.PrinterRequest) error {
	return call(ctx, http.MethodPost, d.base+"/printer/"+fault, request, nil)
}

// HangUp pulls a device's cable.
func (d Devices) HangUp(ctx context.Context, device string) error {
	return call(ctx, http.MethodPost, d.base+"/hang-up/"+device, nil, nil)
}

// PlugIn puts a device's cable back.
func (d Devices) PlugIn(ctx context.Context, device string) error {
	return call(ctx, http.MethodPost, d.base+"/plug-in/"+device, nil, nil)
}

// Tap puts the hard wallet on the reader.
func (d Devices) Tap(ctx context.Context) error {
	return call(ctx, http.MethodPost, d.base+"/tap", control.TapRequest{}, nil)
}

// Lift takes it away again.
func (d Devices) Lift(ctx context.Context) error {
	return call(ctx, http.MethodPost, d.base+"/remove", nil, nil)
}

// Events waits for events after a sequence and returns them; none within the wait is an empty list.
func (d Devices) Events(ctx context.Context, after uint64, wait time.Duration) ([]control.Event, error) {
	var events []control.Event
	err := call(ctx, http.MethodGet, fmt.Sprintf("%s/events?after=%d&wait=%s", d.base, after, wait), nil, &events)
	return events, err
}

// Receipts returns what was printed.
func (d Devices) Receipts(ctx context.Context) ([]control.Receipt, error) {
	var receipts []control.Receipt
	err := call(ctx, http.MethodGet, d.base+"/receipts", nil, &receipts)
	return receipts, err
}
