package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// problemKind is the content type of every error (RFC 9457).
const problemKind = "application/problem+json"

// problemText is a problem as huma writes them; detail is in Chinese and English.
func problemText(status int, detail string) string {
	text, err := json.Marshal(&huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		return "" // of three plain fields
	}
	return string(text) + "\n"
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", problemKind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(problemText(status, detail))) // the client has gone; nobody is left to tell
}

// methods are those that an address may take here.
func methods() []string {
	return []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut}
}

// missing answers what none of the muxes has a route for, in place of their plain text.
func missing(muxes ...*http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var taken []string
		for _, method := range methods() {
			asked := *r
			asked.Method = method
			if slices.ContainsFunc(muxes, func(mux *http.ServeMux) bool { return routed(mux, &asked) }) {
				taken = append(taken, method)
			}
		}
		if len(taken) == 0 {
			writeProblem(w, http.StatusNotFound, "没有这个地址，接口说明见 /openapi.json · nothing is at this address, see /openapi.json")
			return
		}
		allowed := strings.Join(taken, ", ")
		w.Header().Set("Allow", allowed)
		writeProblem(w, http.StatusMethodNotAllowed, "这个地址可用 · this address takes: "+allowed)
	})
}

// routed reports whether a mux has a route of its own for the request, and not only the one for everything.
func routed(mux *http.ServeMux, r *http.Request) bool {
	_, pattern := mux.Handler(r)
	return pattern != "" && pattern != "/"
}

// timedOut answers with a problem where the work took too long.
func timedOut(next http.Handler) http.Handler {
	bounded := http.TimeoutHandler(next, answerTimeout,
		problemText(http.StatusServiceUnavailable, "处理超时，请稍后再试 · timed out, try again later"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", problemKind) // of the time-out; every handler sets its own
		bounded.ServeHTTP(w, r)
	})
}
