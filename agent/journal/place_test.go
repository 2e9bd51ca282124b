package journal_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
)

// displacements are the ways in which a file can be taken from under a running agent.
func displacements() map[string]func(t *testing.T, path string) {
	return map[string]func(t *testing.T, path string){
		"removed": func(t *testing.T, path string) { require.NoError(t, os.Remove(path)) },
		"moved away": func(t *testing.T, path string) {
			require.NoError(t, os.Rename(path, path+".old"))
		},
		"replaced by its copy": func(t *testing.T, path string) {
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path+".copy", content, 0o600))
			require.NoError(t, os.Rename(path+".copy", path))
		},
	}
}

// refusesPayments asks for the refusal everywhere it has to show, and that what is in progress is still finished.
func refusesPayments(t *testing.T, j *journal.Journal, path string) {
	t.Helper()
	var displaced *journal.DisplacedError
	require.ErrorAs(t, j.Room(), &displaced)
	require.Equal(t, path, displaced.Path)
	require.ErrorContains(t, displaced, "removed or replaced")
	_, err := j.Append(context.Background(), payment(2))
	require.ErrorAs(t, err, &displaced)
	require.ErrorAs(t, j.Damage(), &displaced)
	add(t, j, shown(1))
}

func TestDisplacedFiles(t *testing.T) {
	for _, suffix := range []string{"", "-wal", ".lock"} {
		for name, displace := range displacements() {
			t.Run("payments stop once journal.db"+suffix+" is "+name, func(t *testing.T) {
				c := config(newPath(t))
				j := started(t, c)
				add(t, j, payment(1))
				require.NoError(t, j.Room())
				displace(t, c.Path+suffix)
				refusesPayments(t, j, c.Path+suffix)
			})
		}
	}
	t.Run("payments stop when all files are gone, without being asked for room", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		for _, suffix := range []string{"", "-wal", "-shm", ".lock", ".ballast"} {
			require.NoError(t, os.Remove(c.Path+suffix))
		}
		_, err := j.Append(context.Background(), payment(2))
		var displaced *journal.DisplacedError
		require.ErrorAs(t, err, &displaced)
		refusesPayments(t, j, c.Path)
		require.Equal(t, uint64(3), j.Tail().Sequence, "opening, payment and outcome")
	})
	t.Run("Damage finds it before anybody sells", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		require.NoError(t, j.Damage())
		require.NoError(t, os.Remove(c.Path))
		var displaced *journal.DisplacedError
		require.ErrorAs(t, j.Damage(), &displaced)
	})
	t.Run("a file put back does not make up for it: readers may have seen another", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		add(t, j, payment(1))
		require.NoError(t, os.Rename(c.Path, c.Path+".old"))
		var displaced *journal.DisplacedError
		require.ErrorAs(t, j.Room(), &displaced)
		require.NoError(t, os.Rename(c.Path+".old", c.Path))
		refusesPayments(t, j, c.Path)
	})
	t.Run("damage that is found afterwards does not take its place", func(t *testing.T) {
		c := dayOf(t)
		alter(t, c.Path, "UPDATE sale SET state = CAST('declined' AS BLOB) WHERE number = 1")
		j := open(t, c)
		require.NoError(t, os.Remove(c.Path+".lock"))
		var displaced *journal.DisplacedError
		require.ErrorAs(t, j.Room(), &displaced)
		_, err := j.Verify(context.Background())
		require.True(t, journal.IsDamaged(err))
		journal.VerifyBehind(context.Background(), j)
		require.ErrorAs(t, j.Room(), &displaced, "what stands there now is another journal: that is the first thing to know")
	})
	t.Run("the reserve may be taken away", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		require.NoError(t, os.Remove(c.Path+".ballast"))
		require.NoError(t, j.Room())
		add(t, j, payment(1))
	})
}

