package crashtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// The errors of a run that came to its end.
var (
	// ErrBroken says that a power cut broke a promise.
	ErrBroken = errors.New("crashtest: a power cut broke a promise")
	// ErrControl says that a mistake made on purpose was not noticed, so that the run says nothing.
	ErrControl = errors.New("crashtest: a mistake made on purpose was not noticed")
)

// findingsMax bounds the findings that are described.
const findingsMax = 20

// Result is what a run found.
type Result struct {
	// Images were opened, looked at and worked on; CrashPoints are the different moments at which the power was cut.
	Images, CrashPoints int
	// Lost counts images without something acknowledged, Doubled with something twice, Refused those that would not
	// open, Unexplained those with anything else that nobody wrote.
	Lost, Doubled, Refused, Unexplained int
	// Findings describes the first of them, with the seed and the operation.
	Findings []string
	Parts    []Part
	Controls []Control
}

// Part is one database's share.
type Part struct {
	Name     string // such as "journal replay" or "store live"
	Images   int
	Duration time.Duration
}

// Control is a mistake made on purpose.
type Control struct {
	Database, Mistake string
	// Images is how many it took until it was noticed.
	Images int
	Caught bool
	// Finding is how it was noticed.
	Finding string
}

// Err returns ErrBroken or ErrControl with what was found, or nil.
func (r Result) Err() error {
	var errs []error
	if n := r.Lost + r.Doubled + r.Refused + r.Unexplained; n > 0 {
		errs = append(errs, fmt.Errorf("%w: %d of %d images: %s", ErrBroken, n, r.Images, strings.Join(r.Findings, "; ")))
	}
	for _, c := range r.Controls {
		if !c.Caught {
			errs = append(errs, fmt.Errorf("%w: %s, %s, %d images", ErrControl, c.Database, c.Mistake, c.Images))
		}
	}
	return errors.Join(errs...)
}

// tally counts images; several goroutines may do so.
type tally struct {
	mu       sync.Mutex
	result   Result
	findings []numbered
}

type numbered struct {
	number int
	text   string
}

// image takes one image's error, if any, and returns whether there was one. number orders the findings.
func (t *tally) image(err error, number int, where string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.Images++
	if err == nil {
		return false
	}
	switch verdictOf(err) {
	case lost:
		t.result.Lost++
	case doubled:
		t.result.Doubled++
	case refused:
		t.result.Refused++
	case unexplained:
		t.result.Unexplained++
	}
	t.findings = append(t.findings, numbered{number: number, text: where + ": " + err.Error()})
	return true
}

// point counts a moment at which the power was cut.
func (t *tally) point() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.result.CrashPoints++
}

func (t *tally) sort() {
	slices.SortStableFunc(t.findings, func(a, b numbered) int { return a.number - b.number })
}

// first returns the finding of the lowest number, if there is one.
func (t *tally) first() (numbered, bool) {
	if len(t.findings) == 0 {
		return numbered{}, false
	}
	t.sort()
	return t.findings[0], true
}

// foundBefore reports whether there is a finding of a lower number.
func (t *tally) foundBefore(number int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.findings, func(f numbered) bool { return f.number < number })
}

// into adds the tally to a result.
func (t *tally) into(r *Result) {
	r.Images += t.result.Images
	r.CrashPoints += t.result.CrashPoints
	r.Lost += t.result.Lost
	r.Doubled += t.result.Doubled
	r.Refused += t.result.Refused
	r.Unexplained += t.result.Unexplained
	t.sort()
	for _, f := range t.findings {
		if len(r.Findings) < findingsMax {
			r.Findings = append(r.Findings, f.text)
		}
	}
}
