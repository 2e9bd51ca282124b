package agent_test

import (
	"context"
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
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// fill makes the disk full, or makes room again.
func (s *shop) fill(full bool) {
	s.journal.change(func() {
		s.journal.fail, s.journal.room = nil, nil
		if full {
			s.journal.fail, s.journal.room = journal.ErrNoRoom, journal.ErrNoRoom
		}
	})
}

// paidWithoutReports is a paid sale whose receipts come out while the disk is full.
func (s *shop) paidWithoutReports(t *testing.T, key string) checkout.OrderID {
	t.Helper()
	s.printer.Stall(true)
	begun := s.begin(t, key)
	s.scanner.Scan(customerCode)
	synctest.Wait()
	s.fill(true)
	s.printer.Stall(false)
	synctest.Wait()
	view := s.sale(t, begun.Sale.OrderID)
	require.Equal(t, checkout.Approved, view.Sale.State)
	require.NotZero(t, view.Sale.Unprinted)
	require.Equal(t, catalogue.NoticeJournal.Text(), view.Notice)
	require.Empty(t, s.reports(t))
	return begun.Sale.OrderID
}

// reports are the records of what became of copies, in order.
func (s *shop) reports(t *testing.T) []*message.ReceiptPrinted {
	t.Helper()
	var all []*message.ReceiptPrinted
	for _, one := range s.journal.all() {
		header, err := record.ParseHeader(one)
		require.NoError(t, err)
		if header.Type == record.ReceiptPrinted {
			all = append(all, unmarshal(t, one, &message.ReceiptPrinted{}))
		}
	}
	return all
}

func (s *shop) tries() int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return s.journal.tries
}

func TestReportIsRecordedWhenThereIsRoom(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		order := s.paidWithoutReports(t, "k1")
		_, err := s.start("k2", 1250)
		requireRefused(t, err, catalogue.RefuseNoRoom)
		time.Sleep(10 * time.Minute)
		require.Empty(t, s.reports(t))
		s.fill(false)
		time.Sleep(agent.LateWaitMax)
		synctest.Wait()
		reports := s.reports(t)
		require.Len(t, reports, 2)
		for i, copy := range []message.ReceiptPrinted_Copy{message.ReceiptPrinted_COPY_CUSTOMER, message.ReceiptPrinted_COPY_MERCHANT} {
			require.Equal(t, copy, reports[i].GetCopy(), "as they came out")
			require.Equal(t, message.ReceiptPrinted_RESULT_DONE, reports[i].GetResult())
		}
		view := s.sale(t, order)
		require.Zero(t, view.Sale.Unprinted)
		require.Empty(t, view.Notice, "the journal can be written")
		open, err := s.journal.OpenSales(context.Background())
		require.NoError(t, err)
		require.Empty(t, open)
		require.Len(t, s.printer.Documents(), 2, "nothing is printed again")
		time.Sleep(10 * time.Minute)
		require.Len(t, s.reports(t), 2, "nor recorded again")
	})
}

func TestLateReportsArePaced(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		s.paidWithoutReports(t, "k1")
		before := s.tries()
		time.Sleep(time.Hour)
		rounds := int(time.Hour/agent.LateWaitMax) + 5 // the wait grows from LateFirst
		require.LessOrEqual(t, s.tries()-before, 2*rounds)
		require.Greater(t, s.tries()-before, rounds)
	})
}

// The next receipt brings the reports before it along, and does not wait for the pace.
func TestNextReportBringsLateOnesAlong(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		first := s.paidWithoutReports(t, "k1")
		time.Sleep(10 * time.Minute)
		s.fill(false)
		second := s.begin(t, "k2").Sale.OrderID
		s.scanner.Scan("0112345678901234568")
		synctest.Wait()
		var orders []checkout.OrderID
		for _, report := range s.reports(t) {
			orders = append(orders, checkout.OrderID(report.GetOrderId()))
		}
		require.Equal(t, []checkout.OrderID{first, first, second, second}, orders)
	})
}

func TestFollowUpsReportIsRecordedWhenThereIsRoom(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		order := s.paid(t, "k1", 1250, false)
		s.printer.Stall(true)
		f := s.done(t, order, "r1", refund, 100)
		s.fill(true)
		s.printer.Stall(false)
		synctest.Wait()
		view, err := s.till.Follow(context.Background(), f.ID)
		require.NoError(t, err)
		require.NotZero(t, view.FollowUp.Unprinted)
		require.Equal(t, catalogue.NoticeJournal.Text(), view.Notice)
		before := len(s.reports(t))
		s.fill(false)
		time.Sleep(agent.LateWaitMax)
		synctest.Wait()
		reports := s.reports(t)[before:]
		require.Len(t, reports, 2)
		require.Equal(t, f.ID[:], reports[0].GetFollowUpId())
		view, err = s.till.Follow(context.Background(), f.ID)
		require.NoError(t, err)
		require.Zero(t, view.FollowUp.Unprinted)
		require.Empty(t, view.Notice)
	})
}

