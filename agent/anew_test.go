package agent_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// A copy of the terminal was at work: the cloud has ended an epoch before the place of records made under it, and refuses
// them for ever (SPEC.md 7.5).

// part opens the next epoch, as after a copy's sign-in, and has the cloud refuse what was made under those before.
func (s *shop) part() {
	ended := uint32(0)
	s.journal.change(func() { ended, s.journal.epoch = s.journal.epoch, s.journal.epoch+1 })
	s.cloud.change(func() { s.cloud.ended = ended })
}

// made returns the records of a kind, in order, with the epochs they were made under.
func (s *shop) made(t *testing.T, kind record.Type) (made []record.Record, epochs []uint32) {
	t.Helper()
	for _, r := range s.journal.all() {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		if header.Type == kind {
			made, epochs = append(made, r), append(epochs, header.Epoch)
		}
	}
	return made, epochs
}

// cancelled is a sale that the cashier cancelled while its payment was open.
func (s *shop) cancelled(t *testing.T) checkout.OrderID {
	t.Helper()
	order := s.begin(t, "k1").Sale.OrderID
	s.scanner.Scan(customerCode)
	synctest.Wait()
	_, err := s.till.Press(context.Background(), order, checkout.CancelPressed{Cashier: "li"})
	require.NoError(t, err)
	synctest.Wait()
	require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State)
	return order
}

// takenBack answers reversals alone.
func takenBack(s sent) *message.PaymentResult {
	if s.reversal == nil {
		return nil
	}
	return &message.PaymentResult{OrderId: s.order, Stage: message.Stage_STAGE_FINAL, Outcome: message.Outcome_OUTCOME_REVERSED, Revision: 1}
}

// requireAnew wants a reversal of each epoch, each but the first naming the one before.
func (s *shop) requireAnew(t *testing.T, order checkout.OrderID, epochs ...uint32) {
	t.Helper()
	made, under := s.made(t, record.ReversalRequested)
	require.Equal(t, epochs, under)
	for i, r := range made {
		body := unmarshal(t, r, &message.ReversalRequested{})
		require.Equal(t, order[:], body.GetOrderId())
		if i > 0 {
			before, err := record.ParseHeader(made[i-1])
			require.NoError(t, err)
			require.Equal(t, before.Sequence, body.GetAgain())
		}
	}
}

func TestRefusedReversalIsMadeAnew(t *testing.T) {
	inShop(t, takenBack, func(t *testing.T, s *shop) {
		s.cloud.say(silence)
		order := s.cancelled(t)
		s.part()
		s.cloud.say(takenBack)
		time.Sleep(4 * time.Second)
		synctest.Wait()
		view := s.sale(t, order)
		require.Equal(t, checkout.Reversed, view.Sale.State)
		s.requireAnew(t, order, 1, 2)
		made, _ := s.made(t, record.ReversalRequested)
		again := unmarshal(t, made[1], &message.ReversalRequested{})
		require.Equal(t, message.Reason_REASON_CASHIER_CANCELLED, again.GetReason())
		require.Equal(t, "li", again.GetCashier())
		require.Len(t, slices.DeleteFunc(s.latest(t), func(l listed) bool { return l.state.Final() }), 0)
		s.begin(t, "k2")
	})
}

// TestAnewAcrossARestart: the record and the sale that knows it are one commit, so a restart at any place asks with one of
// the two and ends the same.
func TestAnewAcrossARestart(t *testing.T) {
	restart := func(t *testing.T, s *shop) {
		s.stop()
		s.open(t)
		synctest.Wait()
	}
	t.Run("BeforeTheRefusal", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			order := s.cancelled(t)
			s.stop()
			s.part()
			s.cloud.say(takenBack)
			s.open(t)
			synctest.Wait()
			require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
			s.requireAnew(t, order, 1, 2)
		})
	})
	t.Run("WhileTheDiskIsFull", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			order := s.cancelled(t)
			s.part()
			s.cloud.say(takenBack)
			s.journal.change(func() { s.journal.fail = errors.New("disk") })
			time.Sleep(10 * time.Second)
			require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State)
			restart(t, s)
			s.journal.change(func() { s.journal.fail = nil })
			time.Sleep(10 * time.Second)
			require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
			s.requireAnew(t, order, 1, 2)
		})
	})
	t.Run("BehindTheCommit", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			order := s.cancelled(t)
			s.part()
			time.Sleep(4 * time.Second)
			s.requireAnew(t, order, 1, 2)
			require.Equal(t, catalogue.NoticeRecordAnew.Text(), s.sale(t, order).Notice)
			restart(t, s)
			asked := s.cloud.sent[len(s.cloud.sent)-1]
			require.EqualValues(t, 2, asked.epoch, "it asks with the new one")
			require.Equal(t, 2, asked.times)
			s.cloud.say(takenBack)
			time.Sleep(4 * time.Second)
			require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
			s.requireAnew(t, order, 1, 2)
		})
	})
}

