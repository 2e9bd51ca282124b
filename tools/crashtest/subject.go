package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

// subject is one of the two databases under test: production code, a workload on it, and an account of its own of what
// must be there. It is used by one goroutine.
type subject interface {
	// open starts the production code on the disk.
	open(ctx context.Context) error
	// work makes the next few commits. An error is the production code's.
	work(ctx context.Context, r *rand.Rand) error
	// rest lets the production code do what it does when nobody wants anything.
	rest(ctx context.Context) error
	// shut closes it as a program that ends does.
	shut() error
	// died says that the process was killed: what it had only in memory is gone.
	died()
	// look compares everything that can be read with what must be there. What was on its way at a power cut may be
	// there, wholly and in order; from then on it must be. It returns a *finding.
	look(ctx context.Context) error
	// count is how many commits were acknowledged, which is also the last mark on the disk.
	count() int
	// at returns the subject as it was after so many commits, the next ones on their way, on whatever disk; again means
	// that it will be opened twice. Counts must not fall from call to call.
	at(commits int, again bool) func(*crashdisk.Disk) subject
}

// verdict says what is wrong.
type verdict uint8

const (
	lost        verdict = iota + 1 // something acknowledged is not there
	doubled                        // something is there twice
	refused                        // production code does not open what a power cut left
	unexplained                    // anything else: something that nobody wrote, or half of it
)

// String returns the verdict's name.
func (v verdict) String() string {
	return [...]string{"", "lost", "doubled", "refused", "unexplained"}[v]
}

// finding is a broken promise.
type finding struct {
	verdict verdict
	cause   error
}

// Error implements error.
func (f *finding) Error() string { return fmt.Sprintf("%v: %v", f.verdict, f.cause) }

// Unwrap returns the cause.
func (f *finding) Unwrap() error { return f.cause }

func found(v verdict, format string, arguments ...any) error {
	return &finding{verdict: v, cause: fmt.Errorf(format, arguments...)}
}

// verdictOf takes an error that is no finding for something unexplained.
func verdictOf(err error) verdict {
	var f *finding
	if errors.As(err, &f) {
		return f.verdict
	}
	return unexplained
}

// inFlight bounds how many commits behind the last acknowledged one can have been on their way.
const inFlight = 3

// settle finds the commits that had reached the disk: the first prefix of those on their way with which the model is
// what was read. The error is that of the acknowledged state.
func settle[M any, C any](model M, flight []C, with func(M, C) M, compare func(M) error) (M, int, error) {
	err := compare(model)
	if err == nil {
		return model, 0, nil
	}
	next := model
	for i, c := range flight {
		next = with(next, c)
		if compare(next) == nil {
			return next, i + 1, nil
		}
	}
	return model, 0, err
}
