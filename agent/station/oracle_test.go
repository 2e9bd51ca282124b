package station

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"strings"
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
	add[acceptanceInput, saleOutput](known)
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
		if operation.Responses == nil {
			operation.Responses = make(map[string]*huma.Response)
		}
		// What is refused before a route is looked at: token, host, origin, size, kind of body.
		operation.Responses["default"] = problems(api)
		register(api, operation, seen)
	}
	return mux, api.OpenAPI()
}

// problems describes every answer that is not a success.
func problems(api huma.API) *huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	return &huma.Response{
		Description: "Error", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}
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
		var found mistakes
		for _, err := range errs {
			var detail *huma.ErrorDetail
			if errors.As(err, &detail) {
				found = append(found, inOurWords(detail.Location, detail.Message))
			}
		}
		whole := Words{}
		if message == "request body is required" {
			whole = catalogue.NoBody()
		}
		return invalid(status, whole, found)
	}
}

// inOurWords is one of huma's mistakes as ours has to be: of the same field, and of the same kind with the same bound.
func inOurWords(at, message string) FieldDetail {
	value := func(prefix string) (string, bool) { return strings.CutPrefix(message, prefix) }
	text, found := exactly(message)
	switch {
	case at == atBody+".hold_expires" && text == catalogue.NotText():
		return mistake(at, catalogue.NotTime())
	case found:
		return mistake(at, text)
	}
	if name, found := value("expected required property "); found {
		return mistake(at+"."+strings.TrimSuffix(name, " to be present"), catalogue.FieldMissing())
	}
	if names, found := value("expected value to be one of "); found {
		return mistake(at, catalogue.NotOneOf(strings.Split(strings.Trim(names, `"`), ", ")))
	}
	if number, rest, found := strings.Cut(strings.TrimPrefix(message, "json: cannot unmarshal number "), " into Go struct field "); found {
		_, field, _ := strings.Cut(strings.Fields(rest)[0], ".")
		if strings.ContainsAny(number, "eE.") {
			return mistake(at+"."+field, catalogue.NotWhole())
		}
		return mistake(at+"."+field, catalogue.Above("9223372036854775807"))
	}
	if strings.HasPrefix(message, "unknown content type: ") {
		return mistake("header.Content-Type", catalogue.NotJSONType())
	}
	if strings.HasPrefix(message, "invalid character") {
		return mistake(at, catalogue.CutShort()) // huma does not say where
	}
	for prefix, text := range map[string]func(int) Words{
		"expected length <= ": catalogue.CharactersMost, "expected array length <= ": catalogue.ItemsMost,
	} {
		if bound, found := value(prefix); found {
			most, _ := strconv.Atoi(bound) // 0 agrees with no bound of ours
			return mistake(at, text(most))
		}
	}
	for prefix, text := range map[string]func(string) Words{"expected number >= ": catalogue.Below, "expected number <= ": catalogue.Above} {
		if bound, found := value(prefix); found {
			number, _ := strconv.ParseFloat(bound, 64)
			return mistake(at, text(plain(number)))
		}
	}
	return FieldDetail{Location: at, Message: "no words of ours for: " + message}
}

// exactly is what huma says without a bound.
func exactly(message string) (Words, bool) {
	text, found := map[string]Words{
		"expected boolean": catalogue.NotYesNo(), "expected integer": catalogue.NotWhole(), "expected string": catalogue.NotText(),
		"expected array": catalogue.NotList(), "expected object": catalogue.NotObject(), "invalid boolean": catalogue.NotYesNo(),
		"invalid integer": catalogue.NotWhole(), "unexpected property": catalogue.FieldUnknown(),
		"expected string to be RFC 3339 date-time": catalogue.NotTime(), "unexpected end of JSON input": catalogue.CutShort(),
	}[message]
	return text, found
}