// TestAnewOnceAnEpoch: a record of the present epoch is never made anew, and one that is refused again and again only once.
func TestAnewOnceAnEpoch(t *testing.T) {
	inShop(t, silence, func(t *testing.T, s *shop) {
		order := s.cancelled(t)
		refused := s.sale(t, order).Sale.ReversalSequence
		s.cloud.change(func() { s.cloud.ended = 1 }) // and no other epoch is open yet
		time.Sleep(time.Minute)
		s.requireAnew(t, order, 1)
		for range 3 {
			s.part()
			time.Sleep(2 * time.Minute)
			for range 20 {
				s.refuse(message.Refusal_CAUSE_EPOCH, 1, refused)
			}
		}
		s.requireAnew(t, order, 1, 2, 3, 4)
		require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State)
		require.Equal(t, catalogue.NoticeRecordAnew.Text(), s.sale(t, order).Notice)
		require.Equal(t, 1, countOf(s.journal.types(t), "payment-requested"))
	})
}

// TestRefusedAuthorisationIsTakenBack: its payment is never asked for anew, whether the cloud has it or not.
func TestRefusedAuthorisationIsTakenBack(t *testing.T) {
	inShop(t, silence, func(t *testing.T, s *shop) {
		order := s.begin(t, "k1").Sale.OrderID
		s.scanner.Scan(customerCode)
		synctest.Wait()
		s.part()
		time.Sleep(4 * time.Second)
		require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State, "long before it is given up")
		require.Zero(t, s.cloud.secretsKept(), "nobody needs the code any more")
		made, epochs := s.made(t, record.ReversalRequested)
		require.Equal(t, []uint32{2}, epochs)
		require.Equal(t, message.Reason_REASON_OTHER, unmarshal(t, made[0], &message.ReversalRequested{}).GetReason())

		late := approve(s.cloud.sent[0])
		s.cloud.results <- late
		synctest.Wait()
		require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State, "the reversal wins over an answer that comes late")
		s.refuse(message.Refusal_CAUSE_EPOCH, 1, s.sale(t, order).Sale.PaymentSequence) // it is offered again at each connection
		require.Equal(t, catalogue.NoticePaidTakenBack.Text(), s.sale(t, order).Notice)
		s.cloud.say(takenBack)
		time.Sleep(4 * time.Second)
		require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
		require.Equal(t, 1, countOf(s.journal.types(t), "payment-requested"))
		require.Equal(t, 1, countOf(s.journal.types(t), "reversal-requested"))
	})
}

// TestAnswerBeforeTheRefusal: what is definite stays.
func TestAnswerBeforeTheRefusal(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		order := s.paid(t, "k1", 1250, false)
		before := s.journal.types(t)
		s.part()
		s.refuse(message.Refusal_CAUSE_EPOCH, 1, s.sale(t, order).Sale.PaymentSequence)
		require.Equal(t, checkout.Approved, s.sale(t, order).Sale.State)
		require.Equal(t, before, s.journal.types(t))
	})
}

// TestRefusedRecordsThatOnlyInform hold nothing up and are not made anew.
func TestRefusedRecordsThatOnlyInform(t *testing.T) {
	inShop(t, silence, func(t *testing.T, s *shop) {
		order := s.cancelled(t)
		s.journal.change(func() { s.journal.epoch = 2 })
		before := s.journal.types(t)
		for i, r := range s.journal.all() {
			header, err := record.ParseHeader(r)
			require.NoError(t, err)
			if !header.Type.Urgent() {
				s.refuse(message.Refusal_CAUSE_EPOCH, 1, uint64(i+1))
			}
		}
		require.Equal(t, before, s.journal.types(t))
		require.Empty(t, s.sale(t, order).Notice)
	})
}

