package merchant

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
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// privateMode is the mode of every file that holds a key; publicMode that of what is given to others.
const (
	privateMode = 0o600
	publicMode  = 0o644
)

// The errors about keys.
var (
	// ErrKeyFile marks a key file that is malformed or that others than its owner may read.
	ErrKeyFile = errors.New("merchant: unusable key file")
)

// RootProvider does what needs the root key. The software provider below keeps it in a file; a hardware module keeps
// it to itself.
type RootProvider interface {
	// TerminalKey returns the TMK of a terminal's key version.
	TerminalKey(terminal record.Terminal, version uint16) [seal.KeySize]byte
	// CheckValue is the root key's KCV, for people to compare.
	CheckValue() [3]byte
}

// Root is the software root key: a 0600 file. Whoever reads the file can make every terminal's keys.
type Root struct {
	engine seal.Engine
	key    [seal.KeySize]byte
}

var _ RootProvider = (*Root)(nil)

// CreateRoot draws a root key and writes it to a new file. It returns os.ErrExist rather than replace a root key: all
// enrolled terminals' keys hang on it.
func CreateRoot(path string, engine seal.Engine, random io.Reader) (*Root, error) {
	r := &Root{engine: engine}
	if _, err := io.ReadFull(random, r.key[:]); err != nil {
		return nil, fmt.Errorf("draw root key: %w", err)
	}
	if err := WritePrivate(path, []byte(hex.EncodeToString(r.key[:])+"\n")); err != nil {
		return nil, fmt.Errorf("write root key: %w", err)
	}
	return r, nil
}

// OpenRoot reads a root key file. It returns ErrKeyFile and the file system's errors.
func OpenRoot(path string, engine seal.Engine) (*Root, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("read root key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != seal.KeySize {
		return nil, fmt.Errorf("read root key %s: %w", path, ErrKeyFile)
	}
	return &Root{engine: engine, key: [seal.KeySize]byte(key)}, nil
}

// TerminalKey derives the TMK.
func (r *Root) TerminalKey(terminal record.Terminal, version uint16) [seal.KeySize]byte {
	return [seal.KeySize]byte(seal.TerminalKey(r.engine, r.key[:], terminal.String(), version))
}

// CheckValue returns the root key's KCV.
func (r *Root) CheckValue() [3]byte { return seal.CheckValue(r.engine, r.key[:]) }

// WritePrivate makes a new file that only its owner may read, durable and whole when it has its name. It returns os.ErrExist
// rather than replace one, and the file system's errors.
func WritePrivate(path string, content []byte) error { return writeWhole(path, content, privateMode) }

// WritePublic is WritePrivate for a file that all may read.
func WritePublic(path string, content []byte) error { return writeWhole(path, content, publicMode) }

func writeWhole(path string, content []byte, mode os.FileMode) error {
	draft := path + ".new" // one that was left by a process that died is worth nothing
	if err := os.Remove(draft); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Link(draft, path) // unlike a rename it replaces nothing
	}
	if err = errors.Join(err, os.Remove(draft)); err != nil {
		return err
	}
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// readPrivate reads a file that only its owner may touch.
func readPrivate(path string) ([]byte, error) {
	text, info, err := plainfile.Read(path, keyFileMax)
	if errors.Is(err, plainfile.ErrNotRegular) || errors.Is(err, plainfile.ErrTooLarge) || errors.Is(err, syscall.EISDIR) {
		return nil, fmt.Errorf("%w: %w", ErrKeyFile, err)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: %s is %v: run chmod 600 on it", ErrKeyFile, path, info.Mode())
	}
	return text, nil
}
