package payment_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

// cards mints signed payments of one issuer's hard wallets.
type cards struct {
	t      *testing.T
	issuer *sign.Key
	card   *sign.Key
}

func newCards(t *testing.T) *cards {
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	card, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	return &cards{t: t, issuer: issuer, card: card}
}

// paid is what the wallet signs for an order; nonce tells two payments under one number apart.
func (c *cards) paid(order []byte, amount int64, counter uint32, nonce byte) []byte {
	wallet, err := hardwallet.ParseWalletID("0002000012345678")
	require.NoError(c.t, err)
	certificate, err := hardwallet.Certificate{Wallet: wallet, Level: 1, Type: 3, Key: c.card.Public(), Currency: "CNY",
		TapLimit: 500_00, TapCount: 10, Expiry: opening.Add(24 * time.Hour).Unix()}.Issue(c.issuer)
	require.NoError(c.t, err)
	signed, err := hardwallet.Transaction{Certificate: certificate, Request: hardwallet.Request{
		Order: [16]byte(order), Amount: amount, Currency: "CNY", Merchant: merchantID, Terminal: till.String(),
		Time: opening.Unix(), Nonce: [8]byte{nonce}}, Debit: hardwallet.Debit{Counter: counter, Balance: 1}}.Sign(c.card)
	require.NoError(c.t, err)
	b, err := signed.MarshalBinary()
	require.NoError(c.t, err)
	return b
}

// limits are stored as given and returned.
func (o *office) limits(change func(*plan.Offline)) *message.OfflineLimits {
	plans, err := plan.Default()
	require.NoError(o.t, err)
	terms := plans.For(merchantID, till.String()).Offline
	change(&terms)
	limits, err := limit.New(terms, nil)
	require.NoError(o.t, err)
	body, err := proto.Marshal(limits)
	require.NoError(o.t, err)
	require.NoError(o.t, o.store.Commit(o.t.Context(), store.Change{OfflineLimits: []store.OfflineLimits{
		{ID: [16]byte(limits.LimitsId), Body: body, At: opening}}}))
	return limits
}

func usual(*plan.Offline) {}

// tapped is a hard wallet's payment that the terminal accepted by itself; without limits, one that it asks about.
func (o *office) tapped(n byte, card []byte, limits *message.OfflineLimits) *message.PaymentRequested {
	body := o.request(n)
	body.Method, body.CodeTail, body.CardTransaction = message.Method_METHOD_TAP, "", card
	if limits != nil {
		body.GiveUp = 1 // long ago: it does not count
		body.Offline = &message.Offline{LimitsId: limits.GetLimitsId(), Total: 1250, Count: 1,
			Since: o.clock.Now().Add(-time.Hour).UnixMicro()}
	}
	return body
}

func (o *office) tap(body *message.PaymentRequested) {
	o.t.Helper()
	require.NoError(o.t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), nil))
}

func TestOfflineIsPresentedUntilDefinite(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	limits := o.limits(usual)
	card := c.paid(orderOf(1), 1250, 7, 1)
	o.tap(o.tapped(1, card, limits))
	first := o.called(o.icbc, "authorise")
	require.True(t, first.request.Offline)
	require.Equal(t, card, first.request.Card)
	first.fails(unknown("authorise"))
	o.cancel(1) // not heeded
	require.Equal(t, message.Stage_STAGE_AUTHORISING, o.told(message.Outcome_OUTCOME_UNKNOWN).GetStage())
	o.clock.advance(5 * time.Second)
	again := o.called(o.icbc, "authorise")
	require.Equal(t, card, again.request.Card, "the transaction comes from the terminal's record")
	o.restart()
	afterRestart := o.called(o.icbc, "authorise")
	require.Equal(t, card, afterRestart.request.Card)
	afterRestart.says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	require.EqualValues(t, 1250, o.books())
	require.Empty(t, o.alarmKinds())
}

// flaky finds merchants from the second time on.
type flaky struct {
	payment.Merchants
	failed bool
}

func (f *flaky) Merchant(ctx context.Context, id string) (store.Merchant, error) {
	if !f.failed {
		f.failed = true
		return store.Merchant{}, errBroken
	}
	return f.Merchants.Merchant(ctx, id)
}

