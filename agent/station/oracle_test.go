package station

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// GetStatus makes a Problem huma's error.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma what a Problem is sent as.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// everyTill is a till that can do everything; nothing is asked of it.
type everyTill struct {
	Desk
	Shifts
}

// allRoutes is the table of a till that can do everything.
func allRoutes() []route {
	return (&Station{desk: everyTill{}, logger: slog.New(slog.DiscardHandler)}).routes()
}

// types are a route's, by which the tests find how to tell huma of it: huma wants them when it is compiled.
type types struct{ in, out reflect.Type }

// registration tells huma of a route; seen gets what huma makes of each request.
type registration func(api huma.API, operation huma.Operation, seen func(any))

func registrations() map[types]registration {
	known := make(map[types]registration)
	add[startInput, saleOutput](known)
	add[saleInput, saleOutput](known)
	add[cancelInput, saleOutput](known)
	add[IntentInput, saleOutput](known)
	add[reprintInput, saleOutput](known)
	add[followUpInput, followUpOutput](known)
	add[saleInput, followUpsOutput](known)
	add[saleInput, followUpOutput](known)
	add[followUpReprintInput, followUpOutput](known)
	add[lookupInput, orderOutput](known)
	add[salesInput, salesOutput](known)
	add[openShiftInput, shiftOutput](known)
	add[struct{}, shiftOutput](known)
	add[shiftsInput, shiftsOutput](known)
	add[cashInput, shiftOutput](known)
	add[reportInput, shiftOutput](known)
	add[closeShiftInput, shiftOutput](known)
	add[struct{}, statusOutput](known)
	add[struct{}, journalOutput](known)
	add[struct{}, liveOutput](known)
	known[types{reflect.TypeFor[eventsInput](), reflect.TypeFor[streamOutput]()}] = func(
		api huma.API, operation huma.Operation, seen func(any),
	) {
		huma.Register(api, operation, func(_ context.Context, in *eventsInput) (*huma.StreamResponse, error) {
			seen(in)
			return &huma.StreamResponse{Body: func(huma.Context) {}}, nil
		})
	}
	return known
}

func add[I, O any](known map[types]registration) {
	known[types{reflect.TypeFor[I](), reflect.TypeFor[O]()}] = func(api huma.API, operation huma.Operation, seen func(any)) {
		huma.Register(api, operation, func(_ context.Context, in *I) (*O, error) {
			seen(in)
			return new(O), nil
		})
	}
}

// oracle is the same API made by huma: it describes the routes, and reads requests as ours has to.
func oracle(t testing.TB, seen func(any)) (http.Handler, *huma.OpenAPI) {
	asProblems(t)
	config := huma.DefaultConfig("yuantill till", "")
	config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", nil
	config.Info.Description = "收银终端本地接口。The till's local interface. Amounts are integers in the currency's minor unit."
	mux := http.NewServeMux()
	api := humago.New(mux, config)
	known := registrations()
	for _, r := range allRoutes() {
		register, ok := known[types{r.in, r.out}]
		require.True(t, ok, "%s takes %v and gives %v: add it to registrations", r.id, r.in, r.out)
		operation := huma.Operation{
			OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.description,
			DefaultStatus: r.status, Errors: r.errors,
		}
		if r.carries != nil {
			operation.Responses = map[string]*huma.Response{strconv.Itoa(http.StatusOK): events(api, r.carries)}
		}
		register(api, operation, seen)
	}
	return mux, api.OpenAPI()
}

// events describes an event stream.
func events(api huma.API, carries []any) *huma.Response {
	var schemas []*huma.Schema
	for _, one := range carries {
		t := reflect.TypeOf(one)
		schemas = append(schemas, api.OpenAPI().Components.Schemas.Schema(t, true, t.Name()))
	}
	return &huma.Response{
		Description: "events until the listener leaves",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{OneOf: schemas}}},
	}
}

// asProblems gives huma's own errors the shape of ours until the test ends.
func asProblems(t testing.TB) {
	made := huma.NewError
	t.Cleanup(func() { huma.NewError = made })
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		problem := newProblem(catalogue.RefuseInvalid, message)
		problem.Status = status
		for _, err := range errs {
			var detail *huma.ErrorDetail
			if errors.As(err, &detail) {
				problem.Errors = append(problem.Errors, FieldDetail{Message: detail.Message, Location: detail.Location})
			}
		}
		return problem
	}
}
