package agent_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

// inShiftShop runs a test in a till that can sign.
func inShiftShop(t *testing.T, answer func(sent) *message.PaymentResult, test func(t *testing.T, s *shop)) {
	identity, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{5}, 64)))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		s := newShop(answer)
		s.identity = identity
		s.open(t)
		synctest.Wait()
		test(t, s)
		s.stop()
	})
}

func (s *shop) shifts() station.Shifts { return s.till.(station.Shifts) }

func (s *shop) openShift(t *testing.T, float int64) station.Shift {
	t.Helper()
	opened, err := s.shifts().OpenShift(t.Context(), station.Opening{Cashier: "王芳", Float: yuan(float)})
	require.NoError(t, err)
	return opened
}

// sell takes ¥12.50 by the customer's code.
func (s *shop) sell(t *testing.T, key string) checkout.View {
	t.Helper()
	begun := s.begin(t, key)
	s.scanner.Scan(customerCode)
	synctest.Wait()
	return s.sale(t, begun.Sale.OrderID)
}

// counted is a count of the drawer.
func counted(cash int64, approvedBy string) shift.Count {
	return shift.Count{Cashier: "王芳", Methods: map[string]int64{closing.Cash: cash}, ApprovedBy: approvedBy}
}

// ends are the shift-closed messages in the journal, their signatures checked.
func (s *shop) ends(t *testing.T) []*message.ShiftClosed {
	t.Helper()
	records, err := s.journal.Landmarks(t.Context(), record.ShiftClosed, 0, 100)
	require.NoError(t, err)
	var ends []*message.ShiftClosed
	for _, r := range records {
		closed, err := closing.Verify(s.identity.Public(), terminal, r.Body())
		require.NoError(t, err)
		ends = append(ends, closed)
	}
	return ends
}

func lineOf(t *testing.T, s station.Shift, method string) station.ShiftLine {
	t.Helper()
	for _, line := range s.Lines {
		if line.Method == method {
			return line
		}
	}
	require.Failf(t, "line", "no %s in %v", method, s.Lines)
	return station.ShiftLine{}
}

func TestShiftFromFloatToCount(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		opened := s.openShift(t, 20000)
		require.Equal(t, uint32(1), opened.Batch)
		require.Equal(t, "open", opened.State)
		_, err := s.shifts().OpenShift(t.Context(), station.Opening{Cashier: "", Float: yuan(0)})
		requireRefused(t, err, catalogue.RefuseShiftOpen)
		for i, key := range []string{"k1", "k2"} {
			sold := s.sell(t, key)
			require.Equal(t, uint32(1), sold.Sale.Batch)
			require.Equal(t, uint32(i+1), sold.Sale.Voucher)
		}
		moved, err := s.shifts().MoveCash(t.Context(), station.Cash{Amount: -5000, Note: "找零"})
		require.NoError(t, err)
		require.Equal(t, int64(15000), lineOf(t, moved, closing.Cash).Expected)
		for range 2 {
			moved, err = s.shifts().MoveCash(t.Context(), station.Cash{Key: "c1", Amount: -100})
			require.NoError(t, err)
			require.Equal(t, int64(14900), lineOf(t, moved, closing.Cash).Expected)
			s.stop()
			s.open(t)
			synctest.Wait()
		}
		_, err = s.shifts().MoveCash(t.Context(), station.Cash{Key: "c1", Amount: 100})
		requireRefused(t, err, catalogue.RefuseKeyReused)
		_, err = s.shifts().MoveCash(t.Context(), station.Cash{Key: "c2", Amount: 100})
		require.NoError(t, err)
		_, err = s.shifts().MoveCash(t.Context(), station.Cash{})
		requireRefused(t, err, catalogue.RefuseCash)

		before := len(s.journal.records)
		looked, err := s.shifts().CurrentShift(t.Context(), true)
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, s.journal.records, before, "an X report changes nothing")
		require.Equal(t, int64(2500), lineOf(t, looked, closing.Code).Expected)
		documents := s.printer.Documents()
		require.Contains(t, text(documents[len(documents)-1]), "当班报表")

		closed, err := s.shifts().CloseShift(t.Context(), counted(14990, ""))
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, "complete", closed.State)
		require.True(t, closed.Signed)
		require.Equal(t, int64(-10), *lineOf(t, closed, closing.Cash).Difference)
		require.Nil(t, lineOf(t, closed, closing.Code).Counted)
		documents = s.printer.Documents()
		slip := text(documents[len(documents)-1])
		require.Contains(t, slip, "交班单")
		require.Contains(t, slip, "短款 SHORT ¥-0.10")
		ends := s.ends(t)
		require.Len(t, ends, 1)
		require.Equal(t, uint64(len(s.journal.records)-1), ends[0].GetLastSequence())
		_, err = s.shifts().CurrentShift(t.Context(), false)
		requireRefused(t, err, catalogue.RefuseNoShift)
		_, err = s.shifts().CloseShift(t.Context(), counted(0, ""))
		requireRefused(t, err, catalogue.RefuseNoShift)
	})
}

