// Package daybook keeps an operator's books in a file: lines come in, and are durable when Sync returns; after a kill
// or a power cut every durable line comes out again, in order.
package daybook

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// lineMax bounds one line in bytes.
const lineMax = 64 << 10

// sumSize is the length of a line's check sum in hexadecimal digits; a blank follows it.
const sumSize = 8

var (
	// ErrDamaged marks a file with a line in its middle that is not as it was written. A last line without its end is
	// no damage: it was never durable.
	ErrDamaged = errors.New("daybook: damaged")
	// ErrLine marks a line that is too long or has an end of line inside.
	ErrLine = errors.New("daybook: invalid line")
)

// Daybook is one open file. It is safe for concurrent use.
type Daybook struct {
	mu      sync.Mutex
	file    *os.File
	written uint64 // lines handed to the file
	failure error  // of a write or sync: the file's end is not known any more

	syncing sync.Mutex // held while the file is synced, so that one sync serves all who wait for it
	durable uint64     // lines known to be durable; guarded by syncing
}

// Open opens or makes a daybook and hands each of its lines to restore. Errors: ErrDamaged, those of restore and of the
// file system.
func Open(path string, restore func(line []byte) error) (*Daybook, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open daybook: %w", err)
	}
	d := &Daybook{file: file}
	if err := d.load(path, restore); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return d, nil
}

// load reads the lines, cuts off one that was not finished, and makes the file and its name durable.
func (d *Daybook) load(path string, restore func(line []byte) error) error {
	end := int64(0)
	reader := bufio.NewReaderSize(d.file, lineMax+sumSize+2)
	for {
		text, err := reader.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			break // what is left has no end
		}
		if err != nil {
			return fmt.Errorf("read daybook: %w: at byte %d: %w", ErrDamaged, end, err)
		}
		line, err := open(text[:len(text)-1])
		if err != nil {
			return fmt.Errorf("read daybook: %w at byte %d", err, end)
		}
		if err := restore(line); err != nil {
			return fmt.Errorf("restore line %d: %w", d.written+1, err)
		}
		d.written++
		end += int64(len(text))
	}
	if err := d.file.Truncate(end); err != nil {
		return fmt.Errorf("cut unfinished line: %w", err)
	}
	if err := d.file.Sync(); err != nil {
		return fmt.Errorf("sync daybook: %w", err)
	}
	d.durable = d.written
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// open returns a line without its check sum.
func open(text []byte) ([]byte, error) {
	sum, line, found := bytes.Cut(text, []byte{' '})
	if !found || len(sum) != sumSize || !bytes.Equal(sum, checkSum(line)) {
		return nil, ErrDamaged
	}
	return line, nil
}

func checkSum(line []byte) []byte {
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(line)), 16)
	return append(bytes.Repeat([]byte{'0'}, sumSize-len(sum)), sum...)
}

// Write hands a line to the file and returns its number, from 1. Once a write failed nothing more is written. Errors:
// ErrLine, the file system's.
func (d *Daybook) Write(line []byte) (uint64, error) {
	if len(line) > lineMax || bytes.IndexByte(line, '\n') >= 0 {
		return 0, ErrLine
	}
	text := append(append(append(checkSum(line), ' '), line...), '\n')
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure != nil {
		return 0, d.failure
	}
	if _, err := d.file.Write(text); err != nil {
		d.failure = fmt.Errorf("write daybook: %w", err)
		return 0, d.failure
	}
	d.written++
	return d.written, nil
}

// Sync returns once the lines up to a number are durable.
func (d *Daybook) Sync(number uint64) error {
	d.syncing.Lock()
	defer d.syncing.Unlock()
	if d.durable >= number {
		return nil
	}
	d.mu.Lock()
	written, failure := d.written, d.failure
	d.mu.Unlock()
	if failure != nil {
		return failure
	}
	if err := d.file.Sync(); err != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		// After a failed sync nobody knows what the disk has; a second one may claim what is not so.
		d.failure = fmt.Errorf("sync daybook: %w", err)
		return d.failure
	}
	d.durable = written
	return nil
}

// Close closes the file.
func (d *Daybook) Close() error {
	d.syncing.Lock()
	defer d.syncing.Unlock()
	return d.file.Close()
}
