package station

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// value compares a decoded JSON value, its numbers as float64 or as they are written, with the Go type that it is meant
// for and the tags there: `minimum`, `maximum`, `maxLength` in characters, `maxItems`, and `enum` of a text or of a list's
// texts. TestTagsAreKnown refuses other tags and types.
func (m *mistakes) value(at string, t reflect.Type, tag reflect.StructTag, v any) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		if _, ok := v.(bool); !ok {
			m.add(at, catalogue.NotYesNo())
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
	if exact, is := v.(json.Number); is {
		var err error
		if number, err = exact.Float64(); err != nil { // infinite
			m.beyond(at, t, number, tag)
			return
		}
		ok = true
	}
	if !ok {
		m.add(at, catalogue.NotWhole())
		return
	}
	if number != math.Trunc(number) {
		m.add(at, catalogue.NotWhole())
	}
	if t.Kind() == reflect.Uint32 && number < 0 {
		m.add(at, catalogue.Below("0"))
	}
	m.bounds(at, number, tag)
}

// beyond says of an infinite number which bound it is beyond: the tag's, else the type's.
func (m *mistakes) beyond(at string, t reflect.Type, number float64, tag reflect.StructTag) {
	before := len(*m)
	m.bounds(at, number, tag)
	least, most := rangeOf(t)
	switch {
	case len(*m) > before:
	case number < 0:
		m.add(at, catalogue.Below(strconv.FormatInt(least, 10)))
	default:
		m.add(at, catalogue.Above(strconv.FormatInt(most, 10)))
	}
}

// rangeOf is what an integer's type holds.
func rangeOf(t reflect.Type) (least, most int64) {
	if t.Kind() == reflect.Uint32 {
		return 0, math.MaxUint32
	}
	return math.MinInt64, math.MaxInt64
}

func (m *mistakes) bounds(at string, number float64, tag reflect.StructTag) {
	if bound, has := boundOf(tag, "minimum"); has && number < bound {
		m.add(at, catalogue.Below(plain(bound)))
	}
	if bound, has := boundOf(tag, "maximum"); has && number > bound {
		m.add(at, catalogue.Above(plain(bound)))
	}
}

// plain writes a bound as a person does, also one of twelve digits.
func plain(bound float64) string { return strconv.FormatFloat(bound, 'f', -1, 64) }

// boundOf reads a tag with a number; TestTagsAreKnown sees to it that it is one.
func boundOf(tag reflect.StructTag, name string) (float64, bool) {
	bound, err := strconv.ParseFloat(tag.Get(name), 64)
	return bound, err == nil
}

func (m *mistakes) text(at string, tag reflect.StructTag, v any) {
	text, ok := v.(string)
	if !ok {
		m.add(at, catalogue.NotText())
		return
	}
	if most, has := boundOf(tag, "maxLength"); has && utf8.RuneCountInString(text) > int(most) {
		m.add(at, catalogue.CharactersMost(int(most)))
	}
	if enum := tag.Get("enum"); enum != "" {
		if allowed := strings.Split(enum, ","); !slices.Contains(allowed, text) {
			m.add(at, catalogue.NotOneOf(allowed))
		}
	}
}

func (m *mistakes) time(at string, v any) {
	text, ok := v.(string)
	if _, err := time.Parse(time.RFC3339, text); !ok || err != nil {
		m.add(at, catalogue.NotTime())
	}
}

func (m *mistakes) list(at string, item reflect.Type, tag reflect.StructTag, v any) {
	list, ok := v.([]any)
	if !ok {
		m.add(at, catalogue.NotList())
		return
	}
	if most, has := boundOf(tag, "maxItems"); has && len(list) > int(most) {
		m.add(at, catalogue.ItemsMost(int(most)))
	}
	for i, one := range list {
		m.value(at+"["+strconv.Itoa(i)+"]", item, tag, one)
	}
}

func (m *mistakes) entries(at string, item reflect.Type, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		m.add(at, catalogue.NotObject())
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
		m.add(at, catalogue.NotObject())
		return
	}
	known := make(map[string]bool, t.NumField())
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		required := options != "omitempty"
		value, has := object[name] // in this case of letters only, whatever encoding/json would take
		known[name] = true
		switch {
		case !has && required:
			m.add(at+"."+name, catalogue.FieldMissing())
		case has && (required || value != nil):
			m.value(at+"."+name, field.Type, field.Tag, value)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !known[key] {
			m.add(at+"."+key[:min(len(key), keyShown)], catalogue.FieldUnknown())
		}
	}
}