func TestRestartOnAFullDisk(t *testing.T) {
	restart := func(t *testing.T, s *shop) {
		s.stop()
		s.open(t)
		time.Sleep(time.Minute)
		require.Empty(t, s.reports(t))
		s.fill(false)
		time.Sleep(agent.LateWaitMax)
		synctest.Wait()
	}
	t.Run("UnseenCopiesAreRecordedAsUnconfirmed", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			order := s.paidWithoutReports(t, "k1")
			restart(t, s)
			reports := s.reports(t)
			require.Len(t, reports, 2)
			for _, report := range reports {
				require.Equal(t, message.ReceiptPrinted_RESULT_UNCONFIRMED, report.GetResult())
			}
			view := s.sale(t, order)
			require.Zero(t, view.Sale.Unprinted)
			require.Equal(t, catalogue.NoticePrintUnsure.Text(), view.Notice)
		})
	})
	t.Run("FollowUpsToo", func(t *testing.T) {
		inDesk(t, func(t *testing.T, s *shop, _ *books) {
			order := s.paid(t, "k1", 1250, false)
			s.printer.Stall(true)
			f := s.done(t, order, "r1", refund, 100)
			require.Equal(t, followup.Approved, f.State)
			s.fill(true)
			s.stop()
			s.printer.Stall(false)
			s.open(t)
			time.Sleep(time.Minute)
			require.NotZero(t, s.followUp(t, f.ID).Unprinted)
			require.Len(t, s.reports(t), 2, "the sale's")
			s.fill(false)
			time.Sleep(agent.LateWaitMax)
			synctest.Wait()
			require.Zero(t, s.followUp(t, f.ID).Unprinted)
			for _, report := range s.reports(t)[2:] {
				require.Equal(t, message.ReceiptPrinted_RESULT_UNCONFIRMED, report.GetResult())
				require.Equal(t, f.ID[:], report.GetFollowUpId())
			}
			require.Len(t, s.reports(t), 4)
		})
	})
	t.Run("AnOpenSaleIsAskedAboutByItsOwnRecord", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			s.stop()
			asked := s.cloud.sent[0].sequence
			s.fill(true)
			s.open(t)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			require.Greater(t, len(s.cloud.sent), 1)
			for _, one := range s.cloud.sent {
				require.Equal(t, asked, one.sequence)
			}
			s.cloud.say(approve)
			s.fill(false)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
}

// Anybody may ask for reprints on a full disk; their reports must not crowd out those of first copies.
func TestLateReprintsAreBounded(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		order := s.paidWithoutReports(t, "k1")
		for range agent.LateReprintMax + 20 {
			_, err := s.till.Press(context.Background(), order, checkout.ReprintPressed{Copies: checkout.CustomerCopy})
			require.NoError(t, err, "nothing is recorded before")
			synctest.Wait()
		}
		s.fill(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		reports := s.reports(t)
		require.Len(t, reports, 2+agent.LateReprintMax)
		require.False(t, slices.ContainsFunc(reports[:2], (*message.ReceiptPrinted).GetReprint))
		require.Len(t, s.printer.Documents(), 2+agent.LateReprintMax+20)
	})
}

// A long backlog must not hold the till: it is recorded a few at a time.
func TestLateReportsGoAFewAtATime(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		order := s.paidWithoutReports(t, "k1")
		for range 30 {
			_, err := s.till.Press(context.Background(), order, checkout.ReprintPressed{Copies: checkout.CustomerCopy})
			require.NoError(t, err)
			synctest.Wait()
		}
		time.Sleep(10 * time.Minute)
		s.fill(false)
		seen := []int{len(s.reports(t))}
		for range 120 {
			time.Sleep(agent.LateNext / 2) // at most one go
			synctest.Wait()
			seen = append(seen, len(s.reports(t)))
		}
		require.Equal(t, 32, seen[len(seen)-1])
		for i := range seen[1:] {
			require.LessOrEqual(t, seen[i+1]-seen[i], agent.LateAtOnce)
		}
	})
}
