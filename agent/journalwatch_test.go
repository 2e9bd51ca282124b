package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// journalFaults are the findings about the journal that were written down.
func (s *shop) journalFaults(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, r := range s.journal.all() {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		body := &message.DeviceFault{}
		if header.Type == record.DeviceFault {
			require.NoError(t, proto.Unmarshal(r.Body(), body))
		}
		if body.GetDevice() == "journal" {
			all = append(all, body.GetFault())
		}
	}
	return all
}

func damaged(sale uint64) error {
	return &journal.DamagedError{Path: "/var/lib/yuantill/journal.db", Sale: sale, Cause: errors.New("altered")}
}

// find has the journal say what is wrong with it, and waits until the till must have seen it.
func (s *shop) find(err error) {
	s.journal.change(func() { s.journal.room = err })
	time.Sleep(time.Minute) // of the bubble's clock
	synctest.Wait()
}

func TestDamageIsWrittenDown(t *testing.T) {
	t.Run("OnceAFinding", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.find(nil)
			require.Empty(t, s.journalFaults(t))
			s.find(damaged(3))
			time.Sleep(10 * time.Hour)
			require.Equal(t, []string{"sale 3: altered"}, s.journalFaults(t), "and says nothing of where the file is")
			s.find(damaged(4))
			require.Len(t, s.journalFaults(t), 2)
			said := s.told(t)
			require.Equal(t, 2, strings.Count(said, catalogue.RefuseJournalDamaged.Text().Chinese), "the screen too")
		})
	})
	t.Run("OnceOverRestarts", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.find(damaged(3))
			for range 3 {
				s.stop()
				s.open(t)
				s.find(damaged(3))
			}
			require.Len(t, s.journalFaults(t), 1)
		})
	})
	t.Run("AgainWhenManyRecordsHaveComeSince", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.find(damaged(3))
			s.stop()
			for range 1000 {
				_, err := s.journal.Append(context.Background(), journal.Entry{Type: record.DeviceFault,
					Body: &message.DeviceFault{Device: "printer", Fault: "sale 3: altered"}})
				require.NoError(t, err)
			}
			s.open(t)
			s.find(damaged(3))
			require.Len(t, s.journalFaults(t), 2)
		})
	})
	t.Run("WhenThereIsRoom", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.journal.change(func() { s.journal.fail = journal.ErrNoRoom })
			s.find(damaged(3))
			require.Empty(t, s.journalFaults(t))
			s.journal.change(func() { s.journal.fail = nil })
			s.find(damaged(3))
			require.Len(t, s.journalFaults(t), 1)
		})
	})
	t.Run("OnlyDamage", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			for _, err := range []error{journal.ErrNoRoom, journal.ErrFailed, &journal.DisplacedError{Path: "journal.db"}} {
				s.find(err)
			}
			require.Empty(t, s.journalFaults(t))
		})
	})
}
