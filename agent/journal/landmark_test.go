package journal_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func shiftOpened(batch uint32) journal.Entry {
	return journal.Entry{Type: record.ShiftOpened, Body: &message.ShiftOpened{ShiftId: make([]byte, 16), Batch: batch}}
}

func sequences(t *testing.T, records []record.Record, err error) []uint64 {
	t.Helper()
	require.NoError(t, err)
	var all []uint64
	for _, r := range records {
		all = append(all, header(t, r).Sequence)
	}
	return all
}

func TestLandmarks(t *testing.T) {
	ctx := context.Background()
	c := config(newPath(t))
	j := started(t, c) // record 1
	add(t, j, shiftOpened(1), payment(1))
	add(t, j, shown(1))
	add(t, j, journal.Entry{Type: record.ShiftClosed, Body: &message.ShiftClosed{Batch: 1}}, shiftOpened(2))
	find := func(j *journal.Journal, kind record.Type, before uint64, limit int) []uint64 {
		records, err := j.Landmarks(ctx, kind, before, limit)
		return sequences(t, records, err)
	}
	for _, when := range []string{"at once", "after a restart"} {
		require.Equal(t, []uint64{6, 2}, find(j, record.ShiftOpened, 0, 10), when)
		require.Equal(t, []uint64{6}, find(j, record.ShiftOpened, 0, 1), when)
		require.Equal(t, []uint64{2}, find(j, record.ShiftOpened, 6, 10), when)
		require.Equal(t, []uint64{5}, find(j, record.ShiftClosed, 0, 10), when)
		require.Empty(t, find(j, record.ShiftClosed, 5, 10), when)
		require.Empty(t, find(j, record.PaymentRequested, 0, 10), when)
		if when == "at once" {
			require.NoError(t, j.Close())
			j = open(t, c)
		}
	}
	verified(t, j)
}
