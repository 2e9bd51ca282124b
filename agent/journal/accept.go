package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

var (
	// ErrSure: the journal opens by itself, so that nobody has to accept it.
	ErrSure = errors.New("journal: nothing to accept")
	// ErrDecision: it is not said who accepts a journal, and why.
	ErrDecision = errors.New("journal: accepted by nobody, or for no reason")
)

// Accept opens a journal that is refused with ErrUnsure, writes down who decided so, and closes it: from then on it opens by
// itself. It returns what is in it without that record.
//
// The refusal stands where a program can find out more than a person: nothing is accepted that lacks a record which the lock
// file names, which at worst was about to be written, or whose chain, tags, open sales or pages are not whole. What is left is
// that the last records before the power cut may be gone without a trace, and nobody at the till can tell; what the cloud
// had of them it misses at the next sign-in, and says so as of any older copy. A signed payment of a hard wallet that was
// not sent yet is what may be lost in earnest, which is why a person decides and the record goes to the cloud as a fault of
// the journal, which alarms somebody there.
//
// The lock is taken throughout, and the journal is only ever marked as in use by opening it: who is stopped before the record
// is written may find the journal open to all, and the decision with nobody's name.
//
// Errors: ErrSure, ErrDecision, and those of Open.
func Accept(ctx context.Context, config Config, by, why string) (report Report, err error) {
	by, why = strings.Join(strings.Fields(by), " "), strings.Join(strings.Fields(why), " ")
	if by == "" || why == "" {
		return Report{}, ErrDecision
	}
	if err := config.Validate(); err != nil {
		return Report{}, err
	}
	if config.Disk == nil {
		config.Disk = machineDisk{}
	}
	held, err := takeLock(config.Disk, config.Path+lockSuffix)
	if err != nil {
		return Report{}, sayFull(err)
	}
	j := newJournal(config, held)
	if report, err = j.accept(ctx); err != nil {
		return report, errors.Join(j.explain(err), j.release())
	}
	_, err = j.Append(ctx, Entry{Type: record.DeviceFault, Body: &message.DeviceFault{
		Device: "journal", Fault: fmt.Sprintf("accepted without its log as it ended at record %d, by %s: %s", report.Last, by, why),
	}})
	return report, errors.Join(err, j.Close())
}

// accept verifies what is there and opens it.
func (j *Journal) accept(ctx context.Context) (Report, error) {
	if err := j.hold(0); err != nil {
		return Report{}, err
	}
	refusal := j.checkWAL(ctx)
	switch {
	case refusal == nil:
		return Report{}, ErrSure
	case !errors.Is(refusal, ErrUnsure):
		return Report{}, refusal
	}
	report, err := j.readAlone(ctx, j.lock.left.last, true)
	if err != nil {
		return Report{}, &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w; %w", errCut, err)}
	}
	j.lock.left.walSize = 0 // the person's word in place of the log
	return report, j.open(ctx)
}
