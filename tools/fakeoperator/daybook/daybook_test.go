package daybook_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/daybook"
)

// reopen returns the lines of a file.
func reopen(t *testing.T, path string) (lines []string, book *daybook.Daybook) {
	t.Helper()
	book, err := daybook.Open(path, func(line []byte) error {
		lines = append(lines, string(line))
		return nil
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = book.Close() })
	return lines, book
}

func write(t *testing.T, book *daybook.Daybook, lines ...string) {
	t.Helper()
	for _, line := range lines {
		number, err := book.Write([]byte(line))
		require.NoError(t, err)
		require.NoError(t, book.Sync(number))
	}
}

func TestDaybook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daybook")
	t.Run("KeepsLinesInOrder", func(t *testing.T) {
		lines, book := reopen(t, path)
		require.Empty(t, lines)
		write(t, book, "one", "", "three")
		lines, again := reopen(t, path)
		require.Equal(t, []string{"one", "", "three"}, lines)
		write(t, again, "four")
		lines, _ = reopen(t, path)
		require.Equal(t, []string{"one", "", "three", "four"}, lines)
	})
	t.Run("ForgetsALineWithoutEnd", func(t *testing.T) {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for cut := 1; cut < len("00000000 four\n"); cut++ {
			torn := filepath.Join(t.TempDir(), "torn")
			require.NoError(t, os.WriteFile(torn, whole[:len(whole)-cut], 0o600))
			lines, book := reopen(t, torn)
			require.Equal(t, []string{"one", "", "three"}, lines)
			write(t, book, "instead")
			lines, _ = reopen(t, torn)
			require.Equal(t, []string{"one", "", "three", "instead"}, lines)
		}
	})
	t.Run("ErrDamaged", func(t *testing.T) {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for at := range whole[:len(whole)-1] {
			altered := append([]byte(nil), whole...)
			altered[at] ^= 4
			bad := filepath.Join(t.TempDir(), "bad")
			require.NoError(t, os.WriteFile(bad, altered, 0o600))
			_, err := daybook.Open(bad, func([]byte) error { return nil })
			require.ErrorIs(t, err, daybook.ErrDamaged, "byte %d", at)
		}
	})
	t.Run("RestoreSaysNo", func(t *testing.T) {
		no := errors.New("no")
		_, err := daybook.Open(path, func([]byte) error { return no })
		require.ErrorIs(t, err, no)
	})
	t.Run("ErrLine", func(t *testing.T) {
		_, book := reopen(t, path)
		_, err := book.Write([]byte("two\nlines"))
		require.ErrorIs(t, err, daybook.ErrLine)
		_, err = book.Write([]byte(strings.Repeat("x", 1<<20)))
		require.ErrorIs(t, err, daybook.ErrLine)
	})
	t.Run("FailedWriteIsNotForgotten", func(t *testing.T) {
		_, book := reopen(t, path)
		require.NoError(t, book.Close())
		_, err := book.Write([]byte("lost"))
		require.ErrorIs(t, err, os.ErrClosed)
		_, err = book.Write([]byte("behind it"))
		require.ErrorIs(t, err, os.ErrClosed)
		require.Error(t, book.Sync(1<<40))
	})
}

func TestConcurrentWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "daybook")
	_, book := reopen(t, path)
	var wait sync.WaitGroup
	for writer := range 8 {
		wait.Go(func() {
			for i := range 20 {
				number, err := book.Write(fmt.Appendf(nil, "%d/%d", writer, i))
				if err == nil {
					err = book.Sync(number)
				}
				if err != nil {
					t.Errorf("writer %d: %v", writer, err)
				}
			}
		})
	}
	wait.Wait()
	lines, _ := reopen(t, path)
	require.Len(t, lines, 160)
	next := map[string]int{}
	for _, line := range lines {
		writer, i, _ := strings.Cut(line, "/")
		require.Equal(t, fmt.Sprint(next[writer]), i)
		next[writer]++
	}
}
