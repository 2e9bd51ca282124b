package hardcard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
)

// ErrFile marks a file that holds no card.
var ErrFile = errors.New("hardcard: invalid card file")

// fileMax is the largest card file read.
const fileMax = 1 << 20

// document is the card's file.
type document struct {
	// Key is a PKCS #8 PEM block.
	Key string `json:"key"`
	// Certificate and Log are in their binary forms, base 64.
	Certificate []byte   `json:"certificate"`
	Balance     int64    `json:"balance"`
	Counter     uint32   `json:"counter"`
	Taps        uint16   `json:"taps"`
	Blocked     bool     `json:"blocked"`
	Log         [][]byte `json:"log"`
}

// Load reads a card from the file Mint wrote; the card keeps it up to date. Errors: ErrFile, those of reading.
func Load(path string) (*Card, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load card: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fileMax))
	if err != nil {
		return nil, fmt.Errorf("load card: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("load card: %w: %w", ErrFile, err)
	}
	card, err := d.card()
	if err != nil {
		return nil, fmt.Errorf("load card: %w: %w", ErrFile, err)
	}
	card.path = path
	return card, nil
}

// card rebuilds the card and checks that its parts belong together.
func (d document) card() (*Card, error) {
	key, err := sign.ParseKeyPEM([]byte(d.Key))
	if err != nil {
		return nil, err
	}
	c := &Card{key: key, state: state{balance: d.Balance, counter: d.Counter, taps: d.Taps, blocked: d.Blocked}}
	if err := c.certificate.UnmarshalBinary(d.Certificate); err != nil {
		return nil, err
	}
	if !c.certificate.Key.Equal(key.Public()) {
		return nil, errors.New("key is not the certificate's")
	}
	if d.Balance < 0 || len(d.Log) > hardwallet.LogSize || int64(len(d.Log)) > int64(d.Counter) {
		return nil, errors.New("balance, counter or log out of range")
	}
	for _, raw := range d.Log {
		var t hardwallet.Transaction
		if err := t.UnmarshalBinary(raw); err != nil {
			return nil, err
		}
		c.state.log = append(c.state.log, t)
	}
	return c, nil
}

// save replaces the file by one with the given state: written aside, synced, renamed, so that a card torn at any moment
// has either all of a payment or nothing of it.
func (c *Card) save(s state) error {
	text, err := c.document(s)
	if err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	aside := c.path + ".new"
	if err := writeSynced(aside, text); err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	if err := os.Rename(aside, c.path); err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	directory, err := os.Open(filepath.Dir(c.path))
	if err != nil {
		return fmt.Errorf("save card: %w", err)
	}
	return errors.Join(directory.Sync(), directory.Close())
}

// document returns the file's text for a state.
func (c *Card) document(s state) ([]byte, error) {
	key, err := c.key.MarshalPEM()
	if err != nil {
		return nil, err
	}
	certificate, err := c.certificate.MarshalBinary()
	if err != nil {
		return nil, err
	}
	d := document{
		Key: string(key), Certificate: certificate,
		Balance: s.balance, Counter: s.counter, Taps: s.taps, Blocked: s.blocked, Log: [][]byte{},
	}
	for _, t := range s.log {
		raw, err := t.MarshalBinary()
		if err != nil {
			return nil, err
		}
		d.Log = append(d.Log, raw)
	}
	return json.MarshalIndent(d, "", "  ")
}

// writeSynced writes a file of mode 0600 and waits until it is on the disk.
func writeSynced(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
