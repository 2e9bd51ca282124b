// Package action is what a simulated machine's control port does: one table comes in, its HTTP handler and the help that
// lists every action leave, so that neither lags behind the other.
package action

import (
	"encoding"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// Action is one thing that can be asked for.
type Action struct {
	// Pattern is what http.ServeMux takes, such as "POST /scan".
	Pattern string
	// Text says what it does, Chinese first.
	Text string
	// Body is a zero value of the request's body, a struct with json tags and texts in doc tags; nil for none.
	Body any
	// Names are the words that the path or a field of the body takes, with what each is.
	Names []Name
	// Example is a request in full, Path with a body where there is one; empty gives none.
	Example Example
	Serve   http.HandlerFunc
}

// Name is a word and what it means.
type Name struct{ Word, Text string }

// Example is a request by its path and its JSON.
type Example struct{ Path, Body string }

// Handler serves the actions, and their list at GET /.
func Handler(actions []Action) http.Handler {
	mux := http.NewServeMux()
	for _, a := range actions {
		mux.HandleFunc(a.Pattern, a.Serve)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		// A client that went away is not told anything more.
		_, _ = io.WriteString(w, Help("http://"+r.Host, actions))
	})
	return mux
}

// Help lists the actions with their bodies' fields, and an example for the port at an address.
func Help(address string, actions []Action) string {
	var b strings.Builder
	b.WriteString("GET /  本说明 · this list\n")
	for _, a := range actions {
		fmt.Fprintf(&b, "%s  %s\n", a.Pattern, a.Text)
		for _, field := range fieldsOf(a.Body) {
			b.WriteString(line("    %-14s %-7s %s", field.name, field.kind, field.text))
		}
		for _, name := range a.Names {
			b.WriteString(line("    = %-24s %s", name.Word, name.Text))
		}
		if a.Example.Path != "" {
			fmt.Fprintf(&b, "    $ %s\n", a.Example.Curl(address))
		}
	}
	return b.String()
}

func line(format string, values ...any) string {
	return strings.TrimRight(fmt.Sprintf(format, values...), " ") + "\n"
}

// Curl is the example as a person types it. No example has a quote in it.
func (e Example) Curl(address string) string {
	if e.Body == "" {
		return fmt.Sprintf("curl -X POST %s%s", address, e.Path)
	}
	return fmt.Sprintf("curl -d '%s' %s%s", e.Body, address, e.Path)
}

type field struct{ name, kind, text string }

// fieldsOf reads a body's fields from its type.
func fieldsOf(body any) []field {
	if body == nil {
		return nil
	}
	kind := reflect.TypeOf(body)
	fields := make([]field, 0, kind.NumField())
	for i := range kind.NumField() {
		f := kind.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if text := f.Tag.Get("doc"); name != "" && text != "-" {
			fields = append(fields, field{name: name, kind: kindOf(f.Type), text: text})
		}
	}
	return fields
}

// kindOf is how a value is written in JSON.
func kindOf(kind reflect.Type) string {
	switch {
	case kind.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "text"
	case kind.Kind() == reflect.Pointer:
		return kindOf(kind.Elem())
	case kind.Kind() == reflect.Bool:
		return "bool"
	case kind.Kind() == reflect.String:
		return "text"
	case kind.Kind() == reflect.Slice:
		return "base64"
	default:
		return "number"
	}
}
