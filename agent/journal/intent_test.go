package journal_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// stateKey reads a state "key=k1 …"; other states have no key, and "unread" is another program's.
func stateKey(state []byte) (string, error) {
	text, found := strings.CutPrefix(string(state), "key=")
	if !found {
		if string(state) == "unread" {
			return "", errors.New("not a state")
		}
		return "", nil
	}
	key, _, _ := strings.Cut(text, " ")
	return key, nil
}

func keyed(path string) journal.Config {
	c := config(path)
	c.SaleKey, c.FollowUpKey = stateKey, stateKey
	return c
}

// begun is the nth sale, over, with the key.
func begun(n uint64, key string) journal.Entry {
	entry := payment(n)
	entry.Sale = &journal.Snapshot{OrderID: orderID(n), State: []byte("key=" + key + " over")}
	return entry
}

// asked is the nth follow-up with the key.
func asked(n byte, key string) journal.Entry { return followUp(n, 1, "key="+key+" over", false) }

func cash(key string, amount int64) journal.Entry {
	return journal.Entry{Type: record.CashMoved, Body: &message.CashMoved{Key: key, Amount: amount}}
}

// sellMany adds the sales from one to another with the keys k1, k2 ….
func sellMany(t *testing.T, j *journal.Journal, from, to uint64) {
	t.Helper()
	var entries []journal.Entry
	for n := from; n <= to; n++ {
		if entries = append(entries, begun(n, fmt.Sprint("k", n))); len(entries) == 500 || n == to {
			add(t, j, entries...)
			entries = nil
		}
	}
}

func requireBegun(t *testing.T, j *journal.Journal, key string, order uint64) {
	t.Helper()
	found, err := j.FindBegun(context.Background(), key)
	require.NoError(t, err, key)
	require.Equal(t, journal.Begun{Order: orderID(order)}, found)
}

func requireNotBegun(t *testing.T, j *journal.Journal, key string) {
	t.Helper()
	_, err := j.FindBegun(context.Background(), key)
	require.ErrorIs(t, err, journal.ErrNotFound)
}

// entering runs a test with the keys in memory, in the table, and after a start from either.
func entering(t *testing.T, write, check func(t *testing.T, j *journal.Journal)) {
	for _, entered := range []bool{false, true} {
		t.Run(fmt.Sprintf("entered %t", entered), func(t *testing.T) {
			c := keyed(newPath(t))
			j := started(t, c)
			write(t, j)
			if entered {
				sellMany(t, j, 1001, 1600)
				journal.EnterBehind(j)
				require.Less(t, journal.Unentered(j), 256)
			}
			check(t, j)
			left := journal.Unentered(j)
			require.NoError(t, j.Close())
			j = open(t, c)
			// Just those that were left are read again, and perhaps one that is the second with its key.
			require.Contains(t, []int{left, left + 1}, journal.Unentered(j))
			check(t, j)
			verified(t, j)
		})
	}
}

func TestFindBegun(t *testing.T) {
	t.Run("a sale or a follow-up", func(t *testing.T) {
		entering(t, func(t *testing.T, j *journal.Journal) {
			add(t, j, begun(1, "a"), begun(2, "b"), asked(3, "c"), begun(4, ""), shown(5))
			require.NoError(t, j.SaveSale(t.Context(), journal.Snapshot{OrderID: orderID(6), State: []byte("key=d"), Open: true}))
		}, func(t *testing.T, j *journal.Journal) {
			requireBegun(t, j, "a", 1)
			requireBegun(t, j, "b", 2)
			requireBegun(t, j, "d", 6)
			found, err := j.FindBegun(t.Context(), "c")
			require.NoError(t, err)
			require.Equal(t, journal.Begun{FollowUp: followUpID(3)}, found)
			requireNotBegun(t, j, "e")
			requireNotBegun(t, j, "")
			_, err = j.FindAct(t.Context(), record.CashMoved, "a")
			require.ErrorIs(t, err, journal.ErrNotFound)
		})
	})
	t.Run("the first with a key", func(t *testing.T) {
		entering(t, func(t *testing.T, j *journal.Journal) {
			add(t, j, begun(1, "a"), begun(2, "a"))
		}, func(t *testing.T, j *journal.Journal) { requireBegun(t, j, "a", 1) })
	})
	t.Run("what the sale has become meanwhile does not matter", func(t *testing.T) {
		entering(t, func(t *testing.T, j *journal.Journal) {
			add(t, j, begun(1, "a"))
			entry := fault("later")
			entry.Sale = &journal.Snapshot{OrderID: orderID(1), State: []byte("key=a paid"), Open: true}
			add(t, j, entry)
		}, func(t *testing.T, j *journal.Journal) { requireBegun(t, j, "a", 1) })
	})
	t.Run("a snapshot of another program has no key, and keeps nobody's", func(t *testing.T) {
		c := keyed(newPath(t))
		j := started(t, c)
		entry := payment(1)
		entry.Sale = &journal.Snapshot{OrderID: orderID(1), State: []byte("unread")}
		add(t, j, entry, begun(2, "a"))
		require.NoError(t, j.Close())
		j = open(t, c)
		requireBegun(t, j, "a", 2)
		verified(t, j)
	})
	t.Run("a snapshot that was not committed has begun nothing", func(t *testing.T) {
		j := started(t, keyed(newPath(t)))
		require.NoError(t, journal.Break(j))
		_, err := j.Append(t.Context(), begun(1, "a"))
		require.ErrorIs(t, err, journal.ErrFailed)
		requireNotBegun(t, j, "a")
	})
}