// TestOfflineThatCouldNotBeginBeginsLater: trouble of our own is no reason to decline what a customer has paid; the
// terminal asks again.
func TestOfflineThatCouldNotBeginBeginsLater(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	limits := o.limits(usual)
	o.stop()
	o.change = func(s *payment.ServiceConfig) { s.Merchants = &flaky{Merchants: s.Merchants} }
	o.restart()
	r := o.verified(record.PaymentRequested, o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), limits))
	require.NoError(t, o.take(o.service.Requests(), r, nil))
	require.Empty(t, o.answers)
	o.service.Requests().Again(t.Context(), r, nil)
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	require.EqualValues(t, 1250, o.books())
}

func TestOfflineNotHonouredIsALoss(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
	o.called(o.icbc, "authorise").says(operator.StatusDeclined, operator.ReasonWalletBlocked)
	require.Equal(t, message.Reason_REASON_WALLET_BLOCKED, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
	require.Zero(t, o.books())
	require.EqualValues(t, 1250, o.balance("losses/offline"))
	require.EqualValues(t, -1250, o.balance("merchant/"+merchantID), "the sale stands")
	require.Equal(t, []string{"payment-not-honoured"}, o.alarmKinds())
}

func TestDoubleSpending(t *testing.T) {
	for name, second := range map[string]func(c *cards, first []byte) []byte{
		"double-spent": func(c *cards, _ []byte) []byte { return c.paid(orderOf(2), 1250, 7, 2) },
		"replayed":     func(_ *cards, first []byte) []byte { return first },
	} {
		for _, offline := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				o, c := newOffice(t), newCards(t)
				o.trusts(c)
				var limits *message.OfflineLimits
				if offline {
					limits = o.limits(usual)
				}
				card := c.paid(orderOf(1), 1250, 7, 1)
				o.tap(o.tapped(1, card, limits))
				o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
				o.told(message.Outcome_OUTCOME_APPROVED)
				o.tap(o.tapped(2, second(c, card), limits))
				require.Equal(t, message.Reason_REASON_DOUBLE_SPENT, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
				require.Empty(t, o.icbc.calls, "presented to nobody")
				require.EqualValues(t, 1250, o.books())
				require.Contains(t, o.alarmKinds(), name)
				blocked, err := o.store.BlockedWallets(t.Context(), 10)
				require.NoError(t, err)
				require.Len(t, blocked, 1)
				require.Equal(t, name, blocked[0].Reason)
				ours := offline && name == "double-spent" // that, a copied card signed for this very sale
				require.Equal(t, ours, o.balance("losses/offline") != 0)
				require.Equal(t, ours, slices.Contains(o.alarmKinds(), "payment-not-honoured"))
				require.Equal(t, offline && !ours, slices.Contains(o.alarmKinds(), "payment-not-owed"))
			})
		}
	}
}

// TestDoubleSpendingInOneCommit: the collector may bring two records of a terminal into one commit; that must not be
// refused for ever.
func TestDoubleSpendingInOneCommit(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.trusts(c)
	limits := o.limits(usual)
	var whole store.Change
	var told []func(error)
	for n := byte(1); n <= 2; n++ {
		r := o.verified(record.PaymentRequested, o.tapped(n, c.paid(orderOf(n), 1250, 7, n), limits))
		change, then := o.service.Requests().Consume(t.Context(), r, nil)
		change.Records = append(change.Records, store.Record{Terminal: till, Sequence: r.Header.Sequence, Bytes: r.Record})
		whole.Append(change)
		told = append(told, then)
	}
	require.NoError(t, o.store.Commit(t.Context(), whole))
	for _, then := range told {
		then(nil)
	}
	require.Equal(t, message.Reason_REASON_DOUBLE_SPENT, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
}

// TestDoubleSpendingAtOnce: of two records that use one number at the same time the store takes one; the other is a
// double-spend when it comes again.
func TestDoubleSpendingAtOnce(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.trusts(c)
	limits := o.limits(usual)
	second := o.verified(record.PaymentRequested, o.tapped(2, c.paid(orderOf(2), 1250, 7, 2), limits))
	second.Terminal.ID = record.Terminal([]byte("10000002"))
	require.NoError(t, o.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{
		{ID: second.Terminal.ID, Merchant: merchantID, SerialNumber: "2", State: store.TerminalActive}}}))
	change, told := o.service.Requests().Consume(t.Context(), second, nil) // looked, and found the number free
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), limits))
	err := o.store.Commit(t.Context(), change)
	var conflict *store.ConflictError
	require.ErrorAs(t, err, &conflict)
	require.Equal(t, store.CardSpent, conflict.Kind)
	told(err)
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	change, told = o.service.Requests().Consume(t.Context(), second, nil)
	require.NoError(t, o.store.Commit(t.Context(), change))
	told(nil)
	require.Equal(t, message.Reason_REASON_DOUBLE_SPENT, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
}

