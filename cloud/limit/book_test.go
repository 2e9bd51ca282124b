package limit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/protocol/record"
)

var (
	older = [16]byte{1}
	newer = [16]byte{2}
)

func numbered(n int) record.Terminal { return record.Terminal([]byte(fmt.Sprintf("%08d", n))) }

// due is what a book wants to be sent; nothing is given up.
func due(t *testing.T, b limit.Book, now time.Time) []record.Terminal {
	t.Helper()
	send, givenUp := b.Due(now)
	require.Empty(t, givenUp)
	return send
}

func TestBookRepeatsUntilTaken(t *testing.T) {
	b, now := limit.NewBook(10), noon
	b.Want(till)
	require.Equal(t, []record.Terminal{till}, due(t, b, now))
	b.Sent(till, older)
	require.Empty(t, due(t, b, now))
	for wait := limit.AgainFirst; wait < time.Hour; wait = min(2*wait, limit.AgainLast) {
		now = now.Add(wait - time.Second)
		require.Empty(t, due(t, b, now), "not before %v", wait)
		now = now.Add(time.Second + limit.LookEvery)
		require.Equal(t, []record.Terminal{till}, due(t, b, now))
		b.Sent(till, older)
		if wait == limit.AgainLast {
			break
		}
	}
	b.Taken(till, newer)
	now = now.Add(time.Hour)
	require.NotEmpty(t, due(t, b, now), "others than it was sent say nothing")
	b.Sent(till, older)
	b.Taken(till, older)
	require.Empty(t, due(t, b, now.Add(time.Hour)))
	b.Heard(till, now.Add(2*time.Hour))
	require.Empty(t, due(t, b, now.Add(2*time.Hour)))
}

func TestBookGivesUp(t *testing.T) {
	b, now := limit.NewBook(10), noon
	b.Want(till)
	for tries := 0; ; tries++ {
		send, givenUp := b.Due(now)
		now = now.Add(limit.AgainLast + limit.LookEvery)
		if len(givenUp) > 0 {
			require.Equal(t, []record.Terminal{till}, givenUp)
			require.Empty(t, send)
			require.Equal(t, limit.RepeatsMax+1, tries)
			break
		}
		require.Equal(t, []record.Terminal{till}, send)
		b.Sent(till, older)
	}
	require.Greater(t, now.Sub(noon), 24*time.Hour)
	require.Empty(t, due(t, b, now.Add(time.Hour)))
	b.Changed()
	require.NotEmpty(t, due(t, b, now.Add(time.Hour)), "newer ones begin anew")
}

// TestBookHearsAReturningTerminal: one that was away is sent them as soon as it is heard, not when its turn comes.
func TestBookHearsAReturningTerminal(t *testing.T) {
	b := limit.NewBook(10)
	b.Want(till)
	require.NotEmpty(t, due(t, b, noon))
	b.Sent(till, older)
	b.Heard(till, noon.Add(limit.AgainFirst-1))
	require.Empty(t, due(t, b, noon.Add(limit.AgainFirst-1)), "it may be about to say so")
	b.Heard(till, noon.Add(limit.AgainFirst))
	require.Equal(t, []record.Terminal{till}, due(t, b, noon.Add(limit.AgainFirst)))
}

// TestBookChangeDuringASending: the record of what was on its way then does not stand for what has changed since.
func TestBookChangeDuringASending(t *testing.T) {
	b := limit.NewBook(10)
	b.Want(till)
	require.NotEmpty(t, due(t, b, noon))
	b.Changed()
	b.Sent(till, older)
	b.Taken(till, older)
	require.Equal(t, []record.Terminal{till}, due(t, b, noon))
	b.Sent(till, newer)
	b.Taken(till, older)
	require.NotEmpty(t, due(t, b, noon.Add(time.Hour)))
	b.Sent(till, newer)
	b.Taken(till, newer)
	require.Empty(t, due(t, b, noon.Add(2*time.Hour)))
}

func TestBookPutBack(t *testing.T) {
	b := limit.NewBook(10)
	b.Want(till)
	b.Want(other)
	require.Len(t, due(t, b, noon), 2)
	b.PutBack(till, other, numbered(9))
	require.Equal(t, []record.Terminal{till, other}, due(t, b, noon))
}

// TestBookIsFull: nobody who waits is dropped; who has what it was sent makes room, and who finds none is not remembered,
// so that it is given limits when it is heard again.
func TestBookIsFull(t *testing.T) {
	const most = 5
	b := limit.NewBook(most)
	for i := range most + 2 {
		b.Want(numbered(i))
	}
	require.Equal(t, 2, b.Forgotten())
	require.Len(t, due(t, b, noon), most)
	b.Sent(numbered(3), older)
	b.Taken(numbered(3), older)
	b.Heard(numbered(most), noon)
	require.Equal(t, []record.Terminal{numbered(most)}, due(t, b, noon))
	require.Equal(t, 3, b.Forgotten())
	b.Heard(numbered(3), noon)
	require.Empty(t, due(t, b, noon))
}