func TestFindAct(t *testing.T) {
	entering(t, func(t *testing.T, j *journal.Journal) {
		add(t, j, cash("a", 1), cash("b", 2), cash("a", 3), cash("", 4),
			journal.Entry{Type: record.ShiftOpened, Body: &message.ShiftOpened{Key: "a"}},
			journal.Entry{Type: record.ShiftClosed, Body: &message.ShiftClosed{Key: "z"}})
	}, func(t *testing.T, j *journal.Journal) {
		for key, amount := range map[string]int64{"a": 1, "b": 2} {
			moved, err := j.FindAct(t.Context(), record.CashMoved, key)
			require.NoError(t, err)
			var body message.CashMoved
			require.NoError(t, proto.Unmarshal(moved.Body(), &body))
			require.Equal(t, amount, body.GetAmount())
		}
		opened, err := j.FindAct(t.Context(), record.ShiftOpened, "a")
		require.NoError(t, err)
		require.Equal(t, record.ShiftOpened, header(t, opened).Type)
		closed, err := j.FindAct(t.Context(), record.ShiftClosed, "z")
		require.NoError(t, err)
		require.Equal(t, record.ShiftClosed, header(t, closed).Type)
		for _, none := range []record.Type{record.ShiftClosed} {
			_, err = j.FindAct(t.Context(), none, "a")
			require.ErrorIs(t, err, journal.ErrNotFound)
		}
		requireNotBegun(t, j, "a")
	})
}

// TestNobodyAsksWithoutKeys: not to know is not the same as no.
func TestNobodyAsksWithoutKeys(t *testing.T) {
	c := keyed(newPath(t))
	j := started(t, c)
	add(t, j, begun(1, "a"))
	looking, err := journal.OpenReadOnly(t.Context(), c.Path, seal.Portable(), c.Keyring)
	require.NoError(t, err)
	_, err = looking.FindBegun(t.Context(), "a")
	require.ErrorIs(t, err, journal.ErrReadOnly)
	require.NoError(t, looking.Close())
	require.NoError(t, j.Close())
	_, err = j.FindBegun(t.Context(), "b")
	require.Error(t, err)
	require.NotErrorIs(t, err, journal.ErrNotFound)
	c.SaleKey = nil
	_, err = open(t, c).FindBegun(t.Context(), "a")
	require.ErrorContains(t, err, "idempotency keys")
}

// TestKeysInMemoryAreBounded: when nobody enters them behind, whoever begins something does.
func TestKeysInMemoryAreBounded(t *testing.T) {
	c := keyed(newPath(t))
	j := started(t, c)
	sellMany(t, j, 1, journal.UnenteredMax-1)
	requireNotBegun(t, j, "new")
	require.Equal(t, journal.UnenteredMax-1, journal.Unentered(j))
	sellMany(t, j, journal.UnenteredMax, journal.UnenteredMax)
	requireBegun(t, j, "k1", 1)
	require.Equal(t, journal.UnenteredMax, journal.Unentered(j), "what is known is told without a write")
	requireNotBegun(t, j, "new")
	require.Equal(t, journal.UnenteredMax-256, journal.Unentered(j))
	for _, n := range []uint64{1, 256, 257, journal.UnenteredMax} {
		requireBegun(t, j, fmt.Sprint("k", n), n)
	}
	journal.EnterBehind(j)
	require.Less(t, journal.Unentered(j), 256)
	for n := uint64(1); n <= journal.UnenteredMax; n += 111 {
		requireBegun(t, j, fmt.Sprint("k", n), n)
	}
	verified(t, j)
}

