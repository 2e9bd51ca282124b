package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
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
	limitsEvery   = time.Hour   // the shortest time between two records of the same limits
	rebuildAtOnce = 256         // records read in one step at start
	rebuildBytes  = 256 << 10
)

// errNoLimits marks an answer of another type.
var errNoLimits = errors.New("agent: the answer is no limits")

// offlineBook is what the till may accept by itself and has accepted. The journal is its only source: it is rebuilt from
// there at each start. The till's lock guards it.
type offlineBook struct {
	parts  *OfflineParts
	limits offline.Limits
	taken  offline.Taken
	age    offline.Age
	watch  offline.Watch
	// heard is when the uplink last said that it heard the cloud, by the steady clock; kept is when the limits were last
	// recorded.
	heard, kept time.Time
}

// recoverOffline takes up the limits that the journal keeps, and what was accepted and not acknowledged. Limits that
// cannot be verified any more are none.
func (t *till) recoverOffline(ctx context.Context) error {
	b := &t.offline
	if b.parts == nil {
		return nil
	}
	if err := t.rebuildTaken(ctx); err != nil {
		return err
	}
	newest, err := b.parts.Journal.Newest(ctx, record.LimitsTaken)
	if errors.Is(err, journal.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read offline limits: %w", err)
	}
	header, err := record.ParseHeader(newest.Record)
	if err != nil {
		return fmt.Errorf("read offline limits: %w", err)
	}
	var kept message.OfflineLimitsTaken
	limits, err := offline.Limits{}, proto.Unmarshal(newest.Record.Body(), &kept)
	if err == nil {
		limits, err = t.verifyLimits(kept.GetAnswer())
	}
	if err != nil {
		t.logger.ErrorContext(ctx, "kept offline limits not used", "error", err)
		return nil
	}
	b.limits, b.kept = limits, header.Time
	b.age = offline.Resumed(offline.Trace{Heard: header.Time, Passed: newest.Passed, Back: newest.Back, Last: newest.Last},
		offline.Moment{Wall: t.parts.Clock(), Steady: b.parts.Steady()}, clockBehind)
	return nil
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
	t.offline.taken.Move(body.GetAgain(), offline.Payment{Sequence: header.Sequence, Wallet: paid.Certificate.Wallet,
		Counter: paid.Debit.Counter, Amount: body.GetAmount()})
}

// verifyLimits checks a whole answer and reads the limits in it.
func (t *till) verifyLimits(answer record.Record) (offline.Limits, error) {
	if err := t.offline.parts.Answers.VerifyAnswer(answer); err != nil {
		return offline.Limits{}, fmt.Errorf("verify offline limits: %w", err)
	}
	header, err := record.ParseHeader(answer)
	if err != nil || header.Type != record.OfflineLimits {
		return offline.Limits{}, fmt.Errorf("verify offline limits: %w", errors.Join(errNoLimits, err))
	}
	var body message.OfflineLimits
	if err := proto.Unmarshal(answer.Body(), &body); err != nil {
		return offline.Limits{}, fmt.Errorf("read offline limits: %w", err)
	}
	return offline.Parse(&body)
}

// limitsCome delivers the cloud's limits; nil, which never does, where no offline payments are taken.
func (t *till) limitsCome() <-chan record.Record {
	if t.offline.parts == nil {
		return nil
	}
	return t.offline.parts.Answers.Limits()
}

// takeLimits holds to newer limits from the moment they are in the journal.
func (t *till) takeLimits(ctx context.Context, answer record.Record) {
	limits, err := t.verifyLimits(answer)
	if err != nil {
		t.logger.ErrorContext(ctx, "offline limits not taken", "error", err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b, now := &t.offline, t.parts.Clock()
	if limits.GivenAt.Before(b.limits.GivenAt) {
		return // overtaken on the way
	}
	if since := now.Sub(b.kept); limits.ID == b.limits.ID && since >= 0 && since < limitsEvery {
		b.limits = limits
		return
	}
	entry := journal.Entry{Type: record.LimitsTaken, Body: &message.OfflineLimitsTaken{Answer: answer}}
	if _, err := t.parts.Journal.Append(ctx, entry); err != nil {
		t.logger.WarnContext(ctx, "offline limits not recorded", "error", err) // they come again
		return
	}
	b.limits, b.kept = limits, now
	t.publishOffline(now)
}

// refreshOffline brings the book up to now: what the cloud has is no longer counted, and when it was heard. The lock is
// held.
func (t *till) refreshOffline(now time.Time) {
	b := &t.offline
	if s := t.parts.Uplink.Status(); !s.HeardSteady.Equal(b.heard) {
		b.heard, b.age = s.HeardSteady, offline.Heard(offline.Moment{Wall: s.HeardAt, Steady: s.HeardSteady})
	}
	b.age = b.age.At(offline.Moment{Wall: now, Steady: b.parts.Steady()})
	b.taken.Settle(func(sequence uint64) bool { return t.parts.Journal.Waiting(sequence, sequence) > 0 })
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
