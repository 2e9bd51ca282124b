package agent_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
)

func TestStatusOfTheConnection(t *testing.T) {
	for name, c := range map[string]struct {
		offline bool
		want    string
	}{
		"ErrorWhileOffline":    {true, "no route to host"},
		"NoErrorOnceConnected": {false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				s.cloud.mu.Lock()
				s.cloud.offline, s.cloud.lastError = c.offline, "no route to host"
				s.cloud.mu.Unlock()
				status, err := s.till.Status(context.Background())
				require.NoError(t, err)
				require.Equal(t, !c.offline, status.Uplink.Connected)
				require.Equal(t, c.want, status.Uplink.LastError)
			})
		})
	}
}

func TestStatusSaysThatTheJournalIsGone(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		require.Nil(t, s.refusing(t))
		s.journal.change(func() { s.journal.room = &journal.DisplacedError{Path: "journal.db"} })
		require.Equal(t, catalogue.RefuseJournalMoved.Text(), *s.refusing(t))
	})
}
