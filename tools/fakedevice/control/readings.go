package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

const (
	// bodyMax bounds a request's body, in bytes.
	bodyMax = 1 << 18
	// waitMax bounds a long poll.
	waitMax = time.Minute
)

var errRequest = errors.New("control: invalid request")

// DeviceState is an element of GET /devices.
type DeviceState struct {
	Device string `json:"device"`
	Path   string `json:"path"`
	// Attached says that a program has the device open.
	Attached bool `json:"attached"`
}

func (c *Counter) getDevices(w http.ResponseWriter, _ *http.Request) {
	states := []DeviceState{}
	for _, device := range []string{DeviceScanner, DeviceCardReader, DevicePrinter} {
		if cable := c.cables[device]; cable != nil {
			states = append(states, DeviceState{Device: device, Path: cable.Path(), Attached: cable.Attached()})
		}
	}
	respond(w, states)
}

// Receipt is an element of GET /receipts.
type Receipt struct {
	Number int `json:"number"`
	// Path is the picture's; empty until it is written.
	Path string `json:"path"`
	// Began is when the first byte arrived, Cut when the paper was cut, in nanoseconds as in Event.
	Began int64 `json:"began_ns"`
	Cut   int64 `json:"cut_ns"`
	Torn  bool  `json:"torn,omitempty"`
	// Lines is the text from top to bottom, symbols by their content.
	Lines []string `json:"lines"`
	// Unknown lists what the printer did not understand.
	Unknown []string `json:"unknown,omitempty"`
}

func (c *Counter) getReceipts(w http.ResponseWriter, _ *http.Request) {
	if c.printer == nil {
		fail(w, http.StatusNotFound, ErrNoDevice)
		return
	}
	receipts := []Receipt{}
	for _, r := range c.printer.Receipts() {
		receipts = append(receipts, c.receipt(r))
	}
	respond(w, receipts)
}

func (c *Counter) receipt(r printer.Receipt) Receipt {
	lines := []string{}
	for _, line := range r.Lines {
		lines = append(lines, line.Text)
	}
	return Receipt{
		Number: r.Number, Path: r.Path, Torn: r.Torn, Lines: lines, Unknown: r.Unknown,
		Began: r.Began.Sub(c.log.origin).Nanoseconds(), Cut: r.Cut.Sub(c.log.origin).Nanoseconds(),
	}
}

// getEvents answers with the events after ?after=SEQUENCE as a JSON array. With ?wait=DURATION it waits so long for the
// first. A client that accepts text/event-stream gets them one by one instead, without end.
func (c *Counter) getEvents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, err := uint64(0), error(nil)
	if text := query.Get("after"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			fail(w, http.StatusBadRequest, fmt.Errorf("read after: %w", err))
			return
		}
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		c.streamEvents(w, r, after)
		return
	}
	wait := time.Duration(0)
	if text := query.Get("wait"); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait > waitMax {
			fail(w, http.StatusBadRequest, fmt.Errorf("read wait %q: %w", text, errRequest))
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	events := c.log.After(ctx, after)
	if events == nil {
		events = []Event{}
	}
	respond(w, events)
}

func (c *Counter) streamEvents(w http.ResponseWriter, r *http.Request, after uint64) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	w.WriteHeader(http.StatusOK)
	for flush.Flush() == nil {
		events := c.log.After(r.Context(), after)
		if len(events) == 0 {
			return
		}
		for _, event := range events {
			after = event.Sequence
			data, err := json.Marshal(event)
			if err != nil {
				return
			}
			if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", event.Sequence, data); err != nil {
				return
			}
		}
	}
}

// decode reads a JSON body, which may be empty, and answers itself when it makes no sense.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		fail(w, http.StatusBadRequest, fmt.Errorf("read request: %w", err))
		return false
	}
	return true
}

func respond(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	// A client that went away is not told anything more.
	_ = json.NewEncoder(w).Encode(value)
}

// Problem is the body of every answer that is an error.
type Problem struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Problem{Error: err.Error()})
}
