package station

import (
	"context"
	"net/http"
)

const (
	pathLive   = "/livez"
	pathEvents = "/v1/events"
)

type statusOutput struct{ Body Status }
type journalOutput struct{ Body JournalStatus }
type liveOutput struct{ Body struct{} }

// stateRoutes are the operations that say how the till is and what happens on it.
func (s *Station) stateRoutes() []route {
	return []route{{
		id: "get-status", method: http.MethodGet, path: "/v1/status", summary: "本机状态 The till's state",
		endpoint: handle(s.status),
	}, {
		id: "get-journal", method: http.MethodGet, path: "/v1/journal", summary: "流水统计 The journal's counts",
		endpoint: handle(s.journal),
	}, {
		id: "live", method: http.MethodGet, path: pathLive, summary: "存活检查 Liveness", endpoint: handle(live),
	}, {
		id: "events", method: http.MethodGet, path: pathEvents, summary: "事件流 Event stream",
		description: "Server-sent events. An event named sale carries a whole Sale, one named follow-up a FollowUp, " +
			"one named shift a Shift, one named notice a Notice, one named offline an Offline. " +
			"Without Last-Event-ID the newest sale comes first.",
		errors: []int{503}, carries: []any{Sale{}, Shift{}, FollowUp{}, Notice{}, Offline{}}, endpoint: handle(s.events),
	}}
}

func (s *Station) status(ctx context.Context, _ *struct{}) (*statusOutput, error) {
	status, err := s.desk.Status(ctx)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &statusOutput{Body: status}, nil
}

func (s *Station) journal(ctx context.Context, _ *struct{}) (*journalOutput, error) {
	status, err := s.desk.Status(ctx)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &journalOutput{Body: status.Journal}, nil
}

func live(context.Context, *struct{}) (*liveOutput, error) { return &liveOutput{}, nil }
