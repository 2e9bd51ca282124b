package scanner

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrScript marks a step or a script line that makes no sense.
var ErrScript = errors.New("scanner: no such step")

// Action is what a step does.
type Action uint8

// The actions, each with its line in a script.
const (
	Scan         Action = iota + 1 // scan TEXT: a symbol as it should be
	Split                          // split GAP TEXT: byte by byte, with a gap such as 5ms between
	Double                         // double TEXT: the symbol twice in one piece
	Half                           // half TEXT: the first half of the symbol, without terminator
	Garbage                        // garbage COUNT: so many bytes of noise, without terminator
	OverLong                       // over-long COUNT: a symbol of so many digits
	Wait                           // wait GAP: silence
	HangUp                         // hang-up: the cable is pulled
	HangUpWithin                   // hang-up-within TEXT: the cable is pulled after the first half
	PlugIn                         // plug-in: the cable is put back
)

// actionNames are the words of a script.
func actionNames() []string {
	return []string{
		Scan: "scan", Split: "split", Double: "double", Half: "half", Garbage: "garbage", OverLong: "over-long",
		Wait: "wait", HangUp: "hang-up", HangUpWithin: "hang-up-within", PlugIn: "plug-in",
	}
}

// String returns the action's word in a script.
func (a Action) String() string {
	names := actionNames()
	if a == 0 || int(a) >= len(names) {
		return "invalid"
	}
	return names[a]
}

// ParseAction returns the action of a word, or ErrScript.
func ParseAction(word string) (Action, error) {
	for i, name := range actionNames() {
		if i > 0 && name == word {
			return Action(i), nil
		}
	}
	return 0, fmt.Errorf("parse action %q: %w", word, ErrScript)
}

// Step is one thing a scanner does.
type Step struct {
	Action Action
	// Text is the symbol, for Scan, Split, Double, Half and HangUpWithin.
	Text string
	// Count is a number of bytes, for Garbage and OverLong.
	Count int
	// Gap is the pause between two bytes for Split, and the length of Wait.
	Gap time.Duration
}

// validate returns ErrScript for a step that lacks what its action needs.
func (s Step) validate() error {
	_, gap, count, text := s.Action.needs()
	switch {
	case s.Action.String() == "invalid", gap && s.Gap <= 0, !gap && s.Gap != 0, text && s.Text == "":
		return fmt.Errorf("check step %s: %w", s.Action, ErrScript)
	case count && s.Count <= 0:
		return fmt.Errorf("check step %s: %w", s.Action, ErrScript)
	case s.Count > bytesMax:
		return fmt.Errorf("check step %s: %w", s.Action, ErrTooMuch)
	}
	return nil
}

// needs says what follows the action's word, and how many words before the text that is.
func (a Action) needs() (words int, gap, count, text bool) {
	switch a {
	case Split:
		return 1, true, false, true
	case Wait:
		return 1, true, false, false
	case Garbage, OverLong:
		return 1, false, true, false
	case Scan, Double, Half, HangUpWithin:
		return 0, false, false, true
	default:
		return 0, false, false, false
	}
}

// ParseScript reads a script: one step a line, empty lines and lines of "#" are comments. Errors name the line and wrap
// ErrScript.
func ParseScript(script string) ([]Step, error) {
	var steps []Step
	number := 0
	for line := range strings.Lines(script) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		step, err := parseStep(line)
		if err != nil {
			return nil, fmt.Errorf("parse script: line %d: %w", number, err)
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func parseStep(line string) (Step, error) {
	word, rest, _ := strings.Cut(line, " ")
	action, err := ParseAction(word)
	if err != nil {
		return Step{}, err
	}
	step := Step{Action: action}
	words, gap, count, text := action.needs()
	argument := ""
	if words > 0 {
		argument, rest, _ = strings.Cut(strings.TrimSpace(rest), " ")
	}
	if gap {
		if step.Gap, err = time.ParseDuration(argument); err != nil {
			return Step{}, fmt.Errorf("%w: %w", ErrScript, err)
		}
	}
	if count {
		if step.Count, err = strconv.Atoi(argument); err != nil {
			return Step{}, fmt.Errorf("%w: %w", ErrScript, err)
		}
	}
	if rest = strings.TrimSpace(rest); rest != "" && !text {
		return Step{}, fmt.Errorf("%w: too many words", ErrScript)
	}
	step.Text = rest
	return step, step.validate()
}
