// Package tomlfile reads the settings files of terminal and cloud: TOML text and the struct to fill come in, the place of
// every key leaves, or each mistake with its place and what is wrong there.
package tomlfile

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Kind is what is wrong with a file, as far as a struct can tell.
type Kind uint8

// The kinds.
const (
	Syntax  Kind = iota + 1 // not TOML
	Unknown                 // a key that there is not
	Twice                   // a key or section that stands twice
	Wrong                   // a value of the wrong kind
)

// Value is the kind of value that a key takes.
type Value uint8

// The kinds of value.
const (
	Section  Value = iota + 1
	Sections       // a section that may stand several times
	Text
	Texts
	Number // a whole number of 64 bits
	YesNo
	Written // a text with rules of its own, such as a duration
)

// Mistake is one mistake in a file.
type Mistake struct {
	Place Place
	Kind  Kind
	Key   string // with dots; empty where the mistake is of no key
	// Want is what the key takes, of a Wrong value.
	Want Value
	// Cause is what the TOML reader says of a Syntax mistake, in English.
	Cause string
}

// Error lists the mistakes of a file, in its order.
type Error struct {
	Path     string
	Mistakes []Mistake
}

// Error implements error. It is for logs; people read the mistakes in their own language.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Mistakes))
	for _, m := range e.Mistakes {
		lines = append(lines, fmt.Sprintf("%s:%s: %s %s", e.Path, m.Place, m.Key, m.Cause))
	}
	return "tomlfile: " + strings.Join(lines, "; ")
}

// Decode fills a struct, strictly: what the text leaves out stays as it is, and a key without a field is a mistake. It
// returns where the keys stand, or *Error.
func Decode(path string, text []byte, into any) (Places, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // editors on other systems begin a file with it
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(into)
	var unknown *toml.StrictMissingError
	var mistake *toml.DecodeError
	switch {
	case err == nil:
		places, unwritten := find(text, reflect.TypeOf(into))
		if len(unwritten) > 0 {
			return nil, &Error{Path: path, Mistakes: unwritten}
		}
		return places, nil
	case errors.As(err, &unknown):
		found := &Error{Path: path}
		for i := range unknown.Errors {
			one := &unknown.Errors[i]
			found.Mistakes = append(found.Mistakes, Mistake{Place: placeOf(one), Kind: Unknown, Key: strings.Join(one.Key(), ".")})
		}
		return nil, found
	case errors.As(err, &mistake):
		return nil, &Error{Path: path, Mistakes: []Mistake{classify(mistake, reflect.TypeOf(into))}}
	default:
		return nil, &Error{Path: path, Mistakes: []Mistake{{Kind: Syntax, Cause: err.Error()}}}
	}
}

func placeOf(at *toml.DecodeError) Place {
	line, column := at.Position()
	return Place{Line: line, Column: column}
}

// classify tells a value of the wrong kind from text that is no TOML: the reader's own words are about Go.
func classify(mistake *toml.DecodeError, into reflect.Type) Mistake {
	m := Mistake{Place: placeOf(mistake), Key: strings.Join(mistake.Key(), ".")}
	said := strings.TrimPrefix(mistake.Error(), "toml: ")
	switch want := valueAt(into, mistake.Key()); {
	case strings.HasSuffix(said, "already exists"), strings.HasSuffix(said, "is already defined"):
		m.Kind = Twice
	case len(mistake.Key()) > 0 && want != 0:
		m.Kind, m.Want = Wrong, want
	default:
		m.Kind, m.Cause = Syntax, said
	}
	return m
}

// valueAt is what the key's field takes; 0 where there is no such field.
func valueAt(t reflect.Type, key []string) Value {
	for t.Kind() == reflect.Pointer || len(key) > 0 && t.Kind() == reflect.Slice {
		if _, err := strconv.Atoi(firstOf(key)); err == nil && t.Kind() == reflect.Slice {
			key = key[1:] // which of several sections
		}
		t = t.Elem()
	}
	if len(key) == 0 {
		return valueOf(t)
	}
	if t.Kind() != reflect.Struct {
		return 0
	}
	for _, field := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(field.Tag.Get("toml"), ","); name == key[0] {
			return valueAt(field.Type, key[1:])
		}
	}
	return 0
}

// firstOf is a key's first part, or nothing.
func firstOf(key []string) string {
	if len(key) == 0 {
		return ""
	}
	return key[0]
}

func valueOf(t reflect.Type) Value {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return Written
	}
	switch t.Kind() {
	case reflect.Struct:
		return Section
	case reflect.String:
		return Text
	case reflect.Bool:
		return YesNo
	case reflect.Slice:
		if slices.Contains([]reflect.Kind{reflect.Struct, reflect.Pointer}, t.Elem().Kind()) {
			return Sections
		}
		return Texts
	default:
		return Number
	}
}
