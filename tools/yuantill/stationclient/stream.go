package stationclient

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// lineMax bounds one line of the event stream in bytes.
const lineMax = 64 << 10

// linesMax bounds the lines of one event.
const linesMax = 256

// Stream is the station's events.
type Stream struct {
	body    io.Closer
	scanner *bufio.Scanner
}

// Event is one server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type Event struct {
	ID, Kind string
	Data     []byte
}

// Events opens the event stream after an event id; with an empty one it begins with the newest sale. The stream ends
// with ctx. Errors: *UnreachableError, *RefusedError, ErrAnswer.
func (c *Client) Events(ctx context.Context, last string) (*Stream, error) {
	header := http.Header{}
	if last != "" {
		header.Set("Last-Event-ID", last)
	}
	response, err := c.do(ctx, http.MethodGet, "/v1/events", header, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		defer response.Body.Close()
		text, err := io.ReadAll(io.LimitReader(response.Body, answerSizeMax))
		if err != nil {
			return nil, &UnreachableError{Sent: true, Cause: err}
		}
		return nil, refused(response.StatusCode, text)
	}
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return nil, errors.Join(fmt.Errorf("%w: %q is no event stream", ErrAnswer, kind), response.Body.Close())
	}
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(make([]byte, 0, 4<<10), lineMax)
	return &Stream{body: response.Body, scanner: scanner}, nil
}

// Next returns the next event, or io.EOF at the stream's end, or ErrAnswer.
func (s *Stream) Next() (Event, error) {
	var event Event
	var data []string
	for lines := 0; lines < linesMax; lines++ {
		if !s.scanner.Scan() {
			if err := s.scanner.Err(); err != nil {
				return Event{}, fmt.Errorf("read events: %w", err)
			}
			return Event{}, io.EOF
		}
		line := strings.TrimSuffix(s.scanner.Text(), "\r")
		if line == "" {
			if len(data) == 0 {
				event, lines = Event{ID: event.ID}, 0 // a sign of life: an event without data is not delivered
				continue
			}
			event.Data = []byte(strings.Join(data, "\n"))
			return event, nil
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name { // a comment has an empty name
		case "data":
			data = append(data, value)
		case "event":
			event.Kind = value
		case "id":
			event.ID = value
		}
	}
	return Event{}, fmt.Errorf("%w: event of more than %d lines", ErrAnswer, linesMax)
}

// eventSale is the kind of event that carries a sale.
const eventSale = "sale"

// Sale returns the sale that an event tells of; false for other events.
func (e Event) Sale() (Sale, bool) {
	var sale Sale
	if e.Kind != eventSale {
		return Sale{}, false
	}
	if err := json.Unmarshal(e.Data, &sale); err != nil || sale.ID == "" || sale.State == "" {
		return Sale{}, false
	}
	return sale, true
}

// Close ends the stream.
func (s *Stream) Close() error { return s.body.Close() }