func TestFirstSaleOpensAShift(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.sell(t, "k1")
		current, err := s.shifts().CurrentShift(t.Context(), false)
		require.NoError(t, err)
		require.Zero(t, current.Float)
		require.Equal(t, "01", current.Cashier)
		_, err = s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		sold := s.sell(t, "k2")
		require.Equal(t, uint32(2), sold.Sale.Batch, "a new shift has the next batch number")
		require.Equal(t, uint32(1), sold.Sale.Voucher, "and counts vouchers anew")
	})
}

// TestWhatIsRefusedOpensNoShift: a shift begins by itself with what is done in it; afterwards the cashier still opens one with
// its float.
func TestWhatIsRefusedOpensNoShift(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		order := s.sell(t, "k1").Sale.OrderID
		_, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		synctest.Wait()
		before := s.journal.types(t)
		for key, test := range map[string]struct {
			order  checkout.OrderID
			wish   station.FollowUpWish
			phrase catalogue.Phrase
		}{
			"another shift's": {order, station.FollowUpWish{Kind: void}, catalogue.RefuseShiftClosed},
			"too much":        {order, station.FollowUpWish{Kind: refund, Amount: 1251}, catalogue.RefuseMoreThanLeft},
			"no hold":         {order, station.FollowUpWish{Kind: complete, Amount: 1}, catalogue.RefuseKindUnfit},
			"no order":        {checkout.OrderID{9}, station.FollowUpWish{Kind: refund, Amount: 1}, catalogue.RefuseNoSale},
		} {
			_, err := s.do(test.order, key, test.wish)
			require.ErrorIs(t, err, &station.Refusal{Phrase: test.phrase}, key)
		}
		_, err = s.start("k2", 0)
		require.ErrorIs(t, err, &station.Refusal{Phrase: catalogue.RefuseAmount})
		require.Equal(t, before, s.journal.types(t))
		require.EqualValues(t, 20000, s.openShift(t, 20000).Float)
	})
}

// TestFloatOfAShiftThatOpenedByItself: it goes into the drawer as cash, and that is said where it is opened once more.
func TestFloatOfAShiftThatOpenedByItself(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.sell(t, "k1")
		late := station.Opening{Cashier: "王芳", Float: yuan(20000)}
		_, err := s.shifts().OpenShift(t.Context(), late)
		requireRefused(t, err, catalogue.RefuseShiftNoFloat)
		require.Contains(t, catalogue.NextAfter(catalogue.RefuseShiftNoFloat).Text().English, "yuantill shift cash --in")
		_, err = s.shifts().OpenShift(t.Context(), station.Opening{Cashier: "王芳", Float: yuan(0)})
		requireRefused(t, err, catalogue.RefuseShiftOpen)
		moved, err := s.shifts().MoveCash(t.Context(), station.Cash{Amount: 20000, Note: "备用金"})
		require.NoError(t, err)
		require.EqualValues(t, 20000, lineOf(t, moved, closing.Cash).Expected)
		_, err = s.shifts().OpenShift(t.Context(), late)
		requireRefused(t, err, catalogue.RefuseShiftOpen)
	})
}