func TestForgedCardUsesNothingUp(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.trusts(c)
	o.tap(o.tapped(1, newCards(t).paid(orderOf(1), 1250, 7, 1), nil)) // another issuer's wallet of the same id
	o.called(o.icbc, "authorise").says(operator.StatusDeclined, operator.ReasonCardRefused)
	o.told(message.Outcome_OUTCOME_DECLINED)
	o.tap(o.tapped(2, c.paid(orderOf(2), 1250, 7, 2), nil))
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
}

// TestUnverifiedNumbersAreLeftToTheOperators: where no issuers are known anybody could have made up a transaction. It uses
// no wallet's number up and blocks no wallet, for other terminals nor for its own.
func TestUnverifiedNumbersAreLeftToTheOperators(t *testing.T) {
	for name, offline := range map[string]bool{"asked about": false, "offline": true} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			var limits *message.OfflineLimits
			if offline {
				limits = o.limits(usual)
			}
			invented := o.tapped(9, newCards(t).paid(orderOf(9), 1250, 7, 9), limits) // the same wallet, other keys
			invented.MerchantId = otherID
			require.NoError(t, o.take(o.service.Requests(), o.verifiedOf(foreignTill, otherID, record.PaymentRequested, invented), nil))
			o.declines()
			for n := byte(1); n <= 2; n++ { // what its operator makes of the number is its own affair
				o.tap(o.tapped(n, c.paid(orderOf(n), 1250, 7, n), limits))
				o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
				o.told(message.Outcome_OUTCOME_APPROVED)
			}
			blocked, err := o.store.BlockedWallets(t.Context(), 10)
			require.NoError(t, err)
			require.Empty(t, blocked)
		})
	}
}

func TestBeyondLimitsIsAlarmedAndPresented(t *testing.T) {
	for name, c := range map[string]struct {
		terms func(*plan.Offline)
		body  func(*message.PaymentRequested)
		alarm bool
	}{
		"all kept":                {usual, func(*message.PaymentRequested) {}, false},
		"at the payment's limit":  {func(p *plan.Offline) { p.PaymentMax = 1250 }, func(*message.PaymentRequested) {}, false},
		"above it":                {func(p *plan.Offline) { p.PaymentMax = 1249 }, func(*message.PaymentRequested) {}, true},
		"the wallet's total":      {func(p *plan.Offline) { p.WalletMax = 1249 }, func(*message.PaymentRequested) {}, true},
		"the terminal's own word": {usual, func(b *message.PaymentRequested) { b.Offline.Total = 2_000_001 }, true},
		"its count":               {usual, func(b *message.PaymentRequested) { b.Offline.Count = 201 }, true},
		"too many hours": {usual, func(b *message.PaymentRequested) {
			b.Offline.Since = opening.Add(-721 * time.Hour).UnixMicro()
		}, true},
		"limits never given": {usual, func(b *message.PaymentRequested) { b.Offline.LimitsId = make([]byte, 16) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			o, cards := newOffice(t), newCards(t)
			body := o.tapped(1, cards.paid(orderOf(1), 1250, 7, 1), o.limits(c.terms))
			c.body(body)
			o.tap(body)
			o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
			o.told(message.Outcome_OUTCOME_APPROVED)
			if c.alarm {
				require.Equal(t, []string{"offline-limits"}, o.alarmKinds())
			} else {
				require.Empty(t, o.alarmKinds())
			}
		})
	}
	t.Run("what the books add up", func(t *testing.T) {
		o, cards := newOffice(t), newCards(t)
		limits := o.limits(func(p *plan.Offline) { p.WalletCountMax = 2 })
		since := o.clock.Now().Add(-time.Hour).UnixMicro()
		for n := byte(1); n <= 3; n++ { // the terminal says each time that it is the first
			body := o.tapped(n, cards.paid(orderOf(n), 1250, uint32(n), n), limits)
			body.Offline.Since = since
			o.tap(body)
			o.called(o.icbc, "authorise") // and nobody has honoured one yet
			require.Equal(t, n == 3, len(o.alarmKinds()) == 1)
		}
	})
}

