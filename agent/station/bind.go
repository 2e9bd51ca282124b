package station

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// detailInvalid is the detail of a problem whose mistakes stand in its errors.
const detailInvalid = "validation failed"

// bind fills an input struct from a request. Its fields say where they come from: `path`, `header` or `query` and the
// name there, with `default`, `minimum` and `maximum`; a field Body takes the JSON body, which may be left out when it
// is a pointer; structs may be embedded. It returns nil, or every mistake in one problem.
func bind(r *http.Request, in reflect.Value) *Problem {
	var found mistakes
	found.params(r, in)
	status := http.StatusUnprocessableEntity
	if body := in.FieldByName("Body"); body.IsValid() {
		content, err := io.ReadAll(r.Body) // wholeBody has it and has seen to its size
		switch {
		case err != nil:
			return invalid(http.StatusBadRequest, "the body broke off", found)
		case len(content) == 0 && body.Kind() != reflect.Pointer:
			return invalid(http.StatusBadRequest, "request body is required", found)
		case len(content) > 0:
			status = found.body(r.Header.Get("Content-Type"), content, body)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return invalid(status, detailInvalid, found)
}

// invalid is a problem with the request itself.
func invalid(status int, detail string, found mistakes) *Problem {
	problem := newProblem(catalogue.RefuseInvalid, detail)
	problem.Status, problem.Errors = status, found
	return problem
}

// params fills the fields that come from elsewhere than the body.
func (m *mistakes) params(r *http.Request, in reflect.Value) {
	for i := range in.NumField() {
		field := in.Type().Field(i)
		if field.Anonymous {
			m.params(r, in.Field(i))
			continue
		}
		place, name, text := paramOf(r, field.Tag)
		if text == "" {
			text = field.Tag.Get("default")
		}
		if text != "" {
			m.param(place+"."+name, text, in.Field(i), field.Tag)
		}
	}
}

// paramOf finds what a field's tag names; text is empty where the request says nothing.
func paramOf(r *http.Request, tag reflect.StructTag) (place, name, text string) {
	if name = tag.Get("path"); name != "" {
		return "path", name, r.PathValue(name)
	}
	if name = tag.Get("header"); name != "" {
		return "header", name, r.Header.Get(name)
	}
	if name = tag.Get("query"); name != "" {
		return "query", name, queryOf(r.URL.RawQuery, name)
	}
	return "", "", ""
}

// queryOf is the first value of a name in a query; a name alone is a yes.
func queryOf(query, name string) string {
	for pair := range strings.SplitSeq(query, "&") {
		key, value, hasValue := strings.Cut(pair, "=")
		if unescaped, err := url.QueryUnescape(key); err != nil || unescaped != name {
			continue
		}
		if !hasValue {
			return strconv.FormatBool(true)
		}
		unescaped, err := url.QueryUnescape(value)
		if err != nil {
			return ""
		}
		return unescaped
	}
	return ""
}

// param fills one field.
func (m *mistakes) param(at, text string, field reflect.Value, tag reflect.StructTag) {
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		value, err := strconv.ParseBool(text)
		if err != nil {
			m.add(at, "invalid boolean")
			return
		}
		field.SetBool(value)
	default:
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			m.add(at, "invalid integer")
			return
		}
		field.SetInt(value)
		m.bounds(at, float64(value), tag)
	}
}

// body fills the field Body and returns the status if there is a mistake.
func (m *mistakes) body(kind string, content []byte, field reflect.Value) int {
	if !isJSON(kind) {
		m.add("body", "unknown content type: "+kind)
		return http.StatusUnsupportedMediaType
	}
	var decoded any
	if err := json.Unmarshal(content, &decoded); err != nil {
		m.add("body", err.Error())
		return http.StatusBadRequest
	}
	before := len(*m)
	m.value("body", field.Type(), "", decoded)
	if len(*m) > before {
		return http.StatusUnprocessableEntity
	}
	// What passed as a number may still not fit: 1e3 is whole and no integer to encoding/json.
	if err := json.Unmarshal(content, field.Addr().Interface()); err != nil {
		m.add("body", err.Error())
	}
	setDefaults(reflect.Indirect(field))
	return http.StatusUnprocessableEntity
}

// isJSON tells from a Content-Type; none at all is JSON too. Anything else, and first of all what a form on a web page
// can send, is not read.
func isJSON(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	if _, suffix, found := strings.Cut(kind, "+"); found {
		return suffix == "json"
	}
	return kind == "" || kind == "application/json" || kind == "json"
}

// setDefaults fills text that was left out or is empty.
func setDefaults(body reflect.Value) {
	for i := range body.NumField() {
		if text := body.Type().Field(i).Tag.Get("default"); text != "" && body.Field(i).IsZero() {
			body.Field(i).SetString(text)
		}
	}
}

// mistakes are what is wrong with a request. Values are never repeated: one may be what must not be echoed.
type mistakes []FieldDetail

func (m *mistakes) add(at, message string) {
	*m = append(*m, FieldDetail{Location: at, Message: message})
}