// TestDrawerIsNeverBelowZero: no more cash is taken out than the shift knows to be there.
func TestDrawerIsNeverBelowZero(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.openShift(t, 20000)
		out := func(key string, amount int64) error {
			_, err := s.shifts().MoveCash(t.Context(), station.Cash{Key: key, Amount: -amount})
			return err
		}
		requireMore(t, out("c1", 20001), catalogue.RefuseDrawer, "应有 ¥200.00", "¥200.00 should be there")
		require.NoError(t, out("c2", 20000))
		require.NoError(t, out("c2", 20000), "the same key again takes nothing out")
		requireMore(t, out("c3", 1), catalogue.RefuseDrawer, "应有 ¥0.00", "¥0.00 should be there")
		s.stop()
		s.open(t)
		synctest.Wait()
		requireMore(t, out("c4", 1), catalogue.RefuseDrawer, "应有 ¥0.00", "¥0.00 should be there")
	})
}

func TestWithoutAShiftNoSale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		strict := config()
		strict.ShiftByItself = false
		s.config = &strict
		s.open(t)
		synctest.Wait()
		_, err := s.start("k1", 1250)
		requireRefused(t, err, catalogue.RefuseNoShift)
		status, err := s.till.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, catalogue.RefuseNoShift.Text(), *status.Refusing)
		require.Empty(t, s.journal.records[1:], "nothing but the agent's start is recorded")
		s.openShift(t, 0)
		_, err = s.start("k1", 1250)
		require.NoError(t, err)
		s.stop()
	})
}

// TestNumbersGoOnAfterARestart: no voucher number is given twice in a batch, and the open shift is found again.
func TestNumbersGoOnAfterARestart(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		opened := s.openShift(t, 100)
		s.sell(t, "k1")
		s.stop()
		s.open(t)
		synctest.Wait()
		current, err := s.shifts().CurrentShift(t.Context(), false)
		require.NoError(t, err)
		require.Equal(t, opened.ID, current.ID)
		require.Equal(t, uint32(1), lineOf(t, current, closing.Code).Sales)
		require.Equal(t, uint32(2), s.sell(t, "k2").Sale.Voucher)
		// A follow-up's voucher counts as well.
		_, err = s.journal.Append(t.Context(), journal.Entry{Type: record.FollowUpRequested, Body: &message.FollowUpRequested{
			FollowUpId: make([]byte, 16), OrderId: make([]byte, 16), Kind: message.FollowUp_FOLLOW_UP_REFUND, Batch: 1, Voucher: 3}})
		require.NoError(t, err)
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Equal(t, uint32(4), s.sell(t, "k3").Sale.Voucher)
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Equal(t, uint32(5), s.sell(t, "k4").Sale.Voucher)
	})
}

