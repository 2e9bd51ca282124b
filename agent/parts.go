package agent

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

// Recorder is the journal's writing side. Its errors are those of package journal.
type Recorder interface {
	// Append commits the entries in one transaction; what it returned without an error survives a power cut.
	Append(ctx context.Context, entries ...journal.Entry) ([]record.Record, error)
	// SaveSale commits a sale without a record.
	SaveSale(ctx context.Context, sale journal.Snapshot) error
	// Room returns an error when a payment would be refused.
	Room() error
	Tail() journal.Position
	// Waiting counts the records from first to last that the cloud has not acknowledged.
	Waiting(first, last uint64) uint64
	Counts(ctx context.Context) (journal.Counts, error)
}

// SaleStore is the journal's reading side: sales as they were last committed.
type SaleStore interface {
	OpenSales(ctx context.Context) ([]journal.Sale, error)
	LastSales(ctx context.Context, n int) ([]journal.Sale, error)
	// Find returns journal.ErrNotFound when there is no such sale.
	Find(ctx context.Context, id journal.OrderID) (journal.Sale, error)
	Get(ctx context.Context, sequence uint64) (record.Record, error)
}

// ShiftStore is the journal's reading side for shifts.
type ShiftStore interface {
	// Landmarks returns the latest shift-opened, shift-closed or cash-moved records before a sequence (0 for all), newest first.
	Landmarks(ctx context.Context, kind record.Type, before uint64, limit int) ([]record.Record, error)
	// Records returns the records after a sequence, in order.
	Records(ctx context.Context, after uint64, recordsMax, bytesMax int) ([]record.Record, error)
}

// FollowUpStore is the journal's reading side of follow-ups, as they were last committed.
type FollowUpStore interface {
	OpenFollowUps(ctx context.Context) ([]journal.FollowUp, error)
	LastFollowUps(ctx context.Context, n int) ([]journal.FollowUp, error)
	FollowUpsOf(ctx context.Context, order journal.OrderID) ([]journal.FollowUp, error)
	// FindFollowUp returns journal.ErrNotFound when there is no such follow-up.
	FindFollowUp(ctx context.Context, id journal.FollowUpID) (journal.FollowUp, error)
}

// LabelFinder finds sales by what SaleLabels gives them.
type LabelFinder interface {
	// FindLabel returns the latest sale with the label, or journal.ErrNotFound.
	FindLabel(ctx context.Context, label string) (journal.Sale, error)
}

// IntentFinder finds what an intent's idempotency key did, however long ago. ErrNotFound says that it did nothing of what was
// asked about; after any other error nobody knows, and nothing may begin.
type IntentFinder interface {
	// FindBegun returns the sale or follow-up that a key began, or journal.ErrNotFound.
	FindBegun(ctx context.Context, key string) (journal.Begun, error)
	// FindAct returns the first shift-opened, shift-closed or cash-moved record with a key, or journal.ErrNotFound.
	FindAct(ctx context.Context, kind record.Type, key string) (record.Record, error)
}

// Journal is all of it.
type Journal interface {
	Recorder
	SaleStore
	ShiftStore
	FollowUpStore
	LabelFinder
	IntentFinder
}

// Sender sends urgent records.
type Sender interface {
	// SendNow publishes at once and does not wait; a copy of the secret is kept for sending again until Forget.
	SendNow(rec record.Record, secret []byte) error
	Forget(sequence uint64)
	// ClockOffset is the cloud's clock minus ours, false while that is not known.
	ClockOffset() (time.Duration, bool)
	Status() uplink.Status
}

// Answers are what the cloud says.
type Answers interface {
	Results() <-chan *message.PaymentResult
	FollowUpResults() <-chan *message.FollowUpResult
	OrdersFound() <-chan *message.OrderFound
	Refusals() <-chan *message.Refusal
}

// Uplink is both ways.
type Uplink interface {
	Sender
	Answers
}

// OfflineParts are what a till needs besides to accept payments by itself (SPEC.md 7.8).
type OfflineParts struct {
	Journal OfflineJournal
	Answers OfflineAnswers
	// Steady is a clock that nobody sets; it measures how long the cloud was not heard.
	Steady func() time.Time
}

// OfflineJournal is what the journal tells of limits and of what the cloud has not got.
type OfflineJournal interface {
	// Newest returns journal.ErrNotFound when there is no such record.
	Newest(ctx context.Context, kind record.Type) (journal.Newest, error)
	// Unsent returns records after a sequence that the cloud has not acknowledged, in order; none at the end.
	Unsent(ctx context.Context, after uint64, recordsMax, bytesMax int) ([]record.Record, error)
	// Records returns records after a sequence, in order.
	Records(ctx context.Context, after uint64, recordsMax, bytesMax int) ([]record.Record, error)
}

// OfflineAnswers brings the cloud's limits.
type OfflineAnswers interface {
	// Limits delivers whole answers whose tag is verified.
	Limits() <-chan record.Record
	// VerifyAnswer verifies one that was kept.
	VerifyAnswer(answer record.Record) error
}

// Opened is a device that was opened.
type Opened[T any] struct {
	Device T
	// Run is the device's own loop; nil when it has none.
	Run   func(ctx context.Context) error
	Close func() error
}

// Opener opens a device, again and again until it is there. It is nil where a till has no such device.
type Opener[T any] func(ctx context.Context) (Opened[T], error)

// Parts are what a till is put together from.
type Parts struct {
	Journal Journal
	Uplink  Uplink
	Scanner Opener[drivers.Scanner]
	Reader  Opener[drivers.CardReader]
	Printer Opener[drivers.Printer]
	// Identity signs the ends of shifts; without it none can be closed.
	Identity *sign.Key
	// Issuers are whose hard wallets are taken; nil takes none.
	Issuers *hardwallet.Pool
	// Offline is what accepting hard wallets without the cloud needs; nil accepts nothing.
	Offline *OfflineParts
	// Background runs beside the till, such as the journal's and the uplink's own loops; any that ends ends the till.
	Background map[string]func(ctx context.Context) error
	Clock      func() time.Time
	Random     io.Reader
	Logger     *slog.Logger
}
