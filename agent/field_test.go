package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// TestCardLeftLying: a card that lies on the reader from before a sale began may be a wallet that somebody forgot. It pays
// nothing until it was taken away and came back.
func TestCardLeftLying(t *testing.T) {
	t.Run("AfterItPaid", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			first := s.begin(t, "k1")
			s.hold(card)
			require.Equal(t, checkout.Approved, s.sale(t, first.Sale.OrderID).Sale.State)
			s.lies(t, s.begin(t, "k2").Sale.OrderID, card, 100_00-12_50)
		})
	})
	t.Run("AfterItWasRefused", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			first, err := s.start("k1", 200_00)
			require.NoError(t, err)
			s.hold(card)
			require.Equal(t, catalogue.NoticeCardFunds.Text(), s.sale(t, first.Sale.OrderID).Notice)
			_, err = s.till.Press(context.Background(), first.Sale.OrderID, checkout.CancelPressed{Cashier: "01"})
			require.NoError(t, err)
			s.lies(t, s.begin(t, "k2").Sale.OrderID, card, 100_00)
		})
	})
	t.Run("BeforeTheFirstSale", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.hold(card)
			s.lies(t, s.begin(t, "k1").Sale.OrderID, card, 100_00)
		})
	})
	t.Run("OverARestart", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			first := s.begin(t, "k1")
			s.hold(card)
			require.Equal(t, checkout.Approved, s.sale(t, first.Sale.OrderID).Sale.State)
			s.stop()
			s.open(t)
			s.lies(t, s.begin(t, "k2").Sale.OrderID, card, 100_00-12_50)
		})
	})
	t.Run("TwoOfThem", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.reader.Place(applet(card), applet(card))
			begun := s.begin(t, "k1")
			synctest.Wait()
			s.reader.Place(applet(card))
			s.lies(t, begun.Sale.OrderID, card, 100_00)
		})
	})
}

// hold holds a card to the reader until it has done whatever it does.
func (s *shop) hold(card *hardcard.Card) {
	s.place(applet(card))
	time.Sleep(time.Second)
}

// lies checks that the card in the field does not pay a sale before it has been away.
func (s *shop) lies(t *testing.T, id checkout.OrderID, card *hardcard.Card, balance int64) {
	t.Helper()
	time.Sleep(10 * time.Second)
	require.EqualValues(t, balance, card.Balance())
	view := s.sale(t, id)
	require.Equal(t, checkout.Waiting, view.Sale.State)
	require.Equal(t, catalogue.NoticeCardLying.Text(), view.Notice)
	s.reader.Place()
	s.hold(card)
	require.Equal(t, checkout.Approved, s.sale(t, id).Sale.State)
	require.EqualValues(t, balance-12_50, card.Balance())
}

// TestCardLeftLyingDoesNotStopACode: the customer whose turn it is pays another way, whatever lies on the reader.
func TestCardLeftLyingDoesNotStopACode(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.hold(card)
		begun := s.begin(t, "k1")
		time.Sleep(time.Second)
		s.cloud.say(approve)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.EqualValues(t, 100_00, card.Balance())
	})
}

// TestCardThatCameForTheSaleBefore: between a card's arrival and its being asked the sale is cancelled and another customer's
// begins.
func TestCardThatCameForTheSaleBefore(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		first := s.begin(t, "k1")
		var next checkout.View
		s.place(func(command []byte) []byte {
			if command[1] == hardwallet.InstructionSelect && next.Sale.OrderID == (checkout.OrderID{}) {
				_, err := s.till.Press(context.Background(), first.Sale.OrderID, checkout.CancelPressed{Cashier: "01"})
				require.NoError(t, err)
				next = s.begin(t, "k2")
			}
			return card.Exchange(command)
		})
		synctest.Wait()
		s.lies(t, next.Sale.OrderID, card, 100_00)
	})
}

// asking is an applet that counts how often it was asked from the beginning.
func asking(card *hardcard.Card, times *int) drivertest.Applet {
	return func(command []byte) []byte {
		if command[1] == hardwallet.InstructionSelect {
			*times++
		}
		return card.Exchange(command)
	}
}

// TestRefusedCardIsAskedOnce: what the card says against the amount it would say again each second. It is said once for each
// time that the card is laid on, and for another sale not before the card was away.
func TestRefusedCardIsAskedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		amount int64
		notice catalogue.Phrase
	}{"OverItsLimit": {600_00, catalogue.NoticeCardLimit}, "BeyondItsBalance": {200_00, catalogue.NoticeCardFunds}} {
		t.Run(name, func(t *testing.T) {
			tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
				var times int
				first, err := s.start("k1", c.amount)
				require.NoError(t, err)
				for laid := range 2 {
					s.place(asking(card, &times))
					time.Sleep(10 * time.Second)
					require.Equal(t, laid+1, times)
					view := s.sale(t, first.Sale.OrderID)
					require.Equal(t, checkout.Waiting, view.Sale.State)
					require.Equal(t, c.notice.Text(), view.Notice, "it stays to be read, also while the card lies there")
					s.reader.Place()
					time.Sleep(time.Second)
				}
				s.place(asking(card, &times))
				time.Sleep(time.Second)
				require.Equal(t, 3, times)
				_, err = s.till.Press(context.Background(), first.Sale.OrderID, checkout.CancelPressed{Cashier: "01"})
				require.NoError(t, err)
				s.lies(t, s.begin(t, "k2").Sale.OrderID, card, 100_00)
				require.Equal(t, 3, times)
			})
		})
	}
	poor := func(t *testing.T, s *shop) *hardcard.Card {
		card, err := hardcard.Mint(s.issuer, hardcard.Options{Wallet: "0012345678905678", Balance: 1})
		require.NoError(t, err)
		return card
	}
	t.Run("AnotherCardMayPay", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			var times int
			begun := s.begin(t, "k1")
			s.place(asking(poor(t, s), &times))
			time.Sleep(5 * time.Second)
			require.Equal(t, 1, times)
			s.reader.Place()
			s.hold(card)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
	t.Run("ACodeMeanwhile", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, _ *hardcard.Card) {
			begun := s.begin(t, "k1")
			s.hold(poor(t, s))
			s.cloud.say(approve)
			s.scanner.Scan(customerCode)
			synctest.Wait()
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
}
