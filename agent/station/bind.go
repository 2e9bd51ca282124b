package station

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// bind fills an input struct from a request. Its fields say where they come from: `path`, `header` or `query` and the
// name there, with `default`, `minimum` and `maximum`; a field Body takes the JSON body, which may be left out when it
// is a pointer; structs may be embedded. It returns nil, or every mistake in one problem.
func bind(r *http.Request, in reflect.Value) *Problem {
	var found mistakes
	if found.repeated(r, in.Type()); len(found) > 0 {
		return invalid(http.StatusBadRequest, Words{}, found)
	}
	found.params(r, in)
	status := http.StatusUnprocessableEntity
	if body := in.FieldByName("Body"); body.IsValid() {
		content, err := io.ReadAll(r.Body) // wholeBody has it and has seen to its size
		switch {
		case err != nil:
			return invalid(http.StatusBadRequest, catalogue.BodyBroke(), found)
		case len(content) == 0 && body.Kind() != reflect.Pointer:
			return invalid(http.StatusBadRequest, catalogue.NoBody(), found)
		case len(content) > 0:
			status = found.body(r.Header.Get("Content-Type"), content, body)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return invalid(status, Words{}, found)
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

// repeated notes headers that stand twice in a request: of two programs one goes by the first, another by the last or by both
// together.
func (m *mistakes) repeated(r *http.Request, in reflect.Type) {
	for i := range in.NumField() {
		field := in.Field(i)
		if field.Anonymous {
			m.repeated(r, field.Type)
			continue
		}
		if name := field.Tag.Get("header"); name != "" && len(r.Header.Values(name)) > 1 {
			m.add("header."+name, catalogue.FieldTwice())
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
			m.add(at, catalogue.NotYesNo())
			return
		}
		field.SetBool(value)
	default:
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			m.add(at, catalogue.NotWhole())
			return
		}
		field.SetInt(value)
		m.bounds(at, float64(value), tag)
	}
}

// body fills the field Body and returns the status if there is a mistake.
func (m *mistakes) body(kind string, content []byte, field reflect.Value) int {
	if !isJSON(kind) {
		m.add("header.Content-Type", catalogue.NotJSONType())
		return http.StatusUnsupportedMediaType
	}
	var decoded any
	status, err := http.StatusUnprocessableEntity, json.Unmarshal(content, &decoded)
	var beyond *json.UnmarshalTypeError
	if errors.As(err, &beyond) { // it is JSON, with a number in it that no float64 holds
		status = http.StatusBadRequest
		decoded, err = asWritten(content)
	}
	if err != nil {
		m.add(atBody, notJSON(content, err))
		return http.StatusBadRequest
	}
	before := len(*m)
	m.value(atBody, field.Type(), "", decoded)
	if len(*m) > before {
		return status
	}
	if err := json.Unmarshal(content, field.Addr().Interface()); err != nil {
		m.unfit(err)
	}
	setDefaults(reflect.Indirect(field))
	return status
}

// asWritten decodes JSON with its numbers as they are written.
func asWritten(content []byte) (decoded any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	return decoded, decoder.Decode(&decoded)
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

func (m *mistakes) add(at string, what Words) {
	*m = append(*m, FieldDetail{Location: at, Message: what.English, Text: what})
}

// atBody is where the body's mistakes are.
const atBody = "body"

// fieldAt is a location's field, without the place that it comes from.
func fieldAt(location string) string {
	_, field, within := strings.Cut(location, ".")
	if !within {
		return location
	}
	return field
}

// notJSON says where a body stops being JSON, in place of encoding/json's own words.
func notJSON(content []byte, err error) Words {
	if whole := json.NewDecoder(bytes.NewReader(content)).Decode(new(any)); errors.Is(whole, io.ErrUnexpectedEOF) || errors.Is(whole, io.EOF) {
		return catalogue.CutShort()
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return catalogue.NotJSON(syntax.Offset)
	}
	return catalogue.NotObject()
}

// unfit says which field does not fit its type although its value passed, in place of encoding/json's own words.
func (m *mistakes) unfit(err error) {
	var unfit *json.UnmarshalTypeError
	if !errors.As(err, &unfit) {
		m.add(atBody, catalogue.NotObject())
		return
	}
	least, most := rangeOf(unfit.Type)
	at, number := atBody+"."+unfit.Field, strings.TrimPrefix(unfit.Value, "number ")
	digits, below := strings.CutPrefix(number, "-")
	switch {
	case strings.Trim(digits, "0123456789") != "": // 1e3 is whole, and no integer to encoding/json
		m.add(at, catalogue.NotWhole())
	case below:
		m.add(at, catalogue.Below(strconv.FormatInt(least, 10)))
	default:
		m.add(at, catalogue.Above(strconv.FormatInt(most, 10)))
	}
}
