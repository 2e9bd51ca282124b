package agent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// TestTapWithoutRoom: what a card signs has to be recorded, so it is only asked while a payment would be taken, and what it
// has signed is recorded whatever became of that meanwhile.
func TestTapWithoutRoom(t *testing.T) {
	t.Run("NotAsked", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			begun := s.begin(t, "k1")
			s.journal.change(func() { s.journal.room = journal.ErrNoRoom })
			s.place(applet(card))
			time.Sleep(500 * time.Millisecond)
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, checkout.Waiting, view.Sale.State)
			require.Equal(t, catalogue.RefuseNoRoom.Text(), view.Notice)
			require.EqualValues(t, 100_00, card.Balance())
			s.journal.change(func() { s.journal.room = nil })
			time.Sleep(3 * time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
	t.Run("LostWhileTheCardPays", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			begun := s.begin(t, "k1")
			s.place(func(command []byte) []byte {
				answer := card.Exchange(command)
				if card.Balance() != 100_00 {
					s.journal.change(func() { s.journal.room = journal.ErrNoRoom })
				}
				return answer
			})
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
			require.NotEmpty(t, s.cloud.sent[0].payment.GetCardTransaction())
		})
	})
	t.Run("AskedAgainWhatItDid", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			id := tear(t, s, card)
			tearAfterPay(t, s, card, id)
			s.journal.change(func() { s.journal.room = journal.ErrNoRoom })
			card.Reset()
			s.place(applet(card))
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, id).Sale.State, "to be asked again debits nothing")
		})
	})
	t.Run("NeverAnswered", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			id := tear(t, s, card)
			tearAfterPay(t, s, card, id)
			s.journal.change(func() { s.journal.room = journal.ErrNoRoom })
			time.Sleep(time.Minute)
			require.Equal(t, checkout.Reversed, s.sale(t, id).Sale.State)
		})
	})
}

// TestCardThatHasToGoOnline: a card that has used its payments up is no card whose limit the amount passes.
func TestCardThatHasToGoOnline(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		require.NoError(t, card.Connect(10_000_00))
		s.cloud.say(approve)
		for n := range 10 {
			begun := s.begin(t, fmt.Sprintf("k%d", n))
			s.place(applet(card))
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
			s.reader.Place()
		}
		begun := s.begin(t, "k10")
		var times int
		s.place(asking(card, &times))
		time.Sleep(10 * time.Second)
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Waiting, view.Sale.State)
		require.Equal(t, catalogue.NoticeCardOnline.Text(), view.Notice)
		require.Equal(t, 1, times, "it would only say the same again")
		require.NoError(t, card.Connect(0))
		s.reader.Place()
		time.Sleep(time.Second)
		s.place(applet(card))
		time.Sleep(time.Second)
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
	})
}

// TestCardThatAnswersAfterAll: a reader that was stuck brings the card's signature when its sale is over and another holds the
// till. It belongs to the sale that it was asked for.
func TestCardThatAnswersAfterAll(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		begun := s.begin(t, "k1")
		s.place(func(command []byte) []byte {
			answer := card.Exchange(command)
			if command[1] == hardwallet.InstructionPay {
				time.Sleep(2 * time.Minute)
			}
			return answer
		})
		time.Sleep(time.Minute)
		require.Equal(t, checkout.Reversed, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Equal(t, catalogue.StepCardInDoubt.Text(), s.sale(t, begun.Sale.OrderID).Next)
		next := s.begin(t, "k2")
		s.reader.Place()
		time.Sleep(2 * time.Minute)
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, catalogue.NoticeCardPaidLate.Text(), view.Notice)
		require.Equal(t, catalogue.StepCardDebited.Text(), view.Next)
		require.Contains(t, s.journal.types(t), "device-fault")
		require.Equal(t, checkout.Waiting, s.sale(t, next.Sale.OrderID).Sale.State)
		require.Empty(t, s.sale(t, next.Sale.OrderID).Notice)
		s.stop()
		s.open(t)
		kept := s.sale(t, begun.Sale.OrderID).Sale.Card.Transaction
		var transaction hardwallet.Transaction
		require.NoError(t, transaction.UnmarshalBinary(kept))
		require.Equal(t, [16]byte(begun.Sale.OrderID), transaction.Request.Order)
	})
}
