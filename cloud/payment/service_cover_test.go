package payment_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// trusts begins the service anew with the issuer of the cards.
func (o *office) trusts(c *cards) {
	o.t.Helper()
	o.begins(func(config *payment.ServiceConfig) { config.Issuers = c.pool() })
}

// begins begins the service anew with another configuration.
func (o *office) begins(change func(*payment.ServiceConfig)) {
	o.t.Helper()
	o.stop()
	o.change = change
	o.restart()
}

// pool is the issuer of the cards.
func (c *cards) pool() *hardwallet.Pool {
	issuers, err := hardwallet.NewPool(c.issuer.Public())
	require.NoError(c.t, err)
	return issuers
}

// declines has an operator decline the next call, whatever its amount.
func (o *office) declines() {
	o.t.Helper()
	call := o.called(o.icbc, "authorise")
	call.answer <- bankAnswer{answer: operator.Answer{OrderID: call.request.OrderID, Status: operator.StatusDeclined,
		Reason: operator.ReasonCardRefused, Amount: call.request.Amount, Currency: "CNY"}}
	require.Equal(o.t, message.Reason_REASON_CARD_REFUSED, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
}

// TestNotHonouredIsOursOnlyWhenCovered: what no operator honours is owed to the merchant when a card signed just that within
// limits that we gave. Whatever else a terminal says, nothing is booked and somebody decides.
func TestNotHonouredIsOursOnlyWhenCovered(t *testing.T) {
	generous := func(p *plan.Offline) { p.PaymentMax, p.WalletMax, p.TerminalMax = 1<<40, 1<<40, 1<<40 }
	for name, c := range map[string]struct {
		change func(o *office, c *cards, body *message.PaymentRequested)
		ours   bool
	}{
		"all of it holds": {func(*office, *cards, *message.PaymentRequested) {}, true},
		"no transaction": {func(_ *office, _ *cards, b *message.PaymentRequested) {
			b.CardTransaction = []byte("nonsense")
		}, false},
		"another issuer's card": {func(o *office, _ *cards, b *message.PaymentRequested) {
			b.CardTransaction = newCards(o.t).paid(orderOf(1), 1250, 7, 1)
		}, false},
		"another amount": {func(_ *office, _ *cards, b *message.PaymentRequested) { b.Amount = 9_000_000_00 }, false},
		"another order": {func(_ *office, c *cards, b *message.PaymentRequested) {
			b.CardTransaction = c.paid(orderOf(2), 1250, 7, 1)
		}, false},
		"another terminal": {func(_ *office, c *cards, b *message.PaymentRequested) {
			b.CardTransaction = c.paidAt(secondTill, orderOf(1), 1250, 7, 1)
		}, false},
		"limits that were never given": {func(_ *office, _ *cards, b *message.PaymentRequested) {
			b.Offline.LimitsId = make([]byte, 16)
		}, false},
		"no limits": {func(_ *office, _ *cards, b *message.PaymentRequested) { b.Offline.LimitsId = nil }, false},
		"beyond its limits": {func(o *office, _ *cards, b *message.PaymentRequested) {
			b.Offline.LimitsId = o.limits(func(p *plan.Offline) { p.PaymentMax = 1249 }).LimitsId
		}, false},
		"limits of another's plan": {func(o *office, _ *cards, b *message.PaymentRequested) {
			b.Offline.LimitsId, b.Offline.Total = o.limits(generous).LimitsId, 3_000_000
		}, false},
		"a blocked wallet": {func(o *office, _ *cards, b *message.PaymentRequested) {
			b.Offline.LimitsId = o.limitsWithout("0002000012345678").LimitsId
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			o, cards := newOffice(t), newCards(t)
			o.trusts(cards)
			body := o.tapped(1, cards.paid(orderOf(1), 1250, 7, 1), o.limits(usual))
			c.change(o, cards, body)
			o.tap(body)
			o.declines()
			if c.ours {
				require.EqualValues(t, 1250, o.balance("losses/offline"))
				require.Equal(t, []string{"payment-not-honoured"}, o.alarmKinds())
				return
			}
			balances, err := o.store.Balances(t.Context())
			require.NoError(t, err)
			require.Empty(t, balances, "owed to nobody")
			require.Contains(t, o.alarmKinds(), "payment-not-owed")
			require.NotContains(t, o.alarmKinds(), "payment-not-honoured")
		})
	}
}

// TestHonouredCountsNoLonger: short outages one after another, each of which the cloud hears of before the next. What an operator
// has paid nobody can lose, so a wallet's eleventh payment of a day is within its ten; what none has honoured counts on.
func TestHonouredCountsNoLonger(t *testing.T) {
	for name, honoured := range map[string]bool{"all honoured": true, "none honoured yet": false} {
		t.Run(name, func(t *testing.T) {
			o, cards := newOffice(t), newCards(t)
			o.trusts(cards)
			limits := o.limits(usual)
			for n := byte(1); n <= 10; n++ {
				o.tap(o.tapped(n, cards.paid(orderOf(n), 1250, uint32(n), n), limits))
				if call := o.called(o.icbc, "authorise"); honoured {
					call.says(operator.StatusApproved, operator.ReasonNone)
					o.told(message.Outcome_OUTCOME_APPROVED)
				}
			}
			require.Empty(t, o.alarmKinds())
			o.tap(o.tapped(11, cards.paid(orderOf(11), 1250, 11, 11), limits))
			o.declines()
			if honoured {
				require.Equal(t, []string{"payment-not-honoured"}, o.alarmKinds(), "it is owed to the merchant")
				require.EqualValues(t, 1250, o.balance("losses/offline"))
				return
			}
			require.ElementsMatch(t, []string{"offline-limits", "payment-not-owed"}, o.alarmKinds())
		})
	}
}

// TestOfflineThatIsNoPaymentIsOwedToNobody: what the cloud does not take at all was nothing that it let a terminal take.
func TestOfflineThatIsNoPaymentIsOwedToNobody(t *testing.T) {
	for name, change := range map[string]func(*message.PaymentRequested){
		"another's merchant": func(b *message.PaymentRequested) { b.MerchantId = otherID },
		"no such currency":   func(b *message.PaymentRequested) { b.Currency = "XXX" },
		"no amount":          func(b *message.PaymentRequested) { b.Amount = 0 },
		"no tap":             func(b *message.PaymentRequested) { b.Method = message.Method_METHOD_SHOWN },
	} {
		t.Run(name, func(t *testing.T) {
			o, c := newOffice(t), newCards(t)
			o.trusts(c)
			body := o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual))
			change(body)
			o.tap(body)
			o.told(message.Outcome_OUTCOME_DECLINED)
			require.Equal(t, []string{"offline-lost"}, o.alarmKinds())
			balances, err := o.store.Balances(t.Context())
			require.NoError(t, err)
			require.Empty(t, balances)
			o.nobodyAsked()
		})
	}
}