// TestCloseIsNeverHeldUp: without the cloud the shift ends provisionally with somebody's approval, and completes itself
// when the result has come, over a restart.
func TestCloseIsNeverHeldUp(t *testing.T) {
	inShiftShop(t, silence, func(t *testing.T, s *shop) {
		s.openShift(t, 0)
		begun := s.begin(t, "k1")
		_, err := s.shifts().CloseShift(t.Context(), counted(0, "店长"))
		requireRefused(t, err, catalogue.RefuseSaleOpen)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		_, err = s.shifts().CloseShift(t.Context(), counted(0, ""))
		requireRefused(t, err, catalogue.RefuseShiftApproval)
		require.ErrorContains(t, err, begun.Sale.OrderID.String())

		closed, err := s.shifts().CloseShift(t.Context(), counted(0, "店长"))
		require.NoError(t, err)
		require.Equal(t, "provisional", closed.State)
		require.Equal(t, []string{begun.Sale.OrderID.String()}, closed.Open)
		require.Equal(t, "店长", closed.ApprovedBy)
		require.Len(t, s.ends(t), 1)
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Len(t, s.ends(t), 1, "still open")
		time.Sleep(10 * time.Minute) // what the reversal needs is recorded
		synctest.Wait()
		reads, recorded := 0, len(s.journal.all())
		s.journal.change(func() { reads = s.journal.reads })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, s.journal.all(), recorded)
		s.journal.change(func() { require.Equal(t, reads, s.journal.reads, "nothing is read where nothing is new") })

		s.cloud.say(func(sent sent) *message.PaymentResult {
			return result(sent, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 2)
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		ends := s.ends(t)
		require.Len(t, ends, 2)
		require.Equal(t, uint32(2), ends[0].GetRevision())
		require.False(t, ends[0].GetProvisional())
		require.Empty(t, ends[0].GetOpenOrders())
		require.Equal(t, ends[1].GetLastSequence(), ends[0].GetLastSequence())
		list, err := s.shifts().ShiftList(t.Context(), 10)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.Equal(t, "complete", list[0].State)
		// Once more over a restart: it is done.
		s.stop()
		s.open(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Len(t, s.ends(t), 2)
	})
}

// TestCloseFailsWhole: a close that cannot be recorded or signed leaves the shift open.
func TestCloseFailsWhole(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.openShift(t, 0)
		s.journal.change(func() { s.journal.fail = journal.ErrFailed })
		_, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		requireRefused(t, err, catalogue.RefuseJournal)
		s.journal.change(func() { s.journal.fail = nil })
		_, err = s.shifts().CloseShift(t.Context(), shift.Count{Methods: map[string]int64{closing.Code: 1}})
		requireRefused(t, err, catalogue.RefuseCount)
		_, err = s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		require.Len(t, s.ends(t), 1)
	})
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		s.open(t)
		synctest.Wait()
		s.openShift(t, 0)
		_, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.ErrorContains(t, err, "identity key")
		_, err = s.shifts().CurrentShift(t.Context(), false)
		require.NoError(t, err)
		s.stop()
	})
}

// TestPaperOfAShift: a slip that does not print changes nothing, and is printed when it is asked for again.
func TestPaperOfAShift(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.openShift(t, 0)
		s.printer.PaperOut(true)
		_, err := s.shifts().CurrentShift(t.Context(), true)
		require.NoError(t, err)
		synctest.Wait()
		require.Empty(t, s.printer.Documents())
		s.printer.PaperOut(false)
		_, err = s.shifts().CurrentShift(t.Context(), true)
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, s.printer.Documents(), 1)
		require.Equal(t, []string(nil), s.journal.types(t))
		s.printer.Alter(true)
		_, err = s.shifts().CurrentShift(t.Context(), true)
		require.NoError(t, err)
		synctest.Wait()
		require.Len(t, s.printer.Documents(), 2)
		require.NotNil(t, s.printerNotice(t), "substitutes on it are told")
	})
}

// TestShiftsAreSummedFromRealRecords: an order of this till is found again for its refund's line.
func TestShiftsAreSummedFromRealRecords(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.openShift(t, 0)
		sold := s.sell(t, "k1")
		order := sold.Sale.OrderID
		for n, of := range [][]byte{order[:], bytes.Repeat([]byte{9}, 16)} {
			id := bytes.Repeat([]byte{byte(n + 1)}, 16)
			_, err := s.journal.Append(context.Background(),
				journal.Entry{Type: record.FollowUpRequested, Body: &message.FollowUpRequested{FollowUpId: id, OrderId: of,
					Kind: message.FollowUp_FOLLOW_UP_REFUND, Amount: 250}},
				journal.Entry{Type: record.FollowUpShown, Body: &message.FollowUpShown{FollowUpId: id, OrderId: of,
					Outcome: message.Outcome_OUTCOME_APPROVED, Result: &message.FollowUpResult{Amount: 250}}})
			require.NoError(t, err)
		}
		closed, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		code := lineOf(t, closed, closing.Code)
		require.Equal(t, int64(1000), code.Expected)
		require.Equal(t, uint32(1), code.Refunds)
		require.Equal(t, int64(-250), lineOf(t, closed, closing.Other).Expected)
		require.True(t, proto.Equal(&message.ShiftLine{Method: closing.Code, Sales: 1, SalesAmount: 1250, Refunds: 1,
			RefundsAmount: 250}, s.ends(t)[0].GetLines()[0]))
	})
}