// TestCutFiles: a file that became shorter while it is in use stops payments, however long it has grown again since.
func TestCutFiles(t *testing.T) {
	stopped := func(t *testing.T, j *journal.Journal, path string) {
		t.Helper()
		var displaced *journal.DisplacedError
		require.ErrorAs(t, j.Room(), &displaced)
		require.Equal(t, path, displaced.Path)
		require.ErrorContains(t, displaced, "was cut")
		_, err := j.Append(context.Background(), payment(2))
		require.ErrorAs(t, err, &displaced)
		require.ErrorAs(t, j.Damage(), &displaced)
	}
	for suffix, lengths := range map[string][]int64{"": {0, 1, 8192}, "-wal": {0, 32, 300_000}, ".lock": {0, 3}} {
		for _, left := range lengths {
			t.Run(fmt.Sprintf("payments stop once journal.db%s is cut to %d bytes", suffix, left), func(t *testing.T) {
				c := config(newPath(t))
				j := started(t, c)
				add(t, j, payment(1))
				require.NoError(t, j.Room())
				require.Greater(t, size(t, c.Path+suffix), left)
				require.NoError(t, os.Truncate(c.Path+suffix, left))
				stopped(t, j, c.Path+suffix)
			})
		}
	}
	t.Run("what a checkpoint has added counts", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		before := size(t, c.Path)
		for n := range uint64(100) {
			add(t, j, payment(n))
		}
		journal.CheckpointBeside(context.Background(), j)
		grown := size(t, c.Path)
		require.Greater(t, grown, before)
		require.NoError(t, os.Truncate(c.Path, grown-1))
		stopped(t, j, c.Path)
	})
	t.Run("no checkpoint hides it by making the file long again", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		for n := range uint64(50) {
			add(t, j, payment(n))
		}
		require.NoError(t, os.Truncate(c.Path, 8192))
		journal.CheckpointBeside(context.Background(), j)
		require.Equal(t, int64(8192), size(t, c.Path), "the log keeps what it has")
		stopped(t, j, c.Path)
	})
	t.Run("a length made up for again does not make up for it", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		before := size(t, c.Path)
		require.NoError(t, os.Truncate(c.Path, 8192))
		var displaced *journal.DisplacedError
		require.ErrorAs(t, j.Damage(), &displaced)
		require.NoError(t, os.Truncate(c.Path, before))
		stopped(t, j, c.Path)
	})
	t.Run("closing says nothing of having ended well, and the next start is refused", func(t *testing.T) {
		for _, suffix := range []string{"", "-wal"} {
			c := config(newPath(t))
			j := started(t, c)
			for n := range uint64(50) {
				add(t, j, payment(n))
			}
			require.NoError(t, os.Truncate(c.Path+suffix, 8192))
			_ = j.Close() // SQLite may have missed a page
			require.Error(t, refused(t, c))
		}
	})
	t.Run("a day with checkpoints beside the sales is no cut", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- j.Run(ctx) }()
		var asking sync.WaitGroup
		asking.Go(func() {
			for ctx.Err() == nil {
				require.NoError(t, j.Damage())
			}
		})
		for n := range uint64(1000) {
			add(t, j, payment(n))
		}
		cancel()
		asking.Wait()
		require.NoError(t, <-done)
		require.NoError(t, j.Room())
	})
}

func TestStartAfterDisplacement(t *testing.T) {
	t.Run("an older copy put in place is refused although the agent was stopped in order", func(t *testing.T) {
		c := config(newPath(t))
		j := started(t, c)
		require.NoError(t, j.Close())
		old, err := os.ReadFile(c.Path)
		require.NoError(t, err)

		j = open(t, c)
		add(t, j, payment(1))
		require.NoError(t, os.Remove(c.Path))
		require.NoError(t, os.Remove(c.Path+"-wal"))
		require.NoError(t, os.WriteFile(c.Path, old, 0o600))
		require.NoError(t, j.Close())
		require.ErrorContains(t, refused(t, c), "cut short")
	})
	t.Run("a restart of the whole file goes on", func(t *testing.T) {
		c := closedWith(t, 3)
		j := open(t, c)
		require.NoError(t, j.Room())
		add(t, j, payment(9))
	})
}

func BenchmarkRoom(b *testing.B) {
	j := started(b, config(newPath(b)))
	for b.Loop() {
		if err := j.Room(); err != nil {
			b.Fatal(err)
		}
	}
}
