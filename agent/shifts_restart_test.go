package agent_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
)

// TestShiftIntentsAgainAfterARestart: the answer was lost with the process; the same key is the same intent.
func TestShiftIntentsAgainAfterARestart(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		restart := func() {
			s.stop()
			s.open(t)
			synctest.Wait()
		}
		opening := station.Opening{Key: "o1", Cashier: "王芳", Float: yuan(20000)}
		opened, err := s.shifts().OpenShift(t.Context(), opening)
		require.NoError(t, err)
		restart()
		again, err := s.shifts().OpenShift(t.Context(), opening)
		require.NoError(t, err)
		require.Equal(t, opened, again)
		_, err = s.shifts().OpenShift(t.Context(), station.Opening{Key: "o1", Cashier: "王芳", Float: yuan(1)})
		requireRefused(t, err, catalogue.RefuseKeyReused)
		_, err = s.shifts().OpenShift(t.Context(), station.Opening{Key: "o2", Cashier: "王芳", Float: yuan(20000)})
		requireRefused(t, err, catalogue.RefuseShiftOpen)

		s.sell(t, "k1")
		count := counted(20000, "")
		count.Key = "c1"
		closed, err := s.shifts().CloseShift(t.Context(), count)
		require.NoError(t, err)
		synctest.Wait()
		slips, records := len(s.printer.Documents()), len(s.journal.records)
		for range 2 { // in the same process, too
			same, err := s.shifts().CloseShift(t.Context(), count)
			require.NoError(t, err)
			require.Equal(t, closed, same)
			restart()
		}
		require.Len(t, s.printer.Documents(), slips, "nothing is printed again")
		require.Equal(t, records+2, len(s.journal.records), "only the two starts are recorded")

		next, err := s.shifts().OpenShift(t.Context(), station.Opening{Key: "o3", Cashier: "李", Float: yuan(0)})
		require.NoError(t, err)
		same, err := s.shifts().CloseShift(t.Context(), count)
		require.NoError(t, err)
		require.Equal(t, closed, same, "the shift that came after is not closed by it")
		other := counted(1, "")
		other.Key = "c1"
		_, err = s.shifts().CloseShift(t.Context(), other)
		requireRefused(t, err, catalogue.RefuseKeyReused)
		again, err = s.shifts().OpenShift(t.Context(), opening)
		require.NoError(t, err)
		require.Equal(t, closed, again, "the shift that the key opened, as it is now")
		current, err := s.shifts().CurrentShift(t.Context(), false)
		require.NoError(t, err)
		require.Equal(t, next.ID, current.ID)
	})
}

// TestProvisionalEndAgain: asked again it is told as it is by now, complete.
func TestProvisionalEndAgain(t *testing.T) {
	inShiftShop(t, silence, func(t *testing.T, s *shop) {
		s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		count := counted(0, "店长")
		count.Key = "c1"
		closed, err := s.shifts().CloseShift(t.Context(), count)
		require.NoError(t, err)
		require.Equal(t, "provisional", closed.State)
		s.stop()
		s.open(t)
		same, err := s.shifts().CloseShift(t.Context(), count)
		require.NoError(t, err)
		require.Equal(t, closed, same)
		s.cloud.say(approve)
		time.Sleep(time.Minute)
		synctest.Wait()
		same, err = s.shifts().CloseShift(t.Context(), count)
		require.NoError(t, err)
		require.Equal(t, closed.ID, same.ID)
		require.Equal(t, "complete", same.State)
	})
}

// TestForgottenShiftsAreTold: a start completes the latest shifts only; whoever waits for an older one is told that it
// stays provisional.
func TestForgottenShiftsAreTold(t *testing.T) {
	const kept = 128
	for name, later := range map[string]int{"ToldOnceItIsTooOld": kept, "NotWhileItIsCompleted": kept - 1} {
		t.Run(name, func(t *testing.T) {
			inShiftShop(t, silence, func(t *testing.T, s *shop) {
				s.openShift(t, 0)
				s.sell(t, "k1")
				time.Sleep(time.Minute) // it is being taken back, and the till is free again
				closed, err := s.shifts().CloseShift(t.Context(), counted(0, "李明"))
				require.NoError(t, err)
				require.Equal(t, "provisional", closed.State)
				for range later {
					s.openShift(t, 0)
					_, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
					require.NoError(t, err)
				}
				s.stop()
				var said bytes.Buffer
				s.log = &said
				s.open(t)
				synctest.Wait()
				s.stop()
				const message = `level=ERROR msg="shifts stay provisional: they are older than those that are completed" shifts=1 batch=1`
				require.Equal(t, later == kept, strings.Contains(said.String(), message), said.String())
			})
		})
	}
}