// TestAKeyThatCannotBeKeptBeginsNothing: neither on a full disk nor on a failing one.
func TestAKeyThatCannotBeKeptBeginsNothing(t *testing.T) {
	full := func(t *testing.T) *journal.Journal {
		j := started(t, keyed(newPath(t)))
		sellMany(t, j, 1, journal.UnenteredMax)
		return j
	}
	t.Run("ErrNoRoom", func(t *testing.T) {
		j := full(t)
		require.NoError(t, journal.LimitPages(j, 0))
		_, err := j.FindBegun(t.Context(), "new")
		require.ErrorIs(t, err, journal.ErrNoRoom)
		require.NotErrorIs(t, err, journal.ErrNotFound)
		requireBegun(t, j, "k1", 1)
		require.NoError(t, journal.UnlimitPages(j))
		requireNotBegun(t, j, "new")
		add(t, j, begun(journal.UnenteredMax+1, "new"))
	})
	t.Run("ErrFailed", func(t *testing.T) {
		j := full(t)
		require.NoError(t, journal.BreakIntents(j))
		for range 2 {
			_, err := j.FindBegun(t.Context(), "new")
			require.ErrorIs(t, err, journal.ErrFailed)
			require.NotErrorIs(t, err, journal.ErrNotFound)
		}
		requireBegun(t, j, "k1", 1)
		_, err := j.Append(t.Context(), begun(journal.UnenteredMax+1, "new"))
		require.ErrorIs(t, err, journal.ErrFailed)
	})
}

// TestKeysOfAnOlderJournal: all of them are entered in place, however many there are.
func TestKeysOfAnOlderJournal(t *testing.T) {
	t.Run("before there were tables of keys", func(t *testing.T) {
		const sales = journal.UnenteredMax + 700
		c := keyed(newPath(t))
		j := started(t, c)
		add(t, j, cash("c", 1), asked(1, "f"))
		sellMany(t, j, 1, sales)
		require.NoError(t, j.Close())
		alter(t, c.Path, "DROP TABLE intent", "DROP TABLE intent_end", "PRAGMA user_version = 4")
		for range 2 {
			j = open(t, c)
			require.LessOrEqual(t, journal.Unentered(j), journal.UnenteredMax)
			for n := uint64(1); n <= sales; n += 97 {
				requireBegun(t, j, fmt.Sprint("k", n), n)
			}
			_, err := j.FindBegun(t.Context(), "f")
			require.NoError(t, err)
			_, err = j.FindAct(t.Context(), record.CashMoved, "c")
			require.NoError(t, err)
			requireNotBegun(t, j, "new")
			verified(t, j)
			require.NoError(t, j.Close())
		}
	})
	t.Run("of the first version", func(t *testing.T) {
		c := config(copyOld(t, "schema-1.db"))
		c.SaleKey = func(state []byte) (string, error) { return string(state), nil }
		c.FollowUpKey = c.SaleKey
		j := open(t, c)
		requireBegun(t, j, "approved", 1)
		verified(t, j)
	})
}

