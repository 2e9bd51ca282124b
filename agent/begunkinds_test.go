package agent_test

import (
	"context"
	"encoding/hex"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// asksFor are the intents whose keys count for ever, each with the key and about nothing that there is: a key that is refused
// is refused before anybody looks at more.
func asksFor() map[string]func(s *storing) error {
	return map[string]func(s *storing) error{
		"sale": func(s *storing) error {
			_, err := starts(s, 0)
			return err
		},
		"follow-up": func(s *storing) error {
			_, err := s.do(checkout.OrderID{9}, "key", station.FollowUpWish{Kind: refund, Amount: 1})
			return err
		},
		"open": func(s *storing) error {
			_, err := s.shifts().OpenShift(context.Background(), station.Opening{Key: "key", Cashier: "王芳", Float: yuan(1)})
			return err
		},
		"cash": func(s *storing) error {
			_, err := s.shifts().MoveCash(context.Background(), station.Cash{Key: "key", Amount: 1})
			return err
		},
		"close": func(s *storing) error {
			count := counted(1, "店长")
			count.Key = "key"
			_, err := s.shifts().CloseShift(context.Background(), count)
			return err
		},
	}
}

// TestAKeyOfAShiftIsNoSales and the other way round, however long ago it was used: nothing begins, moves or ends.
func TestAKeyOfAShiftIsNoSales(t *testing.T) {
	sales, shifts := []string{"sale", "follow-up"}, []string{"open", "cash", "close"}
	for name, test := range map[string]struct {
		prepare func(*testing.T, *storing) intent
		refused []string
	}{
		"sale": {begins(scans), shifts}, "follow-up": {follows(refund, false, 25), shifts},
		"open": {opensShift, sales}, "cash": {movesCash, sales}, "close": {closesShift, sales},
	} {
		t.Run(name, func(t *testing.T) {
			inStore(t, func(t *testing.T, s *storing) {
				_, err := test.prepare(t, s)(s, 0)
				require.NoError(t, err)
				s.later(t, func() {
					t.Helper()
					synctest.Wait()
					before := s.stored.Tail()
					for _, other := range test.refused {
						requireRefused(t, asksFor()[other](s), catalogue.RefuseKeyReused)
					}
					require.Equal(t, before, s.stored.Tail(), "nothing is recorded")
				})
			})
		})
	}
}

// TestAKeyOfBothIsStillFound: earlier versions took one key for a sale and for cash. Each is answered as it was then.
func TestAKeyOfBothIsStillFound(t *testing.T) {
	inStore(t, func(t *testing.T, s *storing) {
		moves := movesCash(t, s)
		first, err := begins(scans)(t, s)(s, 0)
		require.NoError(t, err)
		current, err := s.shifts().CurrentShift(t.Context(), false)
		require.NoError(t, err)
		id, err := hex.DecodeString(current.ID)
		require.NoError(t, err)
		_, err = s.stored.Append(t.Context(), journal.Entry{Type: record.CashMoved, Body: &message.CashMoved{
			ShiftId: id, Key: "key", Amount: 100, Currency: "CNY",
		}})
		require.NoError(t, err)
		s.later(t, func() {
			t.Helper()
			synctest.Wait()
			before := s.stored.Tail()
			same, err := starts(s, 0)
			require.NoError(t, err)
			require.Equal(t, first, same)
			_, err = moves(s, 0)
			require.NoError(t, err)
			require.Equal(t, before, s.stored.Tail(), "nothing is recorded")
		})
	})
}
