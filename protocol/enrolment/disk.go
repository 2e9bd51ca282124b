package enrolment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuantill/yuantill/protocol/seal"
)

// fileMode is what both files have and must have.
const fileMode = 0o600

// DeviceKeyPath is where the device key of an enrolment file lies.
func DeviceKeyPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".devicekey"
}

// Write draws a device key from random, wraps the enrolment under it and writes both files, mode 0600, synced. Files
// that exist already are not replaced: an enrolment that is overwritten loses a terminal's key. It returns
// ErrMalformed, os.ErrExist and the file system's errors.
func Write(path string, e Enrolment, engine seal.Engine, random io.Reader) error {
	var deviceKey [seal.KeySize]byte
	defer clear(deviceKey[:])
	if _, err := io.ReadFull(random, deviceKey[:]); err != nil {
		return fmt.Errorf("draw device key: %w", err)
	}
	file, err := New(e, engine, deviceKey)
	if err != nil {
		return err
	}
	text, err := file.Marshal()
	if err != nil {
		return err
	}
	if err := create(DeviceKeyPath(path), []byte(hex.EncodeToString(deviceKey[:])+"\n")); err != nil {
		return fmt.Errorf("write device key: %w", err)
	}
	if err := create(path, text); err != nil {
		return fmt.Errorf("write enrolment: %w", errors.Join(err, os.Remove(DeviceKeyPath(path))))
	}
	return syncDirectory(filepath.Dir(path))
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
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s is %v: run chmod 600 on it", ErrMode, path, mode)
	}
	return io.ReadAll(io.LimitReader(f, FileSizeMax+1))
}

func create(path string, content []byte) error {
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
