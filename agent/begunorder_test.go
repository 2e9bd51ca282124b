package agent_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
)

// orders is a sale at a kiosk, paid, of whose order the shop then says something.
func orders(says checkout.OrderStanding) func(*testing.T, *storing) intent {
	return func(t *testing.T, s *storing) intent {
		require.NoError(t, s.say(s.order(t, "key"), says))
		synctest.Wait()
		time.Sleep(time.Second) // what goes back has gone
		return func(s *storing, other int64) (string, error) {
			start := ordering("key")
			if other != 0 {
				start.Amount, start.Origin.Digest = yuan(1250+other), sha256.Sum256([]byte("other"))
			}
			view, err := s.till.Start(context.Background(), start)
			return view.Sale.OrderID.String(), err
		}
	}
}

// TestWhatWasSaidOfAnOrderCountsForEver, although its key is in no journal: the order stands as it was said, so that the same
// does nothing and the opposite is refused.
func TestWhatWasSaidOfAnOrderCountsForEver(t *testing.T) {
	for name, test := range map[string]struct {
		says, opposite, stands checkout.OrderStanding
		refusal                catalogue.Phrase
	}{
		"Accepted": {orderAccepted, orderNotAccepted, orderAccepted, catalogue.RefuseOrderAccepted},
		"Rejected": {orderNotAccepted, orderAccepted, orderGoneBack, catalogue.RefuseOrderGoesBack},
	} {
		t.Run(name, func(t *testing.T) {
			inStore(t, func(t *testing.T, s *storing) {
				id := s.order(t, "order")
				require.NoError(t, s.say(id, test.says))
				time.Sleep(time.Second)
				synctest.Wait()
				s.later(t, func() {
					before, sent, slips := s.stored.Tail(), len(s.cloud.sent), len(s.printer.Documents())
					require.NoError(t, s.say(id, test.says))
					requireRefused(t, s.say(id, test.opposite), test.refusal)
					synctest.Wait()
					require.Equal(t, test.stands, s.standing(t, id))
					require.Equal(t, before, s.stored.Tail(), "nothing is recorded")
					require.Len(t, s.cloud.sent, sent)
					require.Len(t, s.printer.Documents(), slips)
				})
			})
		})
	}
}

// TestWhatATillAsksForByItselfIsNobodysIntent: what gives the money of several orders back has the same key, which leads to
// none of it and is in no one's way.
func TestWhatATillAsksForByItselfIsNobodysIntent(t *testing.T) {
	inStore(t, func(t *testing.T, s *storing) {
		var ids []checkout.OrderID
		for n := range 3 {
			id := s.order(t, fmt.Sprint("order", n))
			require.NoError(t, s.say(id, orderNotAccepted))
			time.Sleep(time.Second)
			synctest.Wait()
			ids = append(ids, id)
		}
		byHand := s.paid(t, "sale", 1250, false)
		first := s.done(t, byHand, "refund", refund, 25)
		s.later(t, func() {
			begun, err := s.stored.FindBegun(t.Context(), followup.OwnKey)
			require.ErrorIs(t, err, journal.ErrNotFound, "%v", begun)
			for n, id := range ids {
				require.Equal(t, orderGoneBack, s.standing(t, id))
				done := s.followUpsOf(t, id)
				require.Len(t, done, 1)
				require.Equal(t, void, done[0].Kind)
				require.Equal(t, id, done[0].Order())
				again, err := s.till.Start(t.Context(), ordering(fmt.Sprint("order", n)))
				require.NoError(t, err)
				require.Equal(t, id, again.Sale.OrderID)
			}
			same, err := s.do(byHand, "refund", station.FollowUpWish{Kind: refund, Amount: 25})
			require.NoError(t, err)
			require.Equal(t, first.ID, same.FollowUp.ID)
		})
		another := s.order(t, "another") // and it is asked for again, and not taken for asked
		require.NoError(t, s.say(another, orderNotAccepted))
		time.Sleep(time.Second)
		synctest.Wait()
		require.Len(t, s.followUpsOf(t, another), 1)
		require.Equal(t, orderGoneBack, s.standing(t, another))
	})
}

// TestOwnKeyIsNoKey of a follow-up's snapshot; a person's is.
func TestOwnKeyIsNoKey(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		id := s.order(t, "order")
		s.done(t, id, "by hand", refund, 25)
		require.NoError(t, s.say(id, orderNotAccepted))
		time.Sleep(time.Second)
		synctest.Wait()
		stored, err := s.journal.FollowUpsOf(t.Context(), journal.OrderID(id))
		require.NoError(t, err)
		require.Len(t, stored, 2)
		for i, want := range []string{"by hand", ""} {
			key, err := agent.FollowUpKey(stored[i].State)
			require.NoError(t, err)
			require.Equal(t, want, key)
		}
	})
}

// TestOldCopyAsksUnderTheSameID: a till whose journal lacks a refund knows nothing of its key, and the cloud knows the id.
func TestOldCopyAsksUnderTheSameID(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.stop()
		sales, records := slices.Clone(s.journal.sales), slices.Clone(s.journal.records)
		s.open(t)
		synctest.Wait()
		first := s.done(t, order, "r1", refund, 500)
		require.Equal(t, followup.Approved, first.State)
		s.stop()
		s.journal.change(func() { s.journal.sales, s.journal.records, s.journal.follow = sales, records, nil })
		s.open(t)
		synctest.Wait()
		again := s.done(t, order, "r1", refund, 500)
		require.Equal(t, first.ID, again.ID)
		require.Equal(t, followup.Approved, again.State)
		require.EqualValues(t, 500, b.orders[string(order[:])].GetRefunded(), "once")
		second := s.done(t, order, "r2", refund, 500)
		require.NotEqual(t, first.ID, second.ID, "another key is another refund")
		require.EqualValues(t, 1000, b.orders[string(order[:])].GetRefunded())
	})
}

// TestFollowUpWhoseKeyIsGone: a journal that has a follow-up and not its key was altered.
func TestFollowUpWhoseKeyIsGone(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.done(t, order, "r1", refund, 500)
		s.journal.change(func() { s.journal.dumb = journal.ErrNotFound })
		_, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 500})
		requireRefused(t, err, catalogue.RefuseJournalDamaged)
		require.EqualValues(t, 500, b.orders[string(order[:])].GetRefunded())
		s.journal.change(func() { s.journal.dumb = nil })
	})
}