// TestRefusalOfAnothersRecord: a copy's record under the same number, or one that this journal has not got.
func TestRefusalOfAnothersRecord(t *testing.T) {
	inShop(t, silence, func(t *testing.T, s *shop) {
		order := s.cancelled(t)
		reversal := s.sale(t, order).Sale.ReversalSequence
		s.journal.change(func() { s.journal.epoch = 3 })
		s.refuse(message.Refusal_CAUSE_EPOCH, 2, reversal)
		s.refuse(message.Refusal_CAUSE_EPOCH, 1, 999)
		s.refuse(message.Refusal_CAUSE_CHAIN, 1, reversal) // set aside: a person decides
		s.refuse(message.Refusal_CAUSE_TAG, 1, reversal)
		s.requireAnew(t, order, 1)
		s.refuse(message.Refusal_CAUSE_OTHER_BYTES, 1, reversal) // the number is a copy's for ever
		s.requireAnew(t, order, 1, 3)
	})
}

// TestCopyTakesNothingBack: a copy of the files that was put to work has an open sale in it which the other till has finished
// long ago. Its reversal was refused, and it does not ask for it anew: the goods may be gone.
func TestCopyTakesNothingBack(t *testing.T) {
	for name, restart := range map[string]bool{"at once": false, "over another restart": true} {
		t.Run(name, func(t *testing.T) {
			inShop(t, silence, func(t *testing.T, s *shop) {
				order := s.begin(t, "k1").Sale.OrderID
				s.scanner.Scan(customerCode)
				synctest.Wait()
				s.stop()
				time.Sleep(14 * time.Minute)
				s.open(t)
				time.Sleep(time.Second)
				reversal := s.sale(t, order).Sale.ReversalSequence
				require.NotZero(t, reversal, "it was given up long ago")
				s.journal.change(func() { s.journal.epoch = 2 })
				s.refuse(message.Refusal_CAUSE_OTHER_BYTES, 1, reversal)
				require.Equal(t, catalogue.NoticeReversalWithdrawn.Text(), s.sale(t, order).Notice)
				s.cloud.mu.Lock()
				asked := s.cloud.sent[len(s.cloud.sent)-1]
				s.cloud.mu.Unlock()
				require.Equal(t, record.PaymentRequested, asked.kind, "it asks about the payment")
				if restart {
					s.stop()
					s.open(t)
					synctest.Wait()
					s.refuse(message.Refusal_CAUSE_OTHER_BYTES, 1, reversal)
				}
				time.Sleep(time.Hour)
				s.refuse(message.Refusal_CAUSE_OTHER_BYTES, 1, reversal)
				require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State)
				s.requireAnew(t, order, 1)
				s.cloud.say(approve)
				time.Sleep(31 * time.Second)
				require.Equal(t, checkout.Approved, s.sale(t, order).Sale.State)
				s.requireAnew(t, order, 1)
			})
		})
	}
}

// TestWithdrawnReversal: what the cloud says of the payment is the outcome, whatever it is.
func TestWithdrawnReversal(t *testing.T) {
	for name, c := range map[string]struct {
		says  func(sent) *message.PaymentResult
		state checkout.State
	}{
		"Approved": {approve, checkout.Approved}, "Declined": {decline, checkout.Declined}, "Reversed": {reversed, checkout.Reversed},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, silence, func(t *testing.T, s *shop) {
				order := s.cancelled(t)
				s.stop()
				s.open(t)
				synctest.Wait()
				s.journal.change(func() { s.journal.epoch = 2 })
				s.refuse(message.Refusal_CAUSE_EPOCH, 1, s.sale(t, order).Sale.ReversalSequence)
				s.cloud.say(c.says)
				time.Sleep(31 * time.Second)
				require.Equal(t, c.state, s.sale(t, order).Sale.State)
				s.requireAnew(t, order, 1)
			})
		})
	}
}

func reversed(s sent) *message.PaymentResult {
	return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 3)
}
