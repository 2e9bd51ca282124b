package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// tight allows one payment and no more.
func tight(m *message.OfflineLimits) { m.LimitsId, m.TerminalMax = []byte("sixteen bytes 02"), 12_50 }

// taken counts the limits that the journal keeps.
func (s *shop) limitsTaken(t *testing.T) int {
	t.Helper()
	n := 0
	for _, kind := range s.journal.types(t) {
		if kind == "limits-taken" {
			n++
		}
	}
	return n
}

// requireTight pays once offline; the second payment is one too many.
func (s *shop) requireTight(t *testing.T, card *hardcard.Card) {
	t.Helper()
	require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k1", card).Sale.State)
	require.Equal(t, catalogue.NoticeOfflineTotal.Text(), s.tap(t, "k2", card).Notice)
}

// TestLimitsInTheirOrder: what the cloud made last counts, whatever its clock said and in whatever order answers come.
func TestLimitsInTheirOrder(t *testing.T) {
	ahead := func(m *message.OfflineLimits) { m.GivenAt = time.Now().Add(10000 * time.Hour).UnixMicro() }
	t.Run("LaterOnesCountAfterAClockFarAhead", func(t *testing.T) {
		offlineShop(t, ahead, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.limits.give(t, tight)
			s.requireTight(t, card)
		})
	})
	t.Run("OverARestartToo", func(t *testing.T) {
		offlineShop(t, ahead, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.stop()
			s.open(t)
			synctest.Wait()
			s.limits.give(t, tight)
			s.requireTight(t, card)
		})
	})
	t.Run("OlderOnesAreOvertaken", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			older := s.limits.limits(t, as)
			s.limits.give(t, tight)
			s.limits.bring(older)
			s.requireTight(t, card)
		})
	})
	t.Run("OlderOnesAreOvertakenOverARestart", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			older := s.limits.limits(t, as)
			s.limits.give(t, tight)
			s.stop()
			s.open(t)
			synctest.Wait()
			s.limits.bring(older)
			s.requireTight(t, card)
		})
	})
	t.Run("TheSameAgainProvesNothing", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			again := s.limits.limits(t, as)
			s.limits.bring(again)
			time.Sleep(2 * time.Hour)
			before := s.limitsTaken(t)
			s.limits.bring(again)
			require.Equal(t, before, s.limitsTaken(t), "a record of limits proves that the cloud was heard")
		})
	})
}

// TestLimitsNotRecorded: a journal that takes no record keeps nobody from holding to what the cloud said.
func TestLimitsNotRecorded(t *testing.T) {
	t.Run("AreHeldToAndRecordedLater", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.journal.change(func() { s.journal.fail = journal.ErrFailed })
			s.limits.give(t, tight)
			s.journal.change(func() { s.journal.fail = nil })
			require.Equal(t, 1, s.limitsTaken(t))
			s.requireTight(t, card)
			s.cloud.heard(time.Now())
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, 2, s.limitsTaken(t))
			s.stop()
			s.open(t)
			synctest.Wait()
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), s.tap(t, "k3", card).Notice)
		})
	})
	t.Run("NotWhileTheCloudIsNotHeard", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, _ *hardcard.Card) {
			s.journal.change(func() { s.journal.fail = journal.ErrFailed })
			s.limits.give(t, tight)
			time.Sleep(10 * time.Minute)
			s.journal.change(func() { s.journal.fail = nil })
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			require.Equal(t, 1, s.limitsTaken(t), "its record would say that the cloud was heard now")
			s.cloud.heard(time.Now())
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, 2, s.limitsTaken(t))
		})
	})
	t.Run("NewerOnesTakeTheirPlace", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.journal.change(func() { s.journal.fail = journal.ErrFailed })
			s.limits.give(t, func(m *message.OfflineLimits) { m.LimitsId, m.TerminalMax = []byte("sixteen bytes 03"), 0 })
			s.journal.change(func() { s.journal.fail = nil })
			s.limits.give(t, tight)
			s.cloud.heard(time.Now())
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, 2, s.limitsTaken(t))
			s.requireTight(t, card)
		})
	})
}
