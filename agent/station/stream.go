package station

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// Bounds of the event stream.
const (
	streamMax       = 16               // listeners at a time
	streamKeepAlive = 15 * time.Second // a comment tells both sides that the other is there
	streamWrite     = 5 * time.Second  // a listener that takes longer is dropped
	streamRetry     = time.Second      // what browsers wait before they come back
)

// Notice is an event outside any sale.
type Notice struct {
	Device string    `json:"device,omitempty" enum:"scanner,reader,printer"`
	Text   Words     `json:"text"`
	At     time.Time `json:"at"`
}

type eventsInput struct {
	Last int64 `header:"Last-Event-ID" doc:"the last event seen; those after it are sent first"`
}

func (s *Station) events(_ context.Context, in *eventsInput) (*streamOutput, error) {
	select {
	case s.listeners <- struct{}{}:
	default:
		return nil, newProblem(catalogue.RefuseListeners, catalogue.ListenersMost(streamMax))
	}
	return &streamOutput{run: func(w http.ResponseWriter, r *http.Request) {
		defer func() { <-s.listeners }()
		stream := stream{station: s, writer: w, control: http.NewResponseController(w)}
		stream.run(r.Context(), in.Last)
	}}, nil
}

// stream is one listener.
type stream struct {
	station *Station
	writer  http.ResponseWriter
	control *http.ResponseController
}

// run sends events until the listener leaves, is too slow, or the station stops.
func (s stream) run(ctx context.Context, last int64) {
	s.writer.Header().Set("Content-Type", "text/event-stream")
	// The server's bound on reading a request would end a listener who has nothing more to say.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		return
	}
	if err := s.send(fmt.Appendf(nil, "retry: %d\n\n", streamRetry.Milliseconds())); err != nil {
		return
	}
	keepAlive := time.NewTicker(streamKeepAlive)
	defer keepAlive.Stop()
	last, newest := s.station.feed.resumed(last), s.station.feed.newest()
	for {
		events, changed := s.station.feed.after(last)
		for _, event := range events {
			if err := s.event(event); err != nil {
				return
			}
		}
		last = lastID(events, last, newest)
		select {
		case <-changed:
		case <-keepAlive.C:
			if err := s.send([]byte(": still here\n\n")); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// lastID is where the listener is; somebody new is up to date with what was newest when it came.
func lastID(events []feedEvent, last, newest int64) int64 {
	if last == 0 {
		return newest
	}
	if len(events) > 0 {
		return events[len(events)-1].id
	}
	return last
}

func (s stream) event(event feedEvent) error {
	name, data := "notice", any(Notice{Device: event.device, Text: event.notice.Text(), At: event.at.UTC()})
	switch {
	case event.isSale():
		name, data = "sale", NewSale(event.view, s.station.clock())
	case event.shift != nil:
		name, data = "shift", *event.shift
	case event.offline != nil:
		name, data = "offline", event.offline
	case event.followUp != nil:
		name, data = "follow-up", newFollowUp(*event.followUp, s.station.clock())
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return s.send(fmt.Appendf(nil, "id: %d\nevent: %s\ndata: %s\n\n", event.id, name, encoded))
}

func (s stream) send(b []byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if _, err := s.writer.Write(b); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return s.control.Flush()
}
