package tomlfile

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Place is where something stands in a file, both from 1; the zero Place is nowhere.
type Place struct{ Line, Column int }

// String returns "line:column".
func (p Place) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Places are where a file's keys stand: of a key its value, of a section its header. The second section of several with
// the same name is "name.1.key", the first "name.0.key".
type Places map[string]Place

// At returns where a key stands; where the file leaves it out, where the section around it begins, and the zero Place
// where there is none.
func (p Places) At(key string) Place {
	for {
		if place, found := p[key]; found {
			return place
		}
		dot := strings.LastIndexByte(key, '.')
		if dot < 0 {
			return Place{}
		}
		key = key[:dot]
	}
}

// find notes where everything stands in a text that was decoded before, and what stands as a number although it has to be
// written as a text: a duration of 45 would be read as 45 nanoseconds.
func find(text []byte, into reflect.Type) (Places, []Mistake) {
	var parser unstable.Parser
	parser.Reset(text)
	f := finder{parser: &parser, into: into, places: make(Places), counts: make(map[string]int)}
	section := ""
	for parser.NextExpression() {
		switch e := parser.Expression(); e.Kind {
		case unstable.Table:
			section = f.section(e, false)
		case unstable.ArrayTable:
			section = f.section(e, true)
		case unstable.KeyValue:
			f.keyValue(section, e)
		}
	}
	return f.places, f.unwritten
}

type finder struct {
	parser    *unstable.Parser
	into      reflect.Type
	places    Places
	counts    map[string]int // of sections that may stand several times
	unwritten []Mistake
}

// section notes a header and returns the name that the keys below have in front.
func (f *finder) section(e *unstable.Node, several bool) string {
	name, first := f.key("", e)
	if several {
		f.counts[name]++
		name += "." + strconv.Itoa(f.counts[name]-1)
	}
	f.note(name, first)
	return name
}

// keyValue notes a key's value, and those within a section that is written on one line.
func (f *finder) keyValue(section string, e *unstable.Node) {
	name, first := f.key(section, e)
	value := e.Value()
	switch {
	case value.Kind == unstable.InlineTable:
		f.note(name, first)
		for children := value.Children(); children.Next(); {
			f.keyValue(name, children.Node())
		}
	case value.Raw.Length > 0:
		f.note(name, value)
		if value.Kind != unstable.String && valueAt(f.into, strings.Split(name, ".")) == Written {
			f.unwritten = append(f.unwritten, Mistake{Place: f.places[name], Kind: Wrong, Key: name, Want: Written})
		}
	default: // a list, whose range is that of its parts
		f.note(name, first)
	}
}

// key is a dotted key with its section in front, and its first part.
func (f *finder) key(section string, e *unstable.Node) (string, *unstable.Node) {
	var parts []string
	if section != "" {
		parts = append(parts, section)
	}
	var first *unstable.Node
	for key := e.Key(); key.Next(); {
		if first == nil {
			first = key.Node()
		}
		parts = append(parts, string(key.Node().Data))
	}
	return strings.Join(parts, "."), first
}

func (f *finder) note(name string, at *unstable.Node) {
	start := f.parser.Shape(at.Raw).Start
	f.places[name] = Place{Line: start.Line, Column: start.Column}
}
