package journal_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
)

// TestARowChangedUnderARunningJournal: the sale's records are still taken, since money may be under way; its row stays as
// it was found, no further payment begins, and everything else goes on.
func TestARowChangedUnderARunningJournal(t *testing.T) {
	ctx := context.Background()
	for name, statement := range map[string]string{
		"an open sale removed":            "DELETE FROM sale WHERE number = 1",
		"a sale that is over, open again": "UPDATE sale SET open = 1 WHERE number = 2",
	} {
		t.Run(name, func(t *testing.T) {
			c := config(newPath(t))
			j := started(t, c)
			add(t, j, payment(1), payment(2), shown(2), payment(3))
			before := j.Tail().Sequence
			alter(t, c.Path, statement)
			changed := uint64(2)
			if name == "an open sale removed" {
				changed = 1
			}

			add(t, j, shown(changed))
			require.Equal(t, before+1, j.Tail().Sequence, "the record is there")
			requireSnapshot(t, j.Room(), tampering{sale: changed})
			requireSnapshot(t, j.Damage(), tampering{sale: changed})
			_, err := j.Append(ctx, payment(4))
			requireSnapshot(t, err, tampering{sale: changed})
			requireSnapshot(t, j.SaveSale(ctx, *shown(changed).Sale), tampering{sale: changed})

			add(t, j, shown(3))
			stored, err := j.Find(ctx, orderID(3))
			require.NoError(t, err)
			require.False(t, stored.Open, "the others are finished")
			require.NoError(t, j.Close())
			require.True(t, journal.IsDamaged(open(t, c).Damage()), "and the next start sees it")
		})
	}
}

// TestARowChangedHoldsUpNobodyElse: who shares a commit with the changed sale is not refused with it.
func TestARowChangedHoldsUpNobodyElse(t *testing.T) {
	ctx := context.Background()
	c := config(newPath(t))
	j := started(t, c)
	add(t, j, payment(1))
	alter(t, c.Path, "DELETE FROM sale WHERE number = 1")
	var all sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		all.Go(func() {
			if i%2 == 0 {
				errs[i] = j.SaveSale(ctx, *shown(1).Sale)
			} else {
				_, errs[i] = j.Append(ctx, fault("x"))
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		if i%2 == 0 {
			requireSnapshot(t, err, tampering{sale: 1})
		} else {
			require.NoError(t, err)
		}
	}
	require.EqualValues(t, 2+len(errs)/2, j.Tail().Sequence)
}
