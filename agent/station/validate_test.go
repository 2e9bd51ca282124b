package station

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// TestTagsAreKnown walks everything that comes in: a type or tag that the binder does not know would be no check at all.
func TestTagsAreKnown(t *testing.T) {
	for _, r := range allRoutes() {
		t.Run(r.id, func(t *testing.T) { checkInput(t, r.in) })
	}
}

func checkInput(t *testing.T, in reflect.Type) {
	for i := range in.NumField() {
		switch field := in.Field(i); {
		case field.Anonymous:
			checkInput(t, field.Type)
		case field.Name == "Body":
			optional := field.Type.Kind() == reflect.Pointer
			require.Equal(t, optional, field.Tag.Get("required") == "false", "the description has to say so too")
			checkValue(t, field.Type, field.Tag)
		default:
			known := map[reflect.Kind]string{
				reflect.String: "path header query", reflect.Bool: "query", reflect.Int: "query minimum maximum default", reflect.Int64: "header",
			}
			require.Contains(t, known, field.Type.Kind())
			checkTags(t, field.Tag, known[field.Type.Kind()])
		}
	}
}

func checkValue(t *testing.T, valueType reflect.Type, tag reflect.StructTag) {
	if valueType.Kind() == reflect.Pointer {
		valueType = valueType.Elem()
	}
	switch kind := valueType.Kind(); kind {
	case reflect.Bool:
		checkTags(t, tag, "")
	case reflect.Int64, reflect.Uint32:
		checkTags(t, tag, "minimum maximum")
	case reflect.String:
		checkTags(t, tag, "maxLength enum default")
	case reflect.Slice:
		require.Equal(t, reflect.String, valueType.Elem().Kind())
		checkTags(t, tag, "maxItems enum")
	case reflect.Map:
		require.Equal(t, reflect.TypeFor[map[string]int64](), valueType)
		checkTags(t, tag, "")
	default:
		require.Equal(t, reflect.Struct, kind, "%v", valueType)
		checkTags(t, tag, "required")
		if valueType == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range valueType.NumField() {
			field := valueType.Field(i)
			_, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.Contains(t, []string{"", "omitempty"}, options, field.Name)
			require.False(t, field.Anonymous, field.Name)
			require.False(t, field.Type.Kind() == reflect.Pointer && options == "", "%s: may a required pointer be null?", field.Name)
			checkValue(t, field.Type, field.Tag)
		}
	}
}

// checkTags refuses tags other than those that are known; numbers have to be numbers.
func checkTags(t *testing.T, tag reflect.StructTag, known string) {
	for pair := range strings.SplitSeq(string(tag), `" `) {
		name, value, _ := strings.Cut(pair, `:"`)
		if name == "" || name == "json" || name == "doc" {
			continue
		}
		require.Contains(t, strings.Fields(known), name, string(tag))
		if strings.HasPrefix(name, "m") {
			_, err := strconv.ParseFloat(strings.TrimSuffix(value, `"`), 64)
			require.NoError(t, err, string(tag))
		}
	}
}

// right is a value that a field of an intent's body takes.
func right(field reflect.StructField) any {
	enum, _, _ := strings.Cut(field.Tag.Get("enum"), ",")
	fieldType := field.Type
	if fieldType.Kind() == reflect.Pointer {
		fieldType = fieldType.Elem()
	}
	switch fieldType.Kind() {
	case reflect.Bool:
		return true
	case reflect.String:
		return enum
	case reflect.Slice:
		return []string{enum}
	case reflect.Map:
		return map[string]int64{"cash": 1}
	case reflect.Struct:
		if fieldType != reflect.TypeFor[time.Time]() {
			return map[string]any{}
		}
		return "2026-05-08T00:00:00Z"
	default:
		return 1
	}
}

