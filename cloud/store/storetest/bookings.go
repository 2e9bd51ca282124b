package storetest

import (
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
)

// testBookings books from several sides at the same moment, some of it beside a record that is refused. What was said to be
// booked is in the books, once; what was refused is not.
//
// formance/ledger#364: bookings that came together took the same number, which was counted up without a lock. The database
// refused all but one of them, and the others' senders were told that all was well.
func testBookings(t *testing.T, opener Opener) {
	const submitters, each, refusedEvery = 8, 40, 5
	s := enrolled(t, opener)
	require.NoError(t, s.Commit(t.Context(), store.Change{Records: []store.Record{stored(one, 1, "taken")}}))
	answers := make([][each]error, submitters)
	var submitting, done sync.WaitGroup
	for submitter := range answers {
		submitting.Go(func() {
			for i := range each {
				change := store.Change{Entries: []store.Entry{booking(submitter, i)}}
				if i%refusedEvery == 0 {
					change.Records = []store.Record{stored(one, 1, "other bytes under its number")}
				}
				done.Add(1)
				if err := s.Submit(context.Background(), change, func(err error) {
					answers[submitter][i] = err
					done.Done()
				}); err != nil {
					t.Errorf("submit: %v", err)
				}
			}
		})
	}
	submitting.Wait()
	done.Wait()
	booked := uint64(0)
	for submitter, answered := range answers {
		for i, err := range answered {
			want := []store.Entry{booking(submitter, i)}
			if i%refusedEvery == 0 {
				requireConflict(t, err, store.RecordExists)
				want = nil
			} else {
				require.NoError(t, err)
				booked++
			}
			entries, err := s.Entries(t.Context(), booking(submitter, i).Order)
			require.NoError(t, err)
			require.Equal(t, want, entries, "booking %d of submitter %d", i, submitter)
		}
	}
	audit, err := s.Audit(t.Context(), 0, submitters*each)
	require.NoError(t, err)
	require.Equal(t, booked, audit.Entries)
}

// booking is an entry of an order of its own.
func booking(submitter, i int) store.Entry {
	e := entry(0, store.EntrySale, 1250)
	binary.BigEndian.PutUint16(e.Order[12:], uint16(submitter)+1)
	binary.BigEndian.PutUint16(e.Order[14:], uint16(i))
	return e
}