func TestBlockedWalletsAreTold(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	var once sync.Once
	blocked := make(chan struct{})
	o.begins(func(config *payment.ServiceConfig) {
		config.Blocked = func() { once.Do(func() { close(blocked) }) }
		config.Issuers = c.pool()
	})
	for n := byte(1); n <= 2; n++ {
		o.tap(o.tapped(n, c.paid(orderOf(n), 1250, 7, n), nil))
	}
	select {
	case <-blocked:
	case <-time.After(patience):
		require.FailNow(t, "nobody was told")
	}
}

func TestVerification(t *testing.T) {
	lower, err := plan.Load(plan.Document() + "[[merchant]]\nid = \"" + merchantID + "\"\nplan = \"standard\"\nno_password_max = 1250\n")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		amount int64
		change func(*payment.ServiceConfig)
		want   bool
	}{
		"1,000.00 passes":           {1_000_00, nil, false},
		"1,000.01 is verified":      {1_000_01, nil, true},
		"a merchant's own cap":      {1250, func(s *payment.ServiceConfig) { s.Plans = lower }, false},
		"above a merchant's cap":    {1251, func(s *payment.ServiceConfig) { s.Plans = lower }, true},
		"whatever the risk demands": {1, func(s *payment.ServiceConfig) { s.MustVerify = func(payment.Payment) bool { return true } }, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			if c.change != nil {
				o.stop()
				o.change = c.change
				o.restart()
			}
			body := o.request(1)
			body.Amount = c.amount
			require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
			require.Equal(t, c.want, o.called(o.icbc, "authorise").request.Verify)
		})
	}
}

func TestUnverifiedPayersAreCounted(t *testing.T) {
	plans, err := plan.Load(strings.Replace(plan.Document(), "no_password_count = 10", "no_password_count = 5", 1))
	require.NoError(t, err)
	o := newOffice(t)
	o.stop()
	o.change = func(s *payment.ServiceConfig) { s.Plans = plans }
	o.restart()
	pay := func(n byte) {
		o.pay(n)
		o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
		o.told(message.Outcome_OUTCOME_APPROVED)
	}
	for n := byte(1); n <= 5; n++ {
		pay(n)
	}
	require.Empty(t, o.alarmKinds())
	o.clock.advance(24 * time.Hour)
	for n := byte(6); n <= 10; n++ {
		pay(n)
	}
	require.Empty(t, o.alarmKinds(), "a day of its own")
	pay(11)
	require.Equal(t, []string{"no-password-count"}, o.alarmKinds())
}

func TestPlanBoundsTheFee(t *testing.T) {
	plans, err := plan.Load(plan.Document() + `
[[plan]]
name = "small"
fee_basis_points = 4
no_password_max = 100_000
no_password_count = 5
hold_cap_percent = 100
hold_days = 30
[[terminal]]
id = "10000001"
plan = "small"
`)
	require.NoError(t, err)
	o := newOffice(t)
	o.stop()
	o.change = func(s *payment.ServiceConfig) { s.Plans = plans }
	o.restart()
	body := o.request(1)
	body.Amount = 1_000_00
	require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
	c := o.called(o.icbc, "authorise")
	c.answer <- bankAnswer{answer: operator.Answer{OrderID: c.request.OrderID, Status: operator.StatusApproved, Amount: 1_000_00,
		Currency: "CNY", Reference: "R-1", AuthCode: "A1B2C3"}}
	o.told(message.Outcome_OUTCOME_APPROVED)
	require.EqualValues(t, -40, o.balance("fees"), "4 basis points and not the merchant's 10")
}

func TestPlanBoundsHolds(t *testing.T) {
	plans, err := plan.Load(strings.NewReplacer("hold_cap_percent = 100", "hold_cap_percent = 80", "hold_days = 30", "hold_days = 7").
		Replace(plan.Document()))
	require.NoError(t, err)
	o := newOffice(t)
	o.stop()
	o.change = func(s *payment.ServiceConfig) { s.Plans = plans }
	o.restart()
	body := o.request(1)
	body.Hold = true
	require.NoError(t, o.take(o.service.Requests(), o.verified(record.PaymentRequested, body), []byte(code)))
	o.called(o.icbc, "hold").says(operator.StatusApproved, operator.ReasonNone)
	standing := o.told(message.Outcome_OUTCOME_APPROVED).GetStanding()
	require.Equal(t, opening.AddDate(0, 0, 7).UnixMicro(), standing.GetHoldExpires())
	o.follow(asks(1, completes, 1001))
	require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, o.heard(message.Outcome_OUTCOME_DECLINED).GetReason())
	o.follow(asks(2, completes, 1000))
	o.called(o.icbc, "complete").done()
}