// TestMembersMatchExactly writes each member of each intent's body in another case, as the document does not have it.
func TestMembersMatchExactly(t *testing.T) {
	others := map[string]func(string) string{
		"Capital": func(name string) string { return strings.ToUpper(name[:1]) + name[1:] }, "Shouted": strings.ToUpper,
		// Letters that encoding/json takes for k and s.
		"Folded": func(name string) string { return strings.NewReplacer("k", "\u212a", "s", "\u017f").Replace(name) },
	}
	intents := 0
	for _, r := range allRoutes() {
		body, has := r.in.FieldByName("Body")
		if !has {
			continue
		}
		intents++
		bodyType := body.Type
		if bodyType.Kind() == reflect.Pointer {
			bodyType = bodyType.Elem()
		}
		fields := reflect.VisibleFields(bodyType)
		for _, wrong := range fields {
			name, options, _ := strings.Cut(wrong.Tag.Get("json"), ",")
			for how, other := range others {
				if other(name) == name {
					continue
				}
				t.Run(r.id+"/"+name+"/"+how, func(t *testing.T) {
					members := map[string]any{}
					for _, field := range fields {
						member, _, _ := strings.Cut(field.Tag.Get("json"), ",")
						members[member] = right(field)
					}
					require.Nil(t, bindRoute(t, r, members), "as it is described")
					delete(members, name)
					members[other(name)] = right(wrong)
					problem := bindRoute(t, r, members)
					require.NotNil(t, problem)
					require.Equal(t, http.StatusUnprocessableEntity, problem.Status)
					require.Contains(t, problem.Errors, mistake("body."+other(name), catalogue.FieldUnknown()))
					if options != "omitempty" {
						require.Contains(t, problem.Errors, mistake("body."+name, catalogue.FieldMissing()))
					}
				})
			}
		}
	}
	require.Equal(t, 11, intents)
}

// bindRoute binds a body to a route's input.
func bindRoute(t *testing.T, r route, members map[string]any) *Problem {
	t.Helper()
	text, err := json.Marshal(members)
	require.NoError(t, err)
	request := httptest.NewRequest(r.method, "/", strings.NewReader(string(text)))
	return bind(request, reflect.New(r.in).Elem())
}

// both asks our binder and huma's for the same request; each gives its input, or a problem.
type both struct {
	oracle http.Handler
	table  []route
	seen   any
}

func newBoth(t testing.TB) *both {
	huma.ValidateStrictCasing = true
	t.Cleanup(func() { huma.ValidateStrictCasing = false })
	b := &both{table: allRoutes()}
	b.oracle, _ = oracle(t, func(in any) { b.seen = in })
	return b
}

func (b *both) require(t *testing.T, r route, query, kind, body string) {
	t.Helper()
	ask := func(handler http.Handler) *httptest.ResponseRecorder {
		request := httptest.NewRequest(r.method, strings.ReplaceAll(r.path, "{id}", "ab")+"?"+query, strings.NewReader(body))
		request.Header.Set("Idempotency-Key", "k")
		if kind != "" {
			request.Header.Set("Content-Type", kind)
		}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder
	}
	b.seen = nil
	want, wantIn := ask(b.oracle), b.seen
	mux, gotIn := http.NewServeMux(), any(nil)
	mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, request *http.Request) {
		in := reflect.New(r.in)
		if problem := bind(request, in.Elem()); problem != nil {
			problem.write(w)
			return
		}
		gotIn = in.Interface()
		w.WriteHeader(max(r.status, http.StatusOK))
	})
	got, at := ask(mux), fmt.Sprintf("%s %q %q %q", r.id, query, kind, body)
	require.Equal(t, want.Code, got.Code, "%s\n%s\n%s", at, want.Body, got.Body)
	require.Equal(t, wantIn, gotIn, at)
	if want.Code >= http.StatusBadRequest {
		require.Equal(t, want.Header(), got.Header(), at)
		wanted, given := problemIn(t, want), problemIn(t, got)
		if misleading(body) {
			wanted, given = Problem{Status: wanted.Status}, Problem{Status: given.Status}
		}
		require.Equal(t, wanted, given, at)
	}
}