// TestCoverOutlivesARestart: whether a loss is ours is decided when the payment comes, and kept with it.
func TestCoverOutlivesARestart(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.trusts(c)
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), o.limits(usual)))
	o.called(o.icbc, "authorise").fails(unknown("authorise"))
	o.restart()
	o.declines()
	require.EqualValues(t, 1250, o.balance("losses/offline"))
}

// paidAt is what the wallet signs for an order at another terminal.
func (c *cards) paidAt(terminal record.Terminal, order []byte, amount int64, counter uint32, nonce byte) []byte {
	var paid hardwallet.Transaction
	require.NoError(c.t, paid.UnmarshalBinary(c.paid(order, amount, counter, nonce)))
	paid.Request.Terminal = terminal.String()
	signed, err := paid.Sign(c.card)
	require.NoError(c.t, err)
	b, err := signed.MarshalBinary()
	require.NoError(c.t, err)
	return b
}

// limitsWithout are limits by which a wallet is blocked.
func (o *office) limitsWithout(wallet string) *message.OfflineLimits {
	limits := o.limits(usual)
	blocked := seal.Portable().Sum([]byte(wallet))
	limits.LimitsId, limits.BlockedWallets = []byte("limits with one "), [][]byte{blocked[:]}
	body, err := proto.Marshal(limits)
	require.NoError(o.t, err)
	require.NoError(o.t, o.store.Commit(o.t.Context(), store.Change{OfflineLimits: []store.OfflineLimits{
		{ID: [16]byte(limits.LimitsId), Body: body, At: opening}}}))
	return limits
}
