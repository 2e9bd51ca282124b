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