// TestKeysThatWereTamperedWith: a key that is gone from where keys are found would let its sale be charged again.
func TestKeysThatWereTamperedWith(t *testing.T) {
	entered := func(t *testing.T) journal.Config {
		c := keyed(newPath(t))
		j := started(t, c)
		add(t, j, cash("c", 1), asked(1, "f"))
		sellMany(t, j, 1, 600)
		journal.EnterBehind(j)
		require.NoError(t, j.Close())
		return c
	}
	verifiedBeside := func(t *testing.T, c journal.Config) error {
		beside, err := journal.OpenReadOnly(t.Context(), c.Path, seal.Portable(), c.Keyring)
		require.NoError(t, err)
		beside.ReadKeys(stateKey, stateKey)
		_, err = beside.Verify(t.Context())
		require.NoError(t, beside.Close())
		require.True(t, journal.IsDamaged(err), "%v", err)
		return err
	}
	for name, statements := range map[string][]string{
		"a sale's is gone":      {"DELETE FROM intent WHERE kind = 0 AND number = 7"},
		"a follow-up's is gone": {"DELETE FROM intent WHERE kind = 1"},
		"a record's is gone":    {"DELETE FROM intent WHERE kind = 3"},
		"all are gone":          {"DELETE FROM intent"},
		"the end was moved":     {"UPDATE intent_end SET number = 600"},
	} {
		t.Run(name, func(t *testing.T) {
			c := entered(t)
			alter(t, c.Path, statements...)
			require.ErrorContains(t, verifiedBeside(t, c), "its idempotency key is not where keys are found")
			j := open(t, c)
			_, err := j.Verify(t.Context())
			require.True(t, journal.IsDamaged(err), "%v", err)
			require.ErrorContains(t, err, "its idempotency key is not where keys are found")
			journal.VerifyBehind(t.Context(), j)
			require.True(t, journal.IsDamaged(j.Room()))
		})
	}
	for name, statement := range map[string]string{
		"the end was moved behind what is entered": "UPDATE intent_end SET number = 600",
		"the newest that was entered is gone":      "DELETE FROM intent WHERE number = (SELECT number FROM intent_end WHERE kind = 0)",
	} {
		t.Run(name+", which a start sees", func(t *testing.T) {
			c := entered(t)
			alter(t, c.Path, statement)
			require.True(t, journal.IsDamaged(open(t, c).Room()), "before anything begins")
		})
	}
	const ends = "which idempotency keys are where keys are found"
	for name, statement := range map[string]string{"no end": "DELETE FROM intent_end", "none of a kind": "DELETE FROM intent_end WHERE kind = 4"} {
		t.Run(name, func(t *testing.T) {
			c := entered(t)
			alter(t, c.Path, statement)
			require.ErrorContains(t, verifiedBeside(t, c), ends)
			require.ErrorContains(t, refused(t, c), ends)
		})
	}
	for name, statement := range map[string]string{
		"below all":                       "UPDATE intent_end SET number = -1 WHERE kind = 2",
		"beyond the sales there are":      "UPDATE intent_end SET number = 601 WHERE kind = 0",
		"beyond the follow-ups there are": "UPDATE intent_end SET number = 2 WHERE kind = 1",
		"beyond the records there are":    "UPDATE intent_end SET number = 9999 WHERE kind = 3",
	} {
		t.Run("an end "+name, func(t *testing.T) {
			c := entered(t)
			alter(t, c.Path, statement)
			require.ErrorContains(t, verifiedBeside(t, c), "where keys are found")
			j := open(t, c)
			require.ErrorContains(t, j.Room(), ends, "no payment begins")
			for n := uint64(1); n <= 600; n += 7 {
				requireBegun(t, j, fmt.Sprint("k", n), n)
			}
			_, err := j.FindBegun(t.Context(), "f")
			require.NoError(t, err, "and all keys are known")
		})
	}
	t.Run("one leads elsewhere", func(t *testing.T) {
		c := entered(t)
		alter(t, c.Path, "UPDATE intent SET number = 8 WHERE kind = 0 AND number = 7",
			"UPDATE intent SET number = 3 WHERE kind = 3", "UPDATE intent SET number = 9999 WHERE kind = 0 AND number = 9")
		j := open(t, c)
		_, err := j.FindBegun(t.Context(), "k7")
		require.ErrorContains(t, err, "an idempotency key leads to it that is not its own")
		require.True(t, journal.IsDamaged(j.Room()))
		_, err = j.FindBegun(t.Context(), "k9")
		require.True(t, journal.IsDamaged(err))
		_, err = j.FindAct(t.Context(), record.CashMoved, "c")
		require.True(t, journal.IsDamaged(err))
	})
	t.Run("a sale that was altered and is not entered yet", func(t *testing.T) {
		c := entered(t)
		alter(t, c.Path, "UPDATE sale SET state = x'6b' WHERE number = 599")
		require.True(t, journal.IsDamaged(open(t, c).Room()))
	})
}
