// Package agent assembles the terminal's program: devices, checkout, journal, uplink and station come in as parts; a
// running till leaves.
package agent

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of the till.
const (
	openMax      = 64                     // sales without a definite outcome
	heldMax      = journal.OpenMax / 2    // those, and the ones accepted offline: a start has to take up all of them
	recentMax    = 64                     // ended sales kept in memory
	followUpMax  = 64                     // follow-ups without a definite outcome
	returnsMax   = 512                    // follow-ups accepted offline that the cloud has not answered
	foundMax     = 64                     // orders of other terminals kept in memory
	lookupsMax   = 4                      // lookups that wait for the cloud
	lookupWait   = 8 * time.Second        // what one may take in all
	lookupAgain  = 3 * time.Second        // after which it is asked once more
	eventsMax    = 16                     // events that one event may lead to
	printMax     = 32                     // print jobs waiting
	faultEvery   = time.Minute            // the shortest time between two records of one device's faults
	reopenFirst  = 250 * time.Millisecond // the first wait before a device is opened again
	reopenMax    = 5 * time.Second        // the longest
	stableAfter  = 10 * time.Second       // a device that worked this long starts again with the first wait
	printerWait  = 500 * time.Millisecond // what answers wait for the printer to be opened after a start
	shiftsKept   = 128                    // shifts that a start looks back for
	endsLooked   = 1000                   // ends of shifts that a start looks through for older ones that are provisional
	shiftRetry   = 30 * time.Second       // between two tries to complete what ended provisionally
	vouchersRead = 512                    // latest sales among which a start looks for one that it can read
	sumRecords   = 500                    // records of one read while a shift is summed up
	sumBytes     = 256 << 10              // and their bytes
	nameMax      = 40                     // characters of the names on a receipt

	merchantDigits = 15
)

// ErrConfig marks a configuration that makes no sense.
var ErrConfig = errors.New("agent: configuration")

// Merchant is whose till it is, as it stands on receipts.
type Merchant struct {
	Name     string // 1 to 40 characters
	ID       string // 15 digits
	Acquirer string // 1 to 40 characters
}

// Config is what a till needs to know.
type Config struct {
	Version  string
	Terminal record.Terminal
	Merchant Merchant
	// Cashier stands on receipts of sales started without one.
	Cashier  string
	Currency money.Currency
	// AmountMax is the most one sale may come to, in minor units.
	AmountMax int64
	// Device identifies machine and place with every payment (银发〔2021〕259号).
	Device *message.TerminalBlock
	// CheckBase is the web address that receipts are checked at; the order's token follows it. Empty for no QR code.
	CheckBase string
	Timing    checkout.Timing
	// ShiftByItself opens a shift with the first sale when none is open, with an empty drawer. Without it a sale is
	// refused then.
	ShiftByItself bool
}

// DefaultConfig returns what most tills have in common.
func DefaultConfig() Config {
	return Config{
		Cashier: "01", Currency: money.CNY, AmountMax: 5_000_000, // ¥50,000.00, the cap of a verified wallet
		Timing: checkout.DefaultTiming(), ShiftByItself: true,
	}
}

// Mistake is what makes no sense in one field that people set.
type Mistake struct {
	Field string // as the settings file calls it, with dots
	What  catalogue.Text
}

// Mistakes are all that makes no sense in what people set, but for the times.
func (c Config) Mistakes() []Mistake {
	var found []Mistake
	wrong := func(field string, what catalogue.Text) { found = append(found, Mistake{Field: field, What: what}) }
	if len(c.Merchant.ID) != merchantDigits || !digits(c.Merchant.ID) {
		wrong("merchant.id", catalogue.NotDigits(c.Merchant.ID, merchantDigits))
	}
	for _, name := range []struct{ field, value string }{
		{"merchant.name", c.Merchant.Name}, {"merchant.acquirer", c.Merchant.Acquirer}, {"sale.cashier", c.Cashier},
	} {
		switch length := utf8.RuneCountInString(name.value); {
		case strings.TrimSpace(name.value) == "":
			wrong(name.field, catalogue.FieldMissing())
		case length > nameMax:
			wrong(name.field, catalogue.CharactersMost(nameMax))
		}
	}
	switch {
	case c.AmountMax <= 0:
		wrong("sale.amount_max", catalogue.ValueBelow(c.AmountMax, 1))
	case c.AmountMax > money.AmountMax:
		wrong("sale.amount_max", catalogue.ValueOutside(c.AmountMax, 1, money.AmountMax))
	}
	if c.CheckBase != "" && !receipt.IsAddress(checkAddress(c.CheckBase, checkout.OrderID{})) {
		wrong("receipt.check_base", catalogue.NotWebAddress(c.CheckBase, "https://check.example.com"))
	}
	return found
}

// Validate returns ErrConfig with what is wrong.
func (c Config) Validate() error {
	switch {
	case c.Version == "":
		return fmt.Errorf("%w: no version", ErrConfig)
	case c.Terminal == (record.Terminal{}):
		return fmt.Errorf("%w: no terminal id", ErrConfig)
	case c.Currency.Code == "":
		return fmt.Errorf("%w: no currency", ErrConfig)
	case c.Device == nil:
		return fmt.Errorf("%w: no device description", ErrConfig)
	}
	if found := c.Mistakes(); len(found) > 0 {
		return fmt.Errorf("%w: %s: %s", ErrConfig, found[0].Field, found[0].What.English)
	}
	return c.Timing.Validate()
}

func digits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
