package station

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// value compares a decoded JSON value with the Go type that it is meant for and the tags there: `minimum`, `maximum`,
// `maxLength` in characters, `maxItems`, and `enum` of a text or of a list's texts. TestTagsAreKnown refuses other tags
// and types.
func (m *mistakes) value(at string, t reflect.Type, tag reflect.StructTag, v any) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			m.add(at, "expected boolean")
		}
	case reflect.Int64, reflect.Uint32:
		m.number(at, t, tag, v)
	case reflect.String:
		m.text(at, tag, v)
	case reflect.Slice:
		m.list(at, t.Elem(), tag, v)
	case reflect.Map:
		m.entries(at, t.Elem(), v)
	default:
		if t == reflect.TypeFor[time.Time]() {
			m.time(at, v)
			return
		}
		m.object(at, t, v)
	}
}

func (m *mistakes) number(at string, t reflect.Type, tag reflect.StructTag, v any) {
	number, ok := v.(float64)
	if !ok {
		m.add(at, "expected integer")
		return
	}
	if number != math.Trunc(number) {
		m.add(at, "expected integer")
	}
	if t.Kind() == reflect.Uint32 && number < 0 {
		m.add(at, "expected number >= 0")
	}
	m.bounds(at, number, tag)
}

func (m *mistakes) bounds(at string, number float64, tag reflect.StructTag) {
	if bound, has := boundOf(tag, "minimum"); has && number < bound {
		m.add(at, fmt.Sprintf("expected number >= %v", bound))
	}
	if bound, has := boundOf(tag, "maximum"); has && number > bound {
		m.add(at, fmt.Sprintf("expected number <= %v", bound))
	}
}

// boundOf reads a tag with a number; TestTagsAreKnown sees to it that it is one.
func boundOf(tag reflect.StructTag, name string) (float64, bool) {
	bound, err := strconv.ParseFloat(tag.Get(name), 64)
	return bound, err == nil
}

func (m *mistakes) text(at string, tag reflect.StructTag, v any) {
	text, ok := v.(string)
	if !ok {
		m.add(at, "expected string")
		return
	}
	if most, has := boundOf(tag, "maxLength"); has && utf8.RuneCountInString(text) > int(most) {
		m.add(at, fmt.Sprintf("expected length <= %d", int(most)))
	}
	if enum := tag.Get("enum"); enum != "" {
		if allowed := strings.Split(enum, ","); !slices.Contains(allowed, text) {
			m.add(at, fmt.Sprintf("expected value to be one of %q", strings.Join(allowed, ", ")))
		}
	}
}

func (m *mistakes) time(at string, v any) {
	text, ok := v.(string)
	if !ok {
		m.add(at, "expected string")
		return
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil {
		m.add(at, "expected string to be RFC 3339 date-time")
	}
}

func (m *mistakes) list(at string, item reflect.Type, tag reflect.StructTag, v any) {
	list, ok := v.([]any)
	if !ok {
		m.add(at, "expected array")
		return
	}
	if most, has := boundOf(tag, "maxItems"); has && len(list) > int(most) {
		m.add(at, fmt.Sprintf("expected array length <= %d", int(most)))
	}
	for i, one := range list {
		m.value(at+"["+strconv.Itoa(i)+"]", item, tag, one)
	}
}

func (m *mistakes) entries(at string, item reflect.Type, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		m.add(at, "expected object")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		m.value(at+"."+key, item, "", object[key])
	}
}

// object compares field by field. A field is required unless it is omitempty; one that is not may be null.
func (m *mistakes) object(at string, t reflect.Type, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		m.add(at, "expected object")
		return
	}
	known := make(map[string]bool, t.NumField())
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		required := options != "omitempty"
		key, has := keyFor(object, name)
		known[key] = true
		switch {
		case !has && required:
			m.add(at, fmt.Sprintf("expected required property %s to be present", name))
		case has && (required || object[key] != nil):
			m.value(at+"."+name, field.Type, field.Tag, object[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !known[key] {
			m.add(at+"."+key, "unexpected property")
		}
	}
}

// keyFor finds a field's key as encoding/json does, in whatever case.
func keyFor(object map[string]any, name string) (string, bool) {
	if _, has := object[name]; has {
		return name, true
	}
	for key := range object {
		if strings.EqualFold(key, name) {
			return key, true
		}
	}
	return name, false
}
