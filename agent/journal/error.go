package journal

import (
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/record"
)

// The errors of this package. What to do about an error that ends a program is in the catalogue, and whoever tells the
// error says it.
var (
	// ErrNoEpoch: nothing can be tagged before the first sign-in.
	ErrNoEpoch = errors.New("journal: no key epoch yet: sign in first")
	// ErrNoRoom: free space is below the bound; payments are refused, what is in progress can be finished.
	ErrNoRoom = errors.New("journal: no room for another sale")
	// ErrFailed: the disk failed while writing; nothing more is written until the journal is opened again.
	ErrFailed = errors.New("journal: storage failed")
	// ErrClosed: the journal has been closed.
	ErrClosed = errors.New("journal: closed")
	// ErrNotFound: no such record or sale.
	ErrNotFound = errors.New("journal: not found")
	// ErrReadOnly: opened with OpenReadOnly.
	ErrReadOnly = errors.New("journal: opened for reading only")
	// ErrTooLarge: an entry is beyond a named bound.
	ErrTooLarge = errors.New("journal: entry too large")
	// ErrEpochOrder: a new epoch's number must be above the current one.
	ErrEpochOrder = errors.New("journal: epoch does not rise")
	// ErrAppended: records came between an old copy's comparison with the cloud's books and its new epoch. Sign in again.
	ErrAppended = errors.New("journal: records were appended since it was held against the cloud's books")
	// ErrLinkMismatch: the cloud's acknowledgement and the journal disagree about a record.
	ErrLinkMismatch = errors.New("journal: acknowledged link is not ours")
	// ErrAcknowledgement: the cloud sent an acknowledgement that makes no sense.
	ErrAcknowledgement = errors.New("journal: malformed acknowledgement")
	// ErrBehind: the cloud has records that this journal has not: it is an old copy. Sign in.
	ErrBehind = errors.New("journal: older than the cloud's books")
	// ErrEmpty: nothing has been written to this journal yet; it was opened for looking.
	ErrEmpty = errors.New("journal: nothing written yet")
	// ErrNoKeys: the journal has records, and the terminal has the keys of no epoch at all: what holds them is gone.
	ErrNoKeys = errors.New("journal: none of its epochs has keys here")
	// ErrNewer: a newer program made the journal.
	ErrNewer = errors.New("journal: its form is newer than this program")
	// ErrOlder: an older program made the journal, and it was opened for looking only.
	ErrOlder = errors.New("journal: its form is older than this program")
	// ErrGone: there was a journal, as its lock file says or keys of sign-ins, and its file is not there. A terminal that has
	// lost it for good is enrolled anew under another id: what it began would not be known again.
	ErrGone = errors.New("journal: gone")
	// ErrFull: there is no room for what opening or closing needs. Nothing is damaged, and nothing is lost.
	ErrFull = errors.New("journal: disk is full")
)

// HeldError says that another agent has the journal open.
type HeldError struct {
	Path string
	PID  int // 0 when the holder did not say, or has it by another of the file's names
}

// Error implements error.
func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("journal: %s is in use by another process, perhaps by another of its names", e.Path)
	}
	return fmt.Sprintf("journal: %s is in use by process %d", e.Path, e.PID)
}

// ForeignError says that the journal belongs to another terminal.
type ForeignError struct {
	Path        string
	Owner, Mine record.Terminal
}

// Error implements error.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("journal: %s belongs to terminal %s, this is %s", e.Path, e.Owner, e.Mine)
}

// DisplacedError says that a file of the journal was removed, moved, replaced or cut while it is in use. What is written then
// reaches no later start, so no payment is begun; records that wait are still sent from the open file.
type DisplacedError struct {
	// Path is the file's: the journal's, its log's or its lock's.
	Path string
	// Longest is how many bytes a file that was cut had, 0 for one that was not; Size how many are left.
	Longest, Size int64
}

// Error implements error.
func (e *DisplacedError) Error() string {
	what := "removed or replaced"
	if e.Longest > 0 {
		what = fmt.Sprintf("cut from %d to %d bytes", e.Longest, e.Size)
	}
	return fmt.Sprintf("journal: %s was %s while in use: "+
		"let the waiting records be sent, call service, and start the agent again only then", e.Path, what)
}

// DamagedError says that the journal is not what was written. Nothing is deleted or repaired by itself.
type DamagedError struct {
	Path string
	// Sequence is the first record that is wrong or missing, 0 when something else is.
	Sequence uint64
	// Sale and FollowUp are the numbers of the snapshot that is wrong or missing, 0 when something else is.
	Sale, FollowUp uint64
	Cause          error
}

// Error implements error.
func (e *DamagedError) Error() string { return "journal: " + e.Path + ": " + e.Finding() }

// Finding says what is wrong without saying where the file is.
func (e *DamagedError) Finding() string {
	where := "file"
	switch {
	case e.Sequence != 0:
		where = fmt.Sprintf("record %d", e.Sequence)
	case e.Sale != 0:
		where = fmt.Sprintf("sale %d", e.Sale)
	case e.FollowUp != 0:
		where = fmt.Sprintf("follow-up %d", e.FollowUp)
	}
	return fmt.Sprintf("%s: %v", where, e.Cause)
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Cause }
