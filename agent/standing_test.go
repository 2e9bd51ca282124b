package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// refuse has the cloud refuse a record.
func (s *shop) refuse(cause message.Refusal_Cause, epoch uint32, sequence uint64) {
	s.cloud.refusals <- &message.Refusal{Cause: cause, Epoch: epoch, Sequence: sequence}
	synctest.Wait()
}

// refusing is what status says.
func (s *shop) refusing(t *testing.T) *catalogue.Text {
	t.Helper()
	status, err := s.till.Status(context.Background())
	require.NoError(t, err)
	return status.Refusing
}

// write appends a record beside any sale, such as the one that opens an epoch.
func (s *shop) write(t *testing.T) {
	t.Helper()
	_, err := s.journal.Append(context.Background(), journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{}})
	require.NoError(t, err)
}

// last is the sequence of the journal's last record.
func (s *shop) last() uint64 { return s.journal.Tail().Sequence }

// TestRefusedRecordIsToldBesideItsSale: asking again settles nothing, so nobody may be left waiting for it.
func TestRefusedRecordIsToldBesideItsSale(t *testing.T) {
	for name, cause := range map[string]message.Refusal_Cause{
		"Epoch": message.Refusal_CAUSE_EPOCH, "Chain": message.Refusal_CAUSE_CHAIN, "OtherBytes": message.Refusal_CAUSE_OTHER_BYTES,
		"Tag": message.Refusal_CAUSE_TAG, "Malformed": message.Refusal_CAUSE_MALFORMED,
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, silence, func(t *testing.T, s *shop) {
				begun := s.begin(t, "k1")
				s.scanner.Scan(customerCode)
				synctest.Wait()
				s.refuse(cause, 1, s.sale(t, begun.Sale.OrderID).Sale.PaymentSequence+7)
				require.Empty(t, s.sale(t, begun.Sale.OrderID).Notice, "another's record")
				s.refuse(cause, 1, s.sale(t, begun.Sale.OrderID).Sale.PaymentSequence)
				require.Equal(t, catalogue.NoticeRecordRefused.Text(), s.sale(t, begun.Sale.OrderID).Notice)
				s.cloud.say(approve)
				time.Sleep(time.Minute)
				view := s.sale(t, begun.Sale.OrderID)
				require.Equal(t, checkout.Approved, view.Sale.State)
				require.NotEqual(t, catalogue.NoticeRecordRefused.Text(), view.Notice, "it was settled after all")
			})
		})
	}
}

// TestRefusedOfflinePaymentIsTold: the goods are gone, and nobody would ever hear why the money does not come.
func TestRefusedOfflinePaymentIsTold(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		v := s.tap(t, "k1", card)
		require.Equal(t, checkout.ApprovedOffline, v.Sale.State)
		s.refuse(message.Refusal_CAUSE_MALFORMED, 1, v.Sale.PaymentSequence)
		require.Equal(t, catalogue.NoticeOfflineRefused.Text(), s.sale(t, v.Sale.OrderID).Notice)
	})
}

// TestRefusedFollowUpIsTold: beside it and not beside its order, whose money has come.
func TestRefusedFollowUpIsTold(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.sell(t, "k1").Sale.OrderID
		s.cloud.change(func() { b.silent = true })
		asked := s.done(t, order, "r1", refund, 100)
		s.refuse(message.Refusal_CAUSE_TAG, 1, asked.RequestSequence+7)
		require.Empty(t, s.follow(t, asked.ID).Notice, "another's record")
		s.refuse(message.Refusal_CAUSE_TAG, 1, asked.RequestSequence)
		require.Equal(t, catalogue.NoticeFollowUpRefused.Text(), s.follow(t, asked.ID).Notice)
		require.Empty(t, s.sale(t, order).Notice)
		s.cloud.change(func() { b.silent = false })
		time.Sleep(time.Minute)
		settled := s.follow(t, asked.ID)
		require.Equal(t, followup.Approved, settled.FollowUp.State)
		require.NotEqual(t, catalogue.NoticeFollowUpRefused.Text(), settled.Notice, "it was settled after all")
	})
}

// follow returns a follow-up as it is put before people.
func (s *shop) follow(t *testing.T, id followup.ID) followup.View {
	t.Helper()
	view, err := s.till.Follow(context.Background(), id)
	require.NoError(t, err)
	return view
}

