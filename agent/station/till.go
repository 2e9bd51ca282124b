// Package station is the till's local HTTP API: intents of the cashier's screen, kiosk or shop program come in, answers
// and an event stream of snapshots leave. It listens on loopback and owns no state about money.
package station

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/money"
)

// Till is what the station drives. Its errors are *Refusal when the till says no; any other is an internal error.
type Till interface {
	// Start begins a sale, or returns the one that the same origin began before. It refuses with RefuseKeyReused when
	// the key belongs to another request, RefuseSaleOpen while one holds the till.
	Start(ctx context.Context, start Start) (checkout.View, error)
	// Press gives an intent to a sale and returns what it made of it.
	Press(ctx context.Context, id checkout.OrderID, intent Intent) (checkout.View, error)
	// Sale returns a sale, also one that ended long ago, or refuses with RefuseNoSale.
	Sale(ctx context.Context, id checkout.OrderID) (checkout.View, error)
	// Status returns how the till is.
	Status(ctx context.Context) (Status, error)
}

// Start is the wish to begin a sale.
type Start struct {
	Amount        money.Money
	Cashier, Note string
	Origin        checkout.Origin
	// Hold asks for the amount to be held; HoldExpires is zero where that is left to the cloud.
	Hold        bool
	HoldExpires time.Time
	// AcceptWithin is how long after the payment the shop's order has to be accepted; zero where nobody has to.
	OrderReference string
	AcceptWithin   time.Duration
}

// Intent is a wish about one sale: checkout.CancelPressed, checkout.CodeWanted, checkout.ReprintPressed or
// checkout.OrderDecided.
type Intent = checkout.Event

// Refusal is the till's no, in words for people.
type Refusal struct {
	Phrase catalogue.Phrase
	// Sale is the sale that stands in the way; zero when none does.
	Sale checkout.OrderID
	// More is what the phrase cannot know, such as an amount; it may be empty.
	More Words
	// Detail is for the log and the integrator, in English: no person at a till can do anything with it. It may be empty.
	Detail string
}

// Error implements error.
func (r *Refusal) Error() string {
	text := "station: " + r.Phrase.Text().With(r.More).English
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

// Is makes refusals with the same phrase equal to errors.Is.
func (r *Refusal) Is(target error) bool {
	other, ok := target.(*Refusal)
	return ok && other.Phrase == r.Phrase
}

// Status is how the till is.
type Status struct {
	Version  string        `json:"version" doc:"agent's version"`
	Terminal string        `json:"terminal" doc:"terminal id"`
	Merchant string        `json:"merchant" doc:"merchant's name"`
	Time     time.Time     `json:"time" doc:"the till's clock"`
	Sale     string        `json:"sale,omitempty" doc:"the sale that holds the till"`
	Pending  int           `json:"pending" doc:"sales whose money may have moved, without a definite outcome"`
	Pursued  int           `json:"pending_follow_ups,omitempty" doc:"voids, refunds and the like without a definite outcome"`
	Refusing *Words        `json:"refusing,omitempty" doc:"why no sale can start; absent when one can"`
	Journal  JournalStatus `json:"journal"`
	Uplink   UplinkStatus  `json:"uplink"`
	Devices  []Device      `json:"devices"`
	Orders   []Sale        `json:"orders,omitempty" doc:"paid orders that were not accepted and whose money is not back, the oldest first, at most 32"`
	Offline  *Offline      `json:"offline,omitempty" doc:"what hard wallets may pay while the cloud cannot be reached; absent where none are taken"`
}

// Offline is what a till may accept by itself from now on. Amounts are minor units.
type Offline struct {
	Left          int64  `json:"left" doc:"minor units"`
	LeftText      string `json:"left_text" doc:"the amount with its symbol"`
	PaymentsLeft  int    `json:"payments_left"`
	DaysLeft      int    `json:"days_left" doc:"whole days until nothing is accepted without the cloud"`
	HoursLeft     int    `json:"hours_left" doc:"the same in whole hours"`
	Taken         int64  `json:"taken" doc:"accepted and not acknowledged by the cloud"`
	TakenPayments int    `json:"taken_payments"`
	Stopped       *Words `json:"stopped,omitempty" doc:"why nothing is accepted"`
}

// Words are a sentence in both languages.
type Words = catalogue.Text

// JournalStatus counts the journal's records.
type JournalStatus struct {
	Records      uint64     `json:"records"`
	Unsent       uint64     `json:"unsent" doc:"records the cloud has not acknowledged"`
	OldestUnsent *time.Time `json:"oldest_unsent,omitempty"`
	Sales        uint64     `json:"sales"`
	ClockJumps   uint64     `json:"clock_jumps" doc:"times the clock was found set back"`
	Lost         []Loss     `json:"lost,omitempty" doc:"what older copies of the journal no longer had, the latest last"`
	Notice       *Words     `json:"notice,omitempty" doc:"what somebody should know of the journal although it works"`
	Next         *Words     `json:"next,omitempty" doc:"what to do about that"`
}

// UplinkStatus is the connection to the cloud.
type UplinkStatus struct {
	Connected     bool       `json:"connected"`
	Broker        string     `json:"broker,omitempty"`
	Since         *time.Time `json:"since,omitempty" doc:"of the connection, or of its loss"`
	Epoch         uint32     `json:"epoch"`
	LastAck       *time.Time `json:"last_acknowledgement,omitempty"`
	LastError     string     `json:"last_error,omitempty"`
	ClockOffsetMS int64      `json:"clock_offset_ms" doc:"the cloud's clock minus the till's"`
	Stopped       string     `json:"stopped,omitempty" doc:"why nothing is sent although there is a connection"`
	Barred        bool       `json:"barred,omitempty" doc:"the cloud does not let the terminal in"`
	Refused       uint64     `json:"refused" doc:"records the cloud refused since the start"`
	LastRefusal   string     `json:"last_refusal,omitempty"`
}

// Device is one device's state.
type Device struct {
	Name  string    `json:"name" enum:"scanner,reader,printer"`
	State string    `json:"state" enum:"ready,absent,faulted,none"`
	Since time.Time `json:"since"`
	Fault string    `json:"fault,omitempty"`
	// Notice is what somebody should know of a device that works.
	Notice *Words `json:"notice,omitempty" doc:"what to know of it although it works"`
}

// parseOrder reads an order id as 32 hexadecimal digits.
func parseOrder(text string) (checkout.OrderID, error) {
	var id checkout.OrderID
	if len(text) != hex.EncodedLen(len(id)) {
		return id, &Refusal{Phrase: catalogue.RefuseNoSale}
	}
	if _, err := hex.Decode(id[:], []byte(text)); err != nil {
		return checkout.OrderID{}, &Refusal{Phrase: catalogue.RefuseNoSale}
	}
	return id, nil
}
