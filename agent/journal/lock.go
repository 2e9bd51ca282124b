package journal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/yuantill/yuantill/protocol/seal"
)

// lock is the file beside the journal that one agent holds. Its text is the holder's process id and, while the journal
// is in use, the size that its write-ahead log must at least have, the machine's run and the head row that was last to be
// committed, its sequence and its tag:
//
//	4711 open 4194304 4bbd4c4e-75f0-45d3-8f7a-6c9b0de5f9a1 00000000000000000123 9f86d081884c7d65…
//	4711 closed
//
// After a clean close everything is in the database and the log may be missing. After anything else a shorter log means
// that committed records were taken away, and so does a missing one unless the database alone has everything.
type lock struct {
	path string
	file File
	// left is what a previous holder said.
	left lockText
	// headAt is where in the file the last head is noted; 0 while it is not.
	headAt int64
}

// lockText is what a lock file says.
type lockText struct {
	pid int
	// walSize is what a holder that did not close left to be found; 0 after a clean close.
	walSize int64
	// used says that the journal was opened before.
	used bool
	// boot is the machine's run in which last was noted; empty when none was.
	boot string
	last lastHead
}

// lastHead is a head row as far as it tells whether another is the same: the tag covers every record and open row.
type lastHead struct {
	sequence uint64
	tag      seal.Tag
}

const lockSizeMax = 192

// takeLock returns *HeldError when another process has it.
func takeLock(disk Disk, path string) (*lock, error) {
	f, err := disk.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	text := make([]byte, lockSizeMax)
	n, err := syscall.Pread(int(f.Fd()), text, 0)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", errors.Join(err, f.Close()))
	}
	left := parseLock(string(text[:n]))
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(&HeldError{Path: strings.TrimSuffix(path, lockSuffix), PID: left.pid}, f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("take lock: %w", errors.Join(err, f.Close()))
	}
	return &lock{path: path, file: f, left: left}, nil
}

func parseLock(text string) lockText {
	var t lockText
	fields := strings.Fields(text)
	t.used = len(fields) > 1
	if len(fields) > 0 {
		t.pid, _ = strconv.Atoi(fields[0]) // an unreadable number is "nobody known"
	}
	if len(fields) > 2 && fields[1] == "open" {
		t.walSize, _ = strconv.ParseInt(fields[2], 10, 64)
	}
	const whole = 6
	if len(fields) != whole {
		return t
	}
	sequence, err := strconv.ParseUint(fields[4], 10, 64)
	tag, malformed := hex.DecodeString(fields[5])
	if err == nil && malformed == nil && len(tag) == seal.TagSize {
		t.boot, t.last = fields[3], lastHead{sequence: sequence, tag: seal.Tag(tag)}
	}
	return t
}

// reserve makes sure of the file's room before the log takes what there is.
func (l *lock) reserve() error {
	if l.left.used {
		return nil // a mark is written over the one before
	}
	if _, err := l.file.WriteAt([]byte(strings.Repeat(" ", lockSizeMax)), 0); err != nil {
		return fmt.Errorf("reserve lock: %w", err)
	}
	return nil
}

// markOpen says that the journal is in use. Without the machine's run no head is noted.
func (l *lock) markOpen(walSize int64, boot string, last lastHead) error {
	if boot == "" {
		return l.mark(fmt.Sprintf("open %d\n", walSize))
	}
	before := fmt.Sprintf("open %d %s ", walSize, boot)
	if err := l.mark(before + last.String()); err != nil {
		return err
	}
	l.headAt = int64(len(l.holder() + before))
	return nil
}

// noteHead is part of every commit and not synced: the kernel keeps it when the process is killed, and after a power cut,
// when it may be an old one, the machine's run is another and nobody goes by it. ENOSPC and EIO are those of a commit.
func (l *lock) noteHead(last lastHead) error {
	if l.headAt == 0 {
		return nil
	}
	if _, err := l.file.WriteAt([]byte(last.String()), l.headAt); err != nil {
		return fmt.Errorf("note head: %w", err)
	}
	return nil
}

// String is of one length always.
func (h lastHead) String() string { return fmt.Sprintf("%020d %x\n", h.sequence, h.tag[:]) }

func (l *lock) markClosed() error {
	l.headAt = 0
	return l.mark("closed\n")
}

func (l *lock) holder() string { return fmt.Sprintf("%d ", os.Getpid()) }

func (l *lock) mark(state string) error {
	text := l.holder() + state
	_, err := l.file.WriteAt([]byte(text), 0)
	if err == nil {
		err = l.file.Truncate(int64(len(text)))
	}
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("mark journal %q: %w", state, err)
	}
	return nil
}

func (l *lock) release() error { return l.file.Close() }