// problemIn is an answer's problem with its mistakes in order, and its sentence made of them in that order: huma's stand
// as its map gives them. Where JSON ends to be JSON is left out, as huma does not say it.
func problemIn(t *testing.T, answer *httptest.ResponseRecorder) Problem {
	var problem Problem
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &problem), answer.Body.String())
	for i, one := range problem.Errors {
		if strings.HasPrefix(one.Message, "is not valid JSON") {
			problem.Errors[i] = mistake(one.Location, catalogue.CutShort())
		}
	}
	slices.SortFunc(problem.Errors, func(a, b FieldDetail) int {
		return strings.Compare(a.Location+" "+a.Message, b.Location+" "+b.Message)
	})
	if len(problem.Errors) > 0 {
		return *invalid(problem.Status, Words{}, problem.Errors)
	}
	return problem
}

// misleading reports a key with a dot or bracket, after which huma loses its way when it says where a mistake is, and a
// number that no float64 holds, of which it only says that the body is none.
func misleading(body string) bool {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		if text, isText := token.(string); isText && strings.ContainsAny(text, ".[") {
			return true
		}
		if number, isNumber := token.(json.Number); isNumber {
			if _, err := number.Float64(); err != nil {
				return true
			}
		}
	}
}

// bodies are of every kind that the types know, right and wrong.
func bodies() []string {
	all := []string{
		``, ` `, `null`, `1`, `"x"`, `[]`, `{}`, `{`, `{"a":1}`, `{"AMOUNT":1,"Kind":"void"}`, `{"amount":1,"kind":"void","x":{"y":[1]}}`,
		`{"copies":["merchant","customer"]}`, `{"copies":["merchant","x",1,null]}`, `{"print":true}`, `{"counted":{"cash":1}}`,
		`{"counted":{"cash":1.5,"code":null}}`, `{"amount":1,"hold_expires":"2026-05-08T00:00:00.123456789+08:00"}`,
		`{"amount":1,"hold_expires":"2026-05-08"}`, `{"amount":1,"hold_expires":"2026-02-30T00:00:00Z"}`, "{\"amount\":1,\"note\":\"\xff\"}",
		`{"amount":1,"` + "\u212a" + `ind":"void"}`, `{"amount":1,"note":"` + strings.Repeat("长", 100) + `"}`, `{"amount":1,"note":"` + strings.Repeat("长", 101) + `"}`,
	}
	for _, name := range []string{
		"amount", "currency", "cashier", "note", "hold", "hold_expires", "copies", "kind", "last", "undoes", "reference", "order",
		"batch", "voucher", "text", "float", "print", "counted", "approved_by",
	} {
		for _, value := range []string{`null`, `true`, `0`, `1`, `-1`, `1.5`, `1e3`, `1e30`, `1E400`, `-1E400`, `999999`, `1000000`, `4294967296`, `1000000000001`,
			`9223372036854775807`, `9223372036854775808`, `""`, `"x"`, `"void"`, `"` + strings.Repeat("x", 301) + `"`, `[]`, `["customer","customer","customer"]`, `{}`, `{"a":1}`} {
			all = append(all, `{"`+name+`":`+value+`}`)
		}
	}
	return all
}

// TestReadsAsHumaDoes: the interface was huma's once, and its clients must not notice. Names are taken as they are
// described and in no other case.
func TestReadsAsHumaDoes(t *testing.T) {
	b := newBoth(t)
	for _, r := range b.table {
		for _, text := range bodies() {
			b.require(t, r, "", "", text)
		}
		for _, kind := range []string{"application/json; charset=utf-8", "text/plain", "application/x+json", "json", ";", "x;a+json"} {
			b.require(t, r, "", kind, `{"amount":1,"kind":"void"}`)
		}
		for _, query := range []string{"limit=5", "limit=0", "limit=101", "limit=x", "limit=+5", "limit=%35", "holds", "holds=t", "holds=no", "a=b&limit=7", "limit=3&limit=x"} {
			b.require(t, r, query, "", "")
		}
	}
}

func FuzzBody(f *testing.F) {
	b := newBoth(f)
	for i, text := range bodies() {
		f.Add(uint8(i), text)
	}
	f.Fuzz(func(t *testing.T, at uint8, body string) {
		if len(body) > bodyMax || checkKeys([]byte(body)) != nil {
			return // wholeBody lets nobody read it
		}
		b.require(t, b.table[int(at)%len(b.table)], "", "", body)
	})
}
