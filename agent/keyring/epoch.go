package keyring

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Bounds of the epochs file: ten years with nine sign-ins a day, and 240 bytes for each.
const (
	epochsMax    = 1 << 15
	stateSizeMax = epochsMax * 240
	stateVersion = 1
	stateMode    = 0o600
)

// Epoch is what a sign-in agreed on; its keys are derived from it and the terminal key.
type Epoch struct {
	Number        uint32
	TerminalNonce [seal.NonceSize]byte
	CloudNonce    [seal.NonceSize]byte
	OpenedAt      time.Time
}

// state is the epochs file: one JSON object, epochs in rising order.
type state struct {
	Version  int           `json:"version"`
	Terminal string        `json:"terminal"`
	Epochs   []storedEpoch `json:"epochs"`
}

type storedEpoch struct {
	Number        uint32 `json:"epoch"`
	TerminalNonce string `json:"terminal_nonce"`
	CloudNonce    string `json:"cloud_nonce"`
	OpenedAt      int64  `json:"opened_at"` // microseconds since 1970-01-01 UTC
}

// readState returns the epochs of a file; no file means none yet.
func readState(path, terminal string) ([]Epoch, error) {
	text, _, err := plainfile.Read(path, stateSizeMax)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if errors.Is(err, plainfile.ErrTooLarge) {
		return nil, fmt.Errorf("read epochs: %w: %w", ErrState, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read epochs: %w", err)
	}
	epochs, err := parseState(text, terminal)
	if err != nil {
		return nil, fmt.Errorf("read epochs %s: %w", path, err)
	}
	return epochs, nil
}

func parseState(text []byte, terminal string) ([]Epoch, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var s state
	if err := decoder.Decode(&s); err != nil || len(text) > stateSizeMax {
		return nil, fmt.Errorf("%w: not readable", ErrState)
	}
	if s.Version != stateVersion || len(s.Epochs) > epochsMax {
		return nil, fmt.Errorf("%w: version %d, %d epochs", ErrState, s.Version, len(s.Epochs))
	}
	if s.Terminal != terminal {
		return nil, fmt.Errorf("%w: it is terminal %q's", ErrState, s.Terminal)
	}
	epochs := make([]Epoch, 0, len(s.Epochs))
	last := uint32(0)
	for _, stored := range s.Epochs {
		epoch, err := stored.epoch()
		if err != nil || epoch.Number <= last {
			return nil, fmt.Errorf("%w: epoch %d", ErrState, stored.Number)
		}
		last = epoch.Number
		epochs = append(epochs, epoch)
	}
	return epochs, nil
}

func (s storedEpoch) epoch() (Epoch, error) {
	e := Epoch{Number: s.Number, OpenedAt: time.UnixMicro(s.OpenedAt).UTC()}
	for _, nonce := range []struct {
		text string
		to   *[seal.NonceSize]byte
	}{{s.TerminalNonce, &e.TerminalNonce}, {s.CloudNonce, &e.CloudNonce}} {
		raw, err := hex.DecodeString(nonce.text)
		if err != nil || len(raw) != seal.NonceSize {
			return Epoch{}, ErrState
		}
		*nonce.to = [seal.NonceSize]byte(raw)
	}
	return e, nil
}

// writeState replaces the file so that after a power cut either the old or the new one is there, whole.
func writeState(path, terminal string, epochs []Epoch) error {
	s := state{Version: stateVersion, Terminal: terminal, Epochs: make([]storedEpoch, 0, len(epochs))}
	for _, e := range epochs {
		s.Epochs = append(s.Epochs, storedEpoch{
			Number:        e.Number,
			TerminalNonce: hex.EncodeToString(e.TerminalNonce[:]),
			CloudNonce:    hex.EncodeToString(e.CloudNonce[:]),
			OpenedAt:      e.OpenedAt.UnixMicro(),
		})
	}
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("marshal epochs: %w", err)
	}
	return replace(path, append(text, '\n'))
}

// StateDraft is where a new epochs file is written before it takes the old one's place.
func StateDraft(path string) string { return path + ".new" }

func replace(path string, content []byte) error {
	temporary := StateDraft(path)
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, stateMode)
	if err != nil {
		return fmt.Errorf("write epochs: %w", err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write epochs: %w", errors.Join(err, os.Remove(temporary)))
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("rename epochs: %w", err)
	}
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("sync epochs: %w", err)
	}
	if err := errors.Join(directory.Sync(), directory.Close()); err != nil {
		return fmt.Errorf("sync epochs: %w", err)
	}
	return nil
}
