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

// word is an action's in a script, and what it means, Chinese first.
type word struct{ name, text string }

// words are those of a script, by action.
func words() []word {
	return []word{
		Scan: {"scan", "正常扫码 · as it should be"}, Split: {"split", "逐字节，间隔 gap · byte by byte, with gaps"},
		Double: {"double", "连扫两次 · twice in one piece"}, Half: {"half", "只有前一半 · the first half only"},
		Garbage: {"garbage", "count 字节杂音 · so many bytes of noise"}, OverLong: {"over-long", "count 位的码 · a code of so many digits"},
		Wait: {"wait", "静默 gap · silence"}, HangUp: {"hang-up", "拔下 · the cable is pulled"},
		HangUpWithin: {"hang-up-within", "扫到一半拔下 · the cable is pulled half way"}, PlugIn: {"plug-in", "插回 · it is put back"},
	}
}

// Actions are all there are.
func Actions() []Action {
	actions := make([]Action, 0, int(PlugIn))
	for action := Scan; action <= PlugIn; action++ {
		actions = append(actions, action)
	}
	return actions
}

// String returns the action's word in a script.
func (a Action) String() string {
	if a == 0 || a > PlugIn {
		return "invalid"
	}
	return words()[a].name
}

// Text says what the action does, Chinese first.
func (a Action) Text() string { return words()[a].text }

// ParseAction returns the action of a word, or ErrScript.
func ParseAction(word string) (Action, error) {
	for _, action := range Actions() {
		if action.String() == word {
			return action, nil
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
