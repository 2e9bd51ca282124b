package merchant

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

// The errors of enrolment.
var (
	// ErrMerchant marks a merchant with a mistake in it; the text says which.
	ErrMerchant = errors.New("merchant: invalid merchant")
	// ErrEnrolled says that the terminal id is taken: one id, one terminal (银发〔2021〕259号).
	ErrEnrolled = errors.New("merchant: terminal is enrolled already")
	// ErrSignedIn says that a terminal cannot be enrolled again because it has signed in: its enrolment is at work.
	ErrSignedIn = errors.New("merchant: terminal has signed in")
	// ErrUnknownMerchant and ErrUnknownTerminal say whose number it is that nobody has; both are store.ErrNotFound too.
	ErrUnknownMerchant = errors.New("merchant: no such merchant")
	ErrUnknownTerminal = errors.New("merchant: no such terminal")
	// ErrSerialNumber says that the serial number is missing or bound to another terminal.
	ErrSerialNumber = errors.New("merchant: serial number missing or bound to another terminal")
)

const (
	merchantIDSize    = 15
	merchantNameMax   = 40 // characters, as on a sales slip
	feeBasisPointsMax = 10 // e-CNY (requirement R1.7)

	completionPercentMax = 200
	holdDaysMax          = 30
	firstKeyVersion      = 1
	terminalsMax         = 1_000_000
	pageSize             = 1_000
)

// RegistrarStore is what a Registrar needs of the store.
type RegistrarStore interface {
	store.Writer
	store.DirectoryReader
	store.EpochReader
}

// Registrar adds merchants and terminals.
type Registrar struct {
	store     RegistrarStore
	root      RootProvider
	authority *Authority
	clock     func() time.Time
	random    io.Reader
}

// NewRegistrar returns a Registrar.
func NewRegistrar(s RegistrarStore, root RootProvider, authority *Authority, clock func() time.Time, random io.Reader) *Registrar {
	return &Registrar{store: s, root: root, authority: authority, clock: clock, random: random}
}

// Request names a terminal to enrol.
type Request struct {
	Terminal     record.Terminal
	Merchant     string // an existing merchant's id
	SerialNumber string // the machine's own, bound to this terminal alone
	// Again enrols a terminal once more that never signed in, as when its file was lost; what was issued before is void.
	Again bool
}

// Validate reports the first mistake in a merchant. Error: ErrMerchant.
func Validate(m store.Merchant) error {
	switch {
	case len(m.ID) != merchantIDSize || strings.Trim(m.ID, "0123456789") != "":
		return fmt.Errorf("%w: 商户号须为 15 位数字 · the id must have 15 digits: %q", ErrMerchant, m.ID)
	case strings.TrimSpace(m.Name) == "" || utf8.RuneCountInString(m.Name) > merchantNameMax:
		return fmt.Errorf("%w: 名称须有 1 至 %d 个字 · the name must have 1 to %d characters", ErrMerchant, merchantNameMax, merchantNameMax)
	case len(m.Operators) == 0:
		return fmt.Errorf("%w: 至少一家运营机构 · at least one operator is needed", ErrMerchant)
	case m.CompletionPercent < 0 || m.CompletionPercent > completionPercentMax:
		return fmt.Errorf("%w: 预授权完成上限须为 0 至 %d%% · what may be completed of a hold must be 0 to %d %%, not %d", ErrMerchant,
			completionPercentMax, completionPercentMax, m.CompletionPercent)
	case m.HoldDays < 0 || m.HoldDays > holdDaysMax:
		return fmt.Errorf("%w: 预授权天数须为 0 至 %d · the days of a hold must be 0 to %d, not %d", ErrMerchant, holdDaysMax, holdDaysMax, m.HoldDays)
	case m.FeeBasisPoints < 0 || m.FeeBasisPoints > feeBasisPointsMax:
		return fmt.Errorf("%w: 费率须为万分之 0 至 %d · the fee must be 0 to %d basis points, not %d", ErrMerchant, feeBasisPointsMax,
			feeBasisPointsMax, m.FeeBasisPoints)
	case len(m.Jurisdiction) != 2:
		return fmt.Errorf("%w: 法域须为两个字母 · the jurisdiction must be two letters, such as CN: %q", ErrMerchant, m.Jurisdiction)
	}
	return nil
}

// Merchant returns a merchant as it is, or store.ErrNotFound.
func (r *Registrar) Merchant(ctx context.Context, id string) (store.Merchant, error) {
	return r.store.Merchant(ctx, id)
}

// AddMerchant stores a new or changed merchant.
func (r *Registrar) AddMerchant(ctx context.Context, m store.Merchant) error {
	if err := Validate(m); err != nil {
		return err
	}
	m.CreatedAt = r.clock()
	return r.store.Commit(ctx, store.Change{Merchants: []store.Merchant{m}})
}

