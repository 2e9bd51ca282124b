package world

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrScript marks text that is no script.
var ErrScript = errors.New("world: not a script")

// Action is one decision of a script: at a time something is done or goes wrong. As text it is a line:
//
//	12m3.5s sale till=0 amount=1250 method=code cancel=4s
type Action struct {
	At     time.Duration // since the world began
	Kind   string
	fields []field
}

// field is one name and value of an action.
type field struct{ name, value string }

// with returns the action with one more field.
func (a Action) with(name string, value any) Action {
	a.fields = append(slices.Clip(a.fields), field{name, fmt.Sprint(value)})
	return a
}

func (a Action) text(name string) string {
	for _, f := range a.fields {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// number is 0 for a field that is not there; Parse has seen that the others are numbers.
func (a Action) number(name string) int {
	n, _ := strconv.Atoi(a.text(name))
	return n
}

func (a Action) duration(name string) time.Duration {
	d, _ := time.ParseDuration(a.text(name))
	return d
}

func (a Action) is(name string) bool { return a.text(name) != "" }

// String returns the action's line.
func (a Action) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", a.At, a.Kind)
	for _, f := range a.fields {
		fmt.Fprintf(&b, " %s=%s", f.name, f.value)
	}
	return b.String()
}

// Script is everything that is decided of a run beforehand. What is drawn while it runs comes from Seed.
type Script struct {
	Seed    uint64
	Tills   int
	Length  time.Duration // until the faults stop
	Actions []Action      // by time
	// Notes are comment lines.
	Notes []string
}

// String returns the script as text.
func (s Script) String() string {
	var b strings.Builder
	for _, note := range s.Notes {
		fmt.Fprintf(&b, "# %s\n", note)
	}
	fmt.Fprintf(&b, "seed %d\ntills %d\nlength %s\n", s.Seed, s.Tills, s.Length)
	for _, a := range s.Actions {
		fmt.Fprintln(&b, a)
	}
	return b.String()
}

// Parse reads a script. Error: ErrScript.
func Parse(r io.Reader) (Script, error) {
	s := Script{Tills: 1}
	for lines, n := bufio.NewScanner(r), 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if note, is := strings.CutPrefix(line, "#"); is {
			s.Notes = append(s.Notes, strings.TrimSpace(note))
			continue
		}
		if line == "" {
			continue
		}
		if err := s.parse(strings.Fields(line)); err != nil {
			return Script{}, fmt.Errorf("%w: line %d: %w", ErrScript, n, err)
		}
	}
	slices.SortStableFunc(s.Actions, func(a, b Action) int { return int(a.At - b.At) })
	return s, nil
}

func (s *Script) parse(words []string) (err error) {
	if len(words) < 2 {
		return errors.New("one word")
	}
	switch words[0] {
	case "seed":
		s.Seed, err = strconv.ParseUint(words[1], 10, 64)
		return err
	case "tills":
		s.Tills, err = strconv.Atoi(words[1])
		if err == nil && (s.Tills < 1 || s.Tills > tillsMax) {
			err = fmt.Errorf("%d tills", s.Tills)
		}
		return err
	case "length":
		s.Length, err = time.ParseDuration(words[1])
		return err
	}
	a := Action{Kind: words[1]}
	if a.At, err = time.ParseDuration(words[0]); err != nil {
		return err
	}
	if kinds[a.Kind] == nil {
		return fmt.Errorf("nothing is called %q", a.Kind)
	}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		a.fields = append(a.fields, field{name, value})
	}
	s.Actions = append(s.Actions, a)
	return nil
}
