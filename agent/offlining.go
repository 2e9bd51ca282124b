package agent

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/offline"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of what is known of offline payments.
const (
	clockBehind   = time.Minute // how far a till's clock may be behind its last record at a start, or be set back
	rebuildAtOnce = 256         // records read in one step at start
	rebuildBytes  = 256 << 10
)

// offlineBook is what the till may accept by itself and has accepted. The journal is its only source: it is rebuilt from
// there at each start. The till's lock guards it.
type offlineBook struct {
	parts  *OfflineParts
	limits heldLimits
	taken  offline.Taken
	age    offline.Age
	watch  offline.Watch
	heard  time.Time // when the uplink last said that it heard the cloud, by the steady clock
}

// rebuildTaken counts the offline payments among the records that the cloud has not acknowledged.
func (t *till) rebuildTaken(ctx context.Context) error {
	for after := uint64(0); ; {
		records, err := t.offline.parts.Journal.Unsent(ctx, after, rebuildAtOnce, rebuildBytes)
		if err != nil {
			return fmt.Errorf("read unsent records: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		for _, r := range records {
			header, err := record.ParseHeader(r)
			if err != nil {
				return fmt.Errorf("read unsent record: %w", err)
			}
			after = header.Sequence
			if header.Type == record.PaymentRequested {
				t.noteTaken(ctx, r)
			}
		}
	}
}

// noteTaken counts a payment that was accepted offline; any other record is passed over. The lock is held.
func (t *till) noteTaken(ctx context.Context, r record.Record) {
	if t.offline.parts == nil {
		return
	}
	var body message.PaymentRequested
	var paid hardwallet.Transaction
	header, err := record.ParseHeader(r)
	if err == nil {
		err = proto.Unmarshal(r.Body(), &body)
	}
	if err == nil && body.GetOffline() == nil {
		return
	}
	if err == nil {
		err = paid.UnmarshalBinary(body.GetCardTransaction())
	}
	if err != nil { // the totals must not forget it: under no wallet's name it still counts for the terminal
		t.logger.ErrorContext(ctx, "offline payment cannot be read", "sequence", header.Sequence, "error", err)
	}
	p := offline.Payment{Sequence: header.Sequence, Wallet: paid.Certificate.Wallet,
		Counter: paid.Debit.Counter, Amount: body.GetAmount()}
	copy(p.Order[:], body.GetOrderId())
	t.offline.taken.Move(body.GetAgain(), p)
}

// noteUnanswered counts a payment that was taken up after a restart, whose record the cloud has and whose operator's word it has
// not given yet. The lock is held.
func (t *till) noteUnanswered(ctx context.Context, sale checkout.Sale) {
	if t.offline.parts == nil || sale.State != checkout.ApprovedOffline || t.offline.taken.Has(sale.OrderID) {
		return
	}
	t.noteRequested(ctx, sale)
}

// noteRequested counts a payment by the record that asked for it. The lock is held.
func (t *till) noteRequested(ctx context.Context, sale checkout.Sale) {
	records, err := t.offline.parts.Journal.Records(ctx, sale.PaymentSequence-1, 1, rebuildBytes)
	if err != nil || len(records) == 0 {
		t.logger.ErrorContext(ctx, "offline payment cannot be read", "sequence", sale.PaymentSequence, "error", err)
		return
	}
	t.noteTaken(ctx, records[0])
}

// unanswered reports whether no operator has honoured or refused a payment that the till accepted by itself. The lock is held.
func (t *till) unanswered(order checkout.OrderID) bool {
	h := t.sales[order]
	return h != nil && h.sale.State == checkout.ApprovedOffline
}

// refreshOffline brings the book up to now: what an operator has honoured is no longer counted, and when the cloud was heard.
// The lock is held.
func (t *till) refreshOffline(now time.Time) {
	b := &t.offline
	if s := t.parts.Uplink.Status(); !s.HeardSteady.Equal(b.heard) {
		b.heard, b.age = s.HeardSteady, offline.Heard(offline.Moment{Wall: s.HeardAt, Steady: s.HeardSteady})
	}
	b.age = b.age.At(offline.Moment{Wall: now, Steady: b.parts.Steady()})
	b.taken.Settle(now, func(p offline.Payment) bool {
		return t.parts.Journal.Waiting(p.Sequence, p.Sequence) > 0 || t.unanswered(p.Order)
	})
}

// barWallet says why a hard wallet may not be asked to pay: without a connection, only what the limits allow. The lock
// is held.
func (t *till) barWallet(wallet hardwallet.Wallet, sale checkout.Sale) catalogue.Phrase {
	if t.parts.Uplink.Status().Connected {
		return catalogue.None
	}
	stop := offline.NoLimits // nothing is held offline
	if !sale.Hold {
		stop = t.judge(offline.Wish{Wallet: wallet.Certificate.Wallet, Counter: wallet.Counter + 1,
			Amount: sale.Amount.Minor, Currency: sale.Amount.Currency.Code})
	}
	if stop != offline.Allowed {
		t.logger.Warn("hard wallet not asked", "limit", stop, "wallet", wallet.Certificate.Wallet)
	}
	return stopPhrase(stop)
}

// judge applies the limits now. The lock is held.
func (t *till) judge(wish offline.Wish) offline.Stop {
	if t.offline.parts == nil {
		return offline.NoLimits
	}
	t.refreshOffline(t.parts.Clock())
	return t.offline.limits.Judge(&t.offline.taken, t.offline.age, wish)
}

// acceptance is by which limits the till takes a signed payment by itself; nil when the cloud is asked. The lock is held.
func (t *till) acceptance(sale checkout.Sale, signed []byte) *message.Offline {
	if t.parts.Uplink.Status().Connected || t.offline.parts == nil || sale.Hold {
		return nil
	}
	var paid hardwallet.Transaction
	err := paid.UnmarshalBinary(signed)
	if err == nil {
		err = paid.Verify(t.parts.Issuers)
	}
	request := paid.Request
	if err != nil || request.Order != sale.OrderID || request.Amount != sale.Amount.Minor ||
		request.Merchant != t.config.Merchant.ID || request.Terminal != t.config.Terminal.String() {
		t.logger.Error("signed payment does not verify", "sale", sale.OrderID, "error", err)
		return nil
	}
	stop := t.judge(offline.Wish{Wallet: paid.Certificate.Wallet, Counter: paid.Debit.Counter,
		Amount: request.Amount, Currency: request.Currency})
	if stop != offline.Allowed {
		t.logger.Warn("signed payment not accepted offline", "sale", sale.OrderID, "limit", stop)
		return nil
	}
	b := &t.offline
	total, count := b.taken.Total()
	return &message.Offline{LimitsId: b.limits.ID[:], Total: total + request.Amount, Count: uint32(count + 1),
		Since: b.age.Since().UnixMicro()}
}

// noteAccepted counts the payment among the records of a commit, if there is one. The lock is held.
func (t *till) noteAccepted(ctx context.Context, committed []recorded) {
	for _, r := range committed {
		if r.kind == record.PaymentRequested {
			t.noteTaken(ctx, r.bytes)
			t.publishOffline(t.parts.Clock())
		}
	}
}

// publishOffline tells listeners what is left. The lock is held.
func (t *till) publishOffline(now time.Time) {
	if left := t.offlineLeft(now); left != nil {
		t.feed.PublishOffline(*left, now)
	}
}

// offlineLeft is what the till may still accept by itself; nil where it takes nothing. The lock is held.
func (t *till) offlineLeft(now time.Time) *station.Offline {
	b := &t.offline
	if b.parts == nil {
		return nil
	}
	t.refreshOffline(now)
	left := b.limits.Left(&b.taken, b.age)
	taken, payments := b.taken.Total()
	hours := int(left.For / time.Hour)
	const day = 24
	status := &station.Offline{
		Left: left.Amount, LeftText: money.Money{Minor: left.Amount, Currency: t.config.Currency}.Display(),
		PaymentsLeft: left.Count, DaysLeft: hours / day, HoursLeft: hours, Taken: taken, TakenPayments: payments,
	}
	if left.Stop != offline.Allowed {
		text := stopPhrase(left.Stop).Text()
		status.Stopped = &text
	}
	return status
}

// stopPhrase puts a limit into words.
func stopPhrase(stop offline.Stop) catalogue.Phrase {
	switch stop {
	case offline.Allowed:
		return catalogue.None
	case offline.NoClock:
		return catalogue.NoticeOfflineNoClock
	case offline.TooLong:
		return catalogue.NoticeOfflineTooLong
	case offline.WalletBlocked:
		return catalogue.NoticeOfflineBlocked
	case offline.WalletCloned:
		return catalogue.NoticeOfflineCloned
	case offline.OverPayment:
		return catalogue.NoticeOfflinePayment
	case offline.OverWallet:
		return catalogue.NoticeOfflineWallet
	case offline.OverWalletCount:
		return catalogue.NoticeOfflineWalletCount
	case offline.OverTerminal:
		return catalogue.NoticeOfflineTotal
	case offline.OverTerminalCount:
		return catalogue.NoticeOfflineCount
	default:
		return catalogue.NoticeOfflineNoLimits
	}
}
