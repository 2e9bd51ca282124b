package enrolment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/seal"
)

// fileMode is what both files have and must have.
const fileMode = 0o600

// DeviceKeyPath is where the device key of an enrolment file lies.
func DeviceKeyPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".devicekey"
}

// draftSuffix is what the files of a draft have behind their names.
const draftSuffix = ".new"

// Draft is an enrolment on the disk under temporary names, so that nothing can keep it from its place but the disk itself.
type Draft struct{ path string }

// Prepare draws a device key from random, wraps the enrolment under it and writes both files, mode 0600, synced, under
// temporary names beside their own; what an earlier draft left there is replaced. Files that exist under their own names
// never are: an enrolment that is overwritten loses a terminal's key. It returns ErrMalformed, os.ErrExist and the file
// system's errors, and leaves nothing then.
func Prepare(path string, e Enrolment, engine seal.Engine, random io.Reader) (*Draft, error) {
	var deviceKey [seal.KeySize]byte
	defer clear(deviceKey[:])
	if _, err := io.ReadFull(random, deviceKey[:]); err != nil {
		return nil, fmt.Errorf("draw device key: %w", err)
	}
	file, err := New(e, engine, deviceKey)
	if err != nil {
		return nil, err
	}
	text, err := file.Marshal()
	if err != nil {
		return nil, err
	}
	d := &Draft{path: path}
	for _, final := range d.names() {
		if _, err := os.Lstat(final); !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("write enrolment: %w", &os.PathError{Op: "create", Path: final, Err: orExist(err)})
		}
	}
	if err := create(DeviceKeyPath(path)+draftSuffix, []byte(hex.EncodeToString(deviceKey[:])+"\n")); err != nil {
		return nil, fmt.Errorf("write device key: %w", err)
	}
	if err := create(path+draftSuffix, text); err != nil {
		return nil, fmt.Errorf("write enrolment: %w", errors.Join(err, os.Remove(DeviceKeyPath(path)+draftSuffix)))
	}
	if err := syncDirectory(filepath.Dir(path)); err != nil {
		return nil, errors.Join(err, d.Discard())
	}
	return d, nil
}

// orExist is what keeps a name from being used.
func orExist(err error) error {
	if err == nil {
		return os.ErrExist
	}
	return err
}

// names are the files' own names, in the order in which they get them: an enrolment is complete with its last one.
func (d *Draft) names() []string { return []string{DeviceKeyPath(d.path), d.path} }

// Place gives both files their names, durably. The keys are on the disk in any case.
func (d *Draft) Place() error {
	for _, name := range d.names() {
		if err := os.Rename(name+draftSuffix, name); err != nil {
			return fmt.Errorf("place enrolment: %w", err)
		}
	}
	return syncDirectory(filepath.Dir(d.path))
}

// Discard removes the draft.
func (d *Draft) Discard() error {
	var failures []error
	for _, name := range d.names() {
		failures = append(failures, os.Remove(name+draftSuffix))
	}
	return errors.Join(failures...)
}

// Write is Prepare and Place.
func Write(path string, e Enrolment, engine seal.Engine, random io.Reader) error {
	draft, err := Prepare(path, e, engine, random)
	if err != nil {
		return err
	}
	return draft.Place()
}

// Read reads and checks an enrolment file. It returns ErrMode, ErrMalformed and the file system's errors.
func Read(path string) (File, error) {
	text, err := readPrivate(path)
	if err != nil {
		return File{}, fmt.Errorf("read enrolment: %w", err)
	}
	f, err := Parse(text)
	if err != nil {
		return File{}, fmt.Errorf("read enrolment %s: %w", path, err)
	}
	return f, nil
}

// ReadDeviceKey reads a device key file. It returns ErrMode, ErrDeviceKey and the file system's errors.
func ReadDeviceKey(path string) ([seal.KeySize]byte, error) {
	text, err := readPrivate(path)
	if err != nil {
		return [seal.KeySize]byte{}, fmt.Errorf("read device key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != seal.KeySize {
		return [seal.KeySize]byte{}, fmt.Errorf("read device key %s: %w", path, ErrDeviceKey)
	}
	return [seal.KeySize]byte(key), nil
}

// readPrivate reads a regular file that only its owner may touch.
func readPrivate(path string) ([]byte, error) {
	text, info, err := plainfile.Read(path, FileSizeMax)
	switch {
	case errors.Is(err, plainfile.ErrTooLarge):
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	case errors.Is(err, plainfile.ErrNotRegular), errors.Is(err, syscall.EISDIR):
		return nil, fmt.Errorf("%w: %w", ErrMode, err)
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: %s is %v: run chmod 600 on it", ErrMode, path, info.Mode())
	}
	return text, nil
}

// create writes a file that is private from its first byte on, in the place of one of its name.
func create(path string, content []byte) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	if err := errors.Join(directory.Sync(), directory.Close()); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}