// Enrol makes a terminal's keys and certificate, has keep make them durable, and then stores the terminal: nobody else has
// the private parts. It returns ErrEnrolled, ErrSerialNumber, ErrSignedIn, ErrUnknownMerchant, those of keep and of the
// store. After an error of the store the terminal may be enrolled all the same, and can be enrolled again.
func (r *Registrar) Enrol(ctx context.Context, request Request, keep func(enrolment.Enrolment) error) error {
	terminal, err := r.check(ctx, request)
	if err != nil {
		return fmt.Errorf("enrol terminal %s: %w", request.Terminal, err)
	}
	pair, err := r.authority.IssueTerminal(request.Terminal, r.clock())
	if err != nil {
		return fmt.Errorf("enrol terminal %s: %w", request.Terminal, err)
	}
	identity, err := sign.NewKey(r.random)
	if err != nil {
		return fmt.Errorf("make identity key: %w", err)
	}
	identityPEM, err := identity.MarshalPEM()
	if err != nil {
		return fmt.Errorf("encode identity key: %w", err)
	}
	terminal.Certificate, terminal.Identity = sha256.Sum256(pair.Leaf), identity.Public().Bytes()
	err = keep(enrolment.Enrolment{Terminal: request.Terminal, KeyVersion: terminal.KeyVersion,
		TerminalKey: r.root.TerminalKey(request.Terminal, terminal.KeyVersion), Certificate: pair.Certificate,
		CertificateKey: pair.Key, Authority: r.authority.PEM(), Identity: identityPEM})
	if err != nil {
		return err
	}
	if err := r.store.Commit(ctx, store.Change{Terminals: []store.Terminal{terminal}}); err != nil {
		return fmt.Errorf("store terminal: %w", err)
	}
	return nil
}

// check returns the terminal as it is to be stored, without its keys.
func (r *Registrar) check(ctx context.Context, request Request) (store.Terminal, error) {
	if _, err := record.ParseTerminal(request.Terminal.String()); err != nil {
		return store.Terminal{}, err
	}
	if _, err := r.store.Merchant(ctx, request.Merchant); errors.Is(err, store.ErrNotFound) {
		return store.Terminal{}, fmt.Errorf("%w: %s: %w", ErrUnknownMerchant, request.Merchant, err)
	} else if err != nil {
		return store.Terminal{}, fmt.Errorf("find merchant: %w", err)
	}
	switch known, err := r.store.Terminal(ctx, request.Terminal); {
	case err == nil:
		return r.checkAgain(ctx, request, known)
	case !errors.Is(err, store.ErrNotFound):
		return store.Terminal{}, fmt.Errorf("find terminal: %w", err)
	}
	if strings.TrimSpace(request.SerialNumber) == "" {
		return store.Terminal{}, ErrSerialNumber
	}
	return store.Terminal{ID: request.Terminal, Merchant: request.Merchant, SerialNumber: request.SerialNumber,
		KeyVersion: firstKeyVersion, State: store.TerminalActive, EnrolledAt: r.clock()}, r.checkSerialNumber(ctx, request.SerialNumber)
}

// checkAgain lets a terminal be enrolled once more that is the same and never signed in. Its next key makes the one before
// worthless.
func (r *Registrar) checkAgain(ctx context.Context, request Request, known store.Terminal) (store.Terminal, error) {
	if !request.Again || known.Merchant != request.Merchant || known.SerialNumber != request.SerialNumber ||
		known.State != store.TerminalActive || known.KeyVersion == math.MaxUint16 {
		return store.Terminal{}, ErrEnrolled
	}
	epochs, err := r.store.Epochs(ctx, known.ID)
	if err != nil {
		return store.Terminal{}, fmt.Errorf("find epochs: %w", err)
	}
	if len(epochs) > 0 {
		return store.Terminal{}, ErrSignedIn
	}
	known.KeyVersion++
	known.EnrolledAt = r.clock()
	return known, nil
}

// checkSerialNumber looks for another terminal with a serial number; one that is retired has none any more. It walks all: enrolment is rare, and an index would cost every start.
func (r *Registrar) checkSerialNumber(ctx context.Context, serial string) error {
	var after record.Terminal
	for range terminalsMax / pageSize {
		page, err := r.store.Terminals(ctx, after, pageSize)
		if err != nil {
			return fmt.Errorf("list terminals: %w", err)
		}
		for _, t := range page {
			if t.SerialNumber == serial && t.State != store.TerminalRetired {
				return fmt.Errorf("%w: %s", ErrSerialNumber, t.ID)
			}
			after = t.ID
		}
		if len(page) < pageSize {
			return nil
		}
	}
	return fmt.Errorf("list terminals: more than %d", terminalsMax)
}
