package station

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// route is one operation of the API. The table of routes is both what is served and what openapi.json is made of.
type route struct {
	id, method, path     string
	summary, description string
	status               int   // of success; 0 is 200
	errors               []int // statuses of the problems it answers with
	carries              []any // an event stream's events, one value each; nil for other routes
	endpoint
}

// endpoint is a function of the API without its types: the work around it is compiled once and not once a route, which
// a small terminal's memory feels.
type endpoint struct {
	in, out reflect.Type // structs; see bind for the first, the second has a field Body or is streamOutput
	call    func(ctx context.Context, in any) (any, error)
}

// streamOutput is an answer that writes itself, for as long as it likes.
type streamOutput struct {
	run func(w http.ResponseWriter, r *http.Request)
}

// handle makes a function an endpoint.
func handle[I, O any](act func(context.Context, *I) (*O, error)) endpoint {
	return endpoint{
		in: reflect.TypeFor[I](), out: reflect.TypeFor[O](),
		call: func(ctx context.Context, in any) (any, error) { return act(ctx, in.(*I)) },
	}
}

// routes is the table of what this till can do.
func (s *Station) routes() []route {
	table := append(s.saleRoutes(), s.deskRoutes()...)
	if shifts, can := s.desk.(Shifts); can {
		table = append(table, s.shiftRoutes(shifts)...)
	}
	return append(table, s.stateRoutes()...)
}

// mount puts the routes and their description on a mux, and problems where there is no route.
func (s *Station) mount(mux *http.ServeMux) {
	table := s.routes()
	methods := make(map[string][]string, len(table))
	add := func(method, path string, handler http.Handler) {
		mux.Handle(method+" "+path, handler)
		methods[path] = append(methods[path], method)
	}
	for _, r := range table {
		add(r.method, r.path, s.serve(r))
	}
	add(http.MethodGet, pathDescription+".json", s.describe(table, "application/openapi+json"))
	// JSON is YAML as well.
	add(http.MethodGet, pathDescription+".yaml", s.describe(table, "application/openapi+yaml"))
	for path, taken := range methods {
		mux.Handle(path, refuseMethod(taken)) // every other method
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		newProblem(catalogue.RefuseNoAddress, Words{}).write(w)
	})
}

// refuseMethod says which methods a path takes.
func refuseMethod(taken []string) http.HandlerFunc {
	if slices.Contains(taken, http.MethodGet) {
		taken = append(taken, http.MethodHead)
	}
	slices.Sort(taken)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", strings.Join(taken, ", "))
		newProblem(catalogue.RefuseMethod, catalogue.MethodsAllowed(taken)).write(w)
	}
}

// serve answers requests for one route.
func (s *Station) serve(r route) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		in := reflect.New(r.in)
		if problem := bind(request, in.Elem()); problem != nil {
			problem.write(w)
			return
		}
		out, err := r.call(request.Context(), in.Interface())
		if err != nil {
			s.refuse(request.Context(), w, err)
			return
		}
		if stream, ok := out.(*streamOutput); ok {
			stream.run(w, request)
			return
		}
		s.answer(request.Context(), w, max(r.status, http.StatusOK), reflect.ValueOf(out).Elem().FieldByName("Body").Interface())
	}
}

// answer sends a success, which is encoded before its status goes out.
func (s *Station) answer(ctx context.Context, w http.ResponseWriter, status int, body any) {
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		s.refuse(ctx, w, fmt.Errorf("encode answer: %w", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded.Bytes()) // a client that has gone needs no answer
}

// refuse sends a problem, and what is none as an internal error, which is logged and not told.
func (s *Station) refuse(ctx context.Context, w http.ResponseWriter, err error) {
	var problem *Problem
	if !errors.As(err, &problem) {
		s.logger.LogAttrs(ctx, slog.LevelError, "intent failed", slog.Any("error", err))
		problem = newProblem(catalogue.RefuseInternal, Words{})
	}
	problem.write(w)
}
