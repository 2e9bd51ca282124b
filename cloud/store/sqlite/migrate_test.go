package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

// TestBeforeFollowUps opens a database of the program that knew no follow-ups: nothing in it is lost, its entries stay
// unique, and it goes on.
func TestBeforeFollowUps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	require.NoError(t, sqlite.OpenAt(path, 2))
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	order := store.OrderID{1, 15: 7}
	for _, statement := range []string{
		"INSERT INTO terminals VALUES (1, '10000001', 'M', 'SN', 1, x'', x'', 1, 0)",
		"INSERT INTO merchants VALUES ('M', '王记早点', 'ICBC', 10, 'CN', 0)",
		"INSERT INTO payments VALUES (x'01000000000000000000000000000007', 1, 3, 'M', 1, 6, 1, 0, 5, x'0102')",
		"INSERT INTO accounts VALUES (1, 'operator/ICBC'), (2, 'merchant/M')",
		"INSERT INTO entries VALUES (1, x'01000000000000000000000000000007', 1, 5)",
		"INSERT INTO postings VALUES (8, 1, 70, 'CNY'), (9, 2, -70, 'CNY')",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	s, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()

	kept, err := s.Payment(t.Context(), order)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2}, kept.Blob)
	require.Empty(t, kept.Reference)
	shop, err := s.Merchant(t.Context(), "M")
	require.NoError(t, err)
	require.Zero(t, shop.HoldDays)
	entries, err := s.Entries(t.Context(), order)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Len(t, entries[0].Postings, 2)
	var conflict *store.ConflictError
	require.ErrorAs(t, s.Commit(t.Context(), store.Change{Entries: entries}), &conflict)
	require.Equal(t, store.EntryExists, conflict.Kind)
	refund := entries[0]
	refund.Kind, refund.Part = store.EntryRefund, store.FollowUpID{1}
	refund.Postings = []store.Posting{{Account: "operator/ICBC", Amount: -70, Currency: "CNY"}, {Account: "merchant/M", Amount: 70, Currency: "CNY"}}
	require.NoError(t, s.Commit(t.Context(), store.Change{Entries: []store.Entry{refund}}))
	audit, err := s.Audit(t.Context(), 0, 10)
	require.NoError(t, err)
	require.EqualValues(t, 2, audit.Last, "numbers go on")
	require.Empty(t, audit.Unbalanced)
}

// TestBeforeSettling opens a database of the program whose alarms nobody could settle: they are all open, and go on.
func TestBeforeSettling(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	require.NoError(t, sqlite.OpenAt(path, 6))
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	for _, statement := range []string{
		"INSERT INTO alarms VALUES ('tag/10000001', 'tag', '10000001', 'record 9', 2000000, 9000000, 3)",
		"INSERT INTO alarms VALUES ('ledger', 'ledger', '', 'CNY sums to 1', 1000000, 1000000, 1)",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	s, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	tag := store.Alarm{Key: "tag/10000001", Kind: "tag", Terminal: "10000001", Detail: "record 9", At: at(9)}
	open, err := s.OpenAlarms(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, []store.AlarmRow{
		{Alarm: tag, Number: 2, FirstAt: at(2), Count: 3},
		{Alarm: store.Alarm{Key: "ledger", Kind: "ledger", Detail: "CNY sums to 1", At: at(1)}, Number: 1, FirstAt: at(1), Count: 1},
	}, open)
	tag.Detail, tag.At = "record 10", at(20)
	require.NoError(t, s.Commit(t.Context(), store.Change{Alarms: []store.Alarm{tag}}))
	kept, err := s.Alarm(t.Context(), 2)
	require.NoError(t, err)
	require.Equal(t, store.AlarmRow{Alarm: tag, Number: 2, FirstAt: at(2), Count: 4}, kept)
}

// TestBeforeDecisions opens a database of the program that knew a broken chain by the records kept aside.
func TestBeforeDecisions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	require.NoError(t, sqlite.OpenAt(path, 7))
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	for _, statement := range []string{
		"INSERT INTO terminals VALUES (1, '10000001', 'M', 'SN1', 1, x'', x'', 1, 3000000), (2, '10000002', 'M', 'SN2', 1, x'', x'', 2, 3000000)," +
			"(3, '10000003', 'M', 'SN3', 1, x'', x'', 3, 3000000), (4, '10000004', 'M', 'SN4', 1, x'', x'', 2, 3000000)",
		"INSERT INTO quarantined VALUES (1, '10000002', 1, 3, 'other-bytes', x'01', x'01', 4000000), (2, '10000002', 1, 4, 'chain', x'02', x'02', 5000000)," +
			"(3, '10000002', 1, 5, 'chain', x'03', x'03', 6000000), (4, '10000004', 1, 3, 'epoch', x'04', x'04', 4000000)",
	} {
		_, err := db.Exec(statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	s, err := sqlite.Open(t.Context(), path, options(0))
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	all, err := s.Terminals(t.Context(), record.Terminal{}, 10)
	require.NoError(t, err)
	require.Len(t, all, 4)
	require.Zero(t, all[0].AsideAt)
	require.Equal(t, time.Unix(5, 0).UTC(), all[1].AsideAt, "when its chain first broke")
	require.Equal(t, store.TerminalBlocked, all[1].State)
	require.Equal(t, time.Unix(3, 0).UTC(), all[2].AsideAt, "its records found no room")
	require.Zero(t, all[3].AsideAt)
}

// TestAsItIs: whoever comes beside a running program changes nothing of its database.
func TestAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cloud.db")
	asItIs := options(0)
	asItIs.AsItIs = true
	_, err := sqlite.Open(t.Context(), path, asItIs)
	require.ErrorIs(t, err, sqlite.ErrOlder, "an empty one too")
	require.NoError(t, sqlite.OpenAt(path, 7))
	_, err = sqlite.Open(t.Context(), path, asItIs)
	require.ErrorIs(t, err, sqlite.ErrOlder)
	db, err := sql.Open("sqlite3", path)
	require.NoError(t, err)
	var version int
	require.NoError(t, db.QueryRow("PRAGMA user_version").Scan(&version))
	require.Equal(t, 7, version)
	require.NoError(t, db.Close())
	for _, o := range []sqlite.Options{options(0), asItIs} {
		s, err := sqlite.Open(t.Context(), path, o)
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
}
