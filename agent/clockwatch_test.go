package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// clockFaults are the faults of the clock in the journal.
func (s *shop) clockFaults(t *testing.T) []*message.DeviceFault {
	t.Helper()
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var all []*message.DeviceFault
	for _, r := range s.journal.records {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		body := &message.DeviceFault{}
		if header.Type == record.DeviceFault {
			require.NoError(t, proto.Unmarshal(r.Body(), body))
		}
		if body.GetDevice() == "clock" {
			all = append(all, body)
		}
	}
	return all
}

// setClock sets the shop's clock by so much, and waits until the till must have seen it.
func (s *shop) setClock(by time.Duration) {
	s.set.Add(int64(by))
	time.Sleep(time.Minute)
	synctest.Wait()
}

func TestClockSetBack(t *testing.T) {
	t.Run("IsWrittenDownOnce", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, _ *hardcard.Card) {
			time.Sleep(5 * time.Hour)
			s.setClock(-3 * time.Hour)
			faults := s.clockFaults(t)
			require.Len(t, faults, 1)
			require.Equal(t, 3*time.Hour, time.Duration(faults[0].GetSetBack())*time.Microsecond)
			require.Equal(t, "set back by 3h0m0s", faults[0].GetFault())
			time.Sleep(10 * time.Hour)
			require.Len(t, s.clockFaults(t), 1)
		})
	})
	t.Run("IsWrittenDownWhenThereIsRoom", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, _ *hardcard.Card) {
			s.journal.change(func() { s.journal.fail = journal.ErrNoRoom })
			s.setClock(-3 * time.Hour)
			require.Empty(t, s.clockFaults(t))
			s.journal.change(func() { s.journal.fail = nil })
			s.setClock(0)
			require.Len(t, s.clockFaults(t), 1)
		})
	})
	t.Run("IsNoFaultWhileItIsACorrection", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, _ *hardcard.Card) {
			s.setClock(-time.Minute)
			require.Empty(t, s.clockFaults(t))
			s.setClock(-time.Second)
			require.Len(t, s.clockFaults(t), 1, "both together are more than a correction")
		})
	})
	t.Run("ForwardIsNoFault", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, _ *hardcard.Card) {
			s.setClock(40 * time.Hour)
			require.Empty(t, s.clockFaults(t))
		})
	})
	t.Run("NobodyCountsWhereNothingIsTakenOffline", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, _ *hardcard.Card) {
			s.setClock(-3 * time.Hour)
			require.Empty(t, s.clockFaults(t))
		})
	})
}
