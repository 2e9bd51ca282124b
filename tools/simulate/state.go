package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// state is what a sweep has done so far.
type state struct {
	Program    string // digest of the program that did it
	From, Next uint64
	Total      *summary
}

// program is the digest of this program: what another one found says nothing about this one.
func program() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find program: %w", err)
	}
	file, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("read program: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return "", fmt.Errorf("read program: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// resume returns what the state file says, if it is of this program's sweep and that has not ended.
func (o options) resume() (*summary, uint64, error) {
	if o.state == "" {
		return newSummary(), o.from, nil
	}
	text, err := os.ReadFile(o.state)
	if errors.Is(err, os.ErrNotExist) {
		return newSummary(), o.from, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read state: %w", err)
	}
	var s state
	if err := json.Unmarshal(text, &s); err != nil || s.Total == nil {
		return nil, 0, fmt.Errorf("read state %s: %w", o.state, err)
	}
	self, err := program()
	if err != nil {
		return nil, 0, err
	}
	if s.Program != self || s.From != o.from || s.Next >= o.from+o.seeds {
		return newSummary(), o.from, nil
	}
	return s.Total, s.Next, nil
}

func (o options) save(total *summary, next uint64) error {
	if o.state == "" {
		return nil
	}
	self, err := program()
	if err != nil {
		return err
	}
	text, err := json.Marshal(state{Program: self, From: o.from, Next: next, Total: total})
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(o.state), 0o755); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	temporary := o.state + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return os.Rename(temporary, o.state)
}