func TestRefusedTerminalTakesNoNewSale(t *testing.T) {
	for name, c := range map[string]struct {
		cause  message.Refusal_Cause
		phrase catalogue.Phrase
	}{
		"SetAside":  {message.Refusal_CAUSE_CHAIN, catalogue.RefuseSetAside},
		"Blocked":   {message.Refusal_CAUSE_TERMINAL, catalogue.RefuseBlocked},
		"OtherCopy": {message.Refusal_CAUSE_OTHER_BYTES, catalogue.RefuseOtherCopy},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				require.Nil(t, s.refusing(t))
				s.refuse(c.cause, 1, s.last())
				_, err := s.start("k1", 1250)
				requireRefused(t, err, c.phrase)
				require.Equal(t, c.phrase.Text(), *s.refusing(t))
				require.NotEmpty(t, catalogue.NextAfter(c.phrase).Text().Chinese)
				s.write(t)
				time.Sleep(time.Hour)
				require.NotNil(t, s.refusing(t), "time alone changes nothing")
			})
		})
	}
	for name, cause := range map[string]message.Refusal_Cause{
		"Epoch": message.Refusal_CAUSE_EPOCH, "Tag": message.Refusal_CAUSE_TAG, "Malformed": message.Refusal_CAUSE_MALFORMED,
	} {
		t.Run(name+"IsOnlyTold", func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				s.refuse(cause, 1, s.last())
				s.begin(t, "k1")
			})
		})
	}
	t.Run("OtherBytesOfAnEarlierEpochIsOnlyTold", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.journal.change(func() { s.journal.epoch = 2 })
			s.refuse(message.Refusal_CAUSE_OTHER_BYTES, 1, s.last())
			s.begin(t, "k1")
		})
	})
}

func TestRefusedTerminalIsTakenAgain(t *testing.T) {
	t.Run("WhenTheRefusedRecordIsAcknowledged", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.write(t)
			refused := s.last()
			s.refuse(message.Refusal_CAUSE_CHAIN, 1, refused)
			s.journal.change(func() { s.journal.acknowledged = refused - 1 })
			require.NotNil(t, s.refusing(t))
			s.journal.change(func() { s.journal.acknowledged = refused })
			require.Nil(t, s.refusing(t))
			s.begin(t, "k1")
		})
	})
	t.Run("WhenALaterRecordIsAcknowledged", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.journal.change(func() { s.journal.acknowledged = uint64(len(s.journal.records)) })
			s.refuse(message.Refusal_CAUSE_TERMINAL, 1, s.last()) // asked again: it was acknowledged long ago
			require.NotNil(t, s.refusing(t))
			s.write(t)
			require.NotNil(t, s.refusing(t))
			s.journal.change(func() { s.journal.acknowledged = uint64(len(s.journal.records)) })
			s.begin(t, "k1")
		})
	})
}

// A sale that was begun before the refusal asks for nothing that the cloud would not take; one that had asked goes on.
func TestRefusedTerminalAndOpenSales(t *testing.T) {
	t.Run("WaitingAsksForNothing", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.refuse(message.Refusal_CAUSE_CHAIN, 1, s.last())
			s.scanner.Scan(customerCode)
			synctest.Wait()
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, checkout.Waiting, view.Sale.State)
			require.Zero(t, s.cloud.count(record.PaymentRequested))
			_, err := s.till.Press(context.Background(), begun.Sale.OrderID, checkout.CodeWanted{})
			requireRefused(t, err, catalogue.RefuseSetAside)
			_, err = s.till.Press(context.Background(), begun.Sale.OrderID, checkout.CancelPressed{})
			require.NoError(t, err)
		})
	})
	t.Run("OpenAsksAndReverses", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			s.refuse(message.Refusal_CAUSE_CHAIN, 1, s.last())
			asked := s.cloud.count(record.PaymentRequested)
			time.Sleep(10 * time.Second)
			require.Greater(t, s.cloud.count(record.PaymentRequested), asked)
			_, err := s.till.Press(context.Background(), begun.Sale.OrderID, checkout.CancelPressed{})
			require.NoError(t, err)
			require.Equal(t, 1, s.cloud.count(record.ReversalRequested))
		})
	})
}
