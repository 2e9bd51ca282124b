// Package plan holds fees and limits as data: a strict TOML document comes in, the plan of a merchant or terminal and the
// wallets' caps leave. Amounts are minor units, rates basis points.
package plan

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/yuantill/yuantill/protocol/plainfile"
)

//go:embed plans.toml
var document string

// ErrInvalid marks a document with a mistake; the text says where and what.
var ErrInvalid = errors.New("plan: invalid document")

// Bounds of a document.
const (
	documentMax = 1 << 20
	plansMax    = 256
	assignedMax = 100_000
	nameMax     = 64
)

// Plan is what one merchant pays and may do.
type Plan struct {
	Name string
	// Fee is the rate; below zero, the merchant's own holds. FeeCap bounds it, whatever else says.
	Fee, FeeCap int64
	// NoPasswordMax is the largest amount without a password, inclusive; NoPasswordCount how often a day and payer.
	NoPasswordMax   int64
	NoPasswordCount int
	// HoldCapPercent of what is held may be completed; HoldDays is how long a hold lasts.
	HoldCapPercent int64
	HoldDays       int
	Offline        Offline
}

// Offline is what a terminal may accept from hard wallets by itself (SPEC.md 7.8.2).
type Offline struct {
	PaymentMax       int64   `toml:"payment_max"`
	WalletMax        int64   `toml:"wallet_max"`
	WalletCountMax   int     `toml:"wallet_count_max"`
	TerminalMax      int64   `toml:"terminal_max"`
	TerminalCountMax int     `toml:"terminal_count_max"`
	HoursMax         int64   `toml:"hours_max"`
	Shares           []Share `toml:"shares"`
}

// Share is how many percent of TerminalMax are left from so many hours on.
type Share struct {
	Hours   int64 `toml:"hours"`
	Percent int64 `toml:"percent"`
}

// Plans are all plans and who has which. They do not change.
type Plans struct {
	first     Plan
	merchants map[string]Plan
	terminals map[string]Plan
	caps      Caps
}

// Default returns the built-in document's plans.
func Default() (*Plans, error) { return Load(document) }

// Document is the built-in document, to begin one's own with.
func Document() string { return document }

// Read reads a file. Errors: ErrInvalid, the file system's.
func Read(path string) (*Plans, error) {
	text, _, err := plainfile.Read(path, documentMax)
	if err != nil {
		return nil, fmt.Errorf("read plans: %w", err)
	}
	plans, err := Load(string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return plans, nil
}

// Load reads a document. Unknown keys, values out of range and a rate above its cap are errors. Error: ErrInvalid.
func Load(document string) (*Plans, error) {
	if len(document) > documentMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrInvalid, len(document))
	}
	var file file
	decoder := toml.NewDecoder(strings.NewReader(document)).DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, describe(err))
	}
	plans, err := file.plans()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return plans, nil
}

// describe adds the line to a decoder's message.
func describe(err error) string {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, _ := strict.Errors[0].Position()
		return fmt.Sprintf("line %d: unknown key %s", row, strings.Join(strict.Errors[0].Key(), "."))
	}
	var syntax *toml.DecodeError
	if errors.As(err, &syntax) {
		row, _ := syntax.Position()
		return fmt.Sprintf("line %d: %s", row, syntax.Error())
	}
	return err.Error()
}

// For returns a terminal's plan: its own, its merchant's or the first.
func (p *Plans) For(merchant, terminal string) Plan {
	if own, has := p.terminals[terminal]; has {
		return own
	}
	if own, has := p.merchants[merchant]; has {
		return own
	}
	return p.first
}

// Caps returns the wallets' caps.
func (p *Plans) Caps() Caps { return p.caps }
