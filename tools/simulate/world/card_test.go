package world

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
)

// stranded is a till that cannot ask, with three sales of two customers.
func stranded() (*till, []*purchase) {
	t := counter()
	w := t.world
	w.spendings, w.spentBy, w.presented = map[spending][]order{}, map[order][]spending{}, map[spending]order{}
	one, other := &customer{name: "one"}, &customer{name: "other"}
	var list []*purchase
	for i, c := range []*customer{one, one, one, one, other} {
		p := &purchase{number: i + 2, till: t, amount: 200_00, customer: c, order: order{byte(i + 2)}}
		w.adoptAs(p, p.order)
		list = append(list, p)
	}
	return t, list
}

func (t *till) takeByItself(p *purchase) {
	t.evidence.offline = append(t.evidence.offline, offlinePayment{order: p.order, amount: p.amount})
	t.checkWallet(p.order)
}

// hear has the till hear what the cloud says of a payment.
func (t *till) hear(p *purchase, outcome message.Outcome) {
	t.evidence.heardOf(t, &message.OutcomeShown{OrderId: p.order[:], Outcome: outcome, Result: &message.PaymentResult{}})
}

func TestOneWalletsPaymentsWhileNobodyIsAsked(t *testing.T) {
	t.Run("ByCount", func(t *testing.T) {
		till, list := stranded()
		for _, p := range list[:3] {
			till.takeByItself(p)
		}
		till.takeByItself(list[4])
		require.Empty(t, broken(till))
		till.takeByItself(list[3])
		require.Equal(t, []string{"offline-beyond-wallet"}, broken(till))
	})
	t.Run("ByAmount", func(t *testing.T) {
		till, list := stranded()
		list[0].amount = 500_00
		till.takeByItself(list[0])
		till.takeByItself(list[1])
		require.Empty(t, broken(till))
		list[2].amount = 1
		till.takeByItself(list[2])
		require.Equal(t, []string{"offline-beyond-wallet"}, broken(till))
	})
	t.Run("WhatIsHonouredDoesNotCount", func(t *testing.T) {
		till, list := stranded()
		for _, p := range list[:4] {
			till.takeByItself(p)
			till.hear(p, message.Outcome_OUTCOME_APPROVED)
		}
		require.Empty(t, broken(till))
	})
	t.Run("WhatIsRefusedCountsForADay", func(t *testing.T) {
		till, list := stranded()
		for _, p := range list[:3] {
			till.takeByItself(p)
			till.hear(p, message.Outcome_OUTCOME_DECLINED)
		}
		till.world.loop.now += 23 * time.Hour
		till.hear(list[0], message.Outcome_OUTCOME_DECLINED) // again: the first time counts
		till.takeByItself(list[3])
		require.Equal(t, []string{"offline-beyond-wallet"}, broken(till))
		till, list = stranded()
		for _, p := range list[:3] {
			till.takeByItself(p)
			till.hear(p, message.Outcome_OUTCOME_DECLINED)
		}
		till.skew = 24 * time.Hour // nobody can say that it is not a day later
		till.takeByItself(list[3])
		require.Empty(t, broken(till))
	})
	t.Run("OutcomesWithoutTheCloudsWordChangeNothing", func(t *testing.T) {
		till, list := stranded()
		for _, p := range list[:3] {
			till.takeByItself(p)
			till.evidence.heardOf(till, &message.OutcomeShown{OrderId: p.order[:], Outcome: message.Outcome_OUTCOME_APPROVED})
		}
		till.takeByItself(list[3])
		require.Equal(t, []string{"offline-beyond-wallet"}, broken(till))
	})
	t.Run("OneNumberTwice", func(t *testing.T) {
		till, list := stranded()
		spent := spending{hardwallet.WalletID{1}, 7}
		for _, p := range list[:2] {
			till.world.spentBy[p.order] = []spending{spent}
		}
		till.takeByItself(list[0])
		till.takeByItself(list[1])
		require.Equal(t, []string{"offline-cloned"}, broken(till))
	})
}

func TestDoubled(t *testing.T) {
	till, list := stranded()
	w, spent := till.world, spending{hardwallet.WalletID{1}, 7}
	w.spendings[spent], w.spentBy[list[0].order] = []order{list[0].order}, []spending{spent}
	require.False(t, w.doubled(list[0].order))
	w.spendings[spent], w.spentBy[list[1].order] = append(w.spendings[spent], list[1].order), []spending{spent}
	require.True(t, w.doubled(list[0].order))
	require.True(t, w.doubled(list[1].order))
	require.False(t, w.doubled(list[2].order))
	w.presented[spent] = list[1].order
	require.True(t, w.presentedFor(list[1].order))
	require.False(t, w.presentedFor(list[0].order))
}
