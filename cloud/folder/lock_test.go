package folder_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/folder"
)

// holdVariable makes the test's own program hold the named lock until it is killed.
const holdVariable = "FOLDER_TEST_HOLD"

func TestMain(m *testing.M) {
	path := os.Getenv(holdVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := folder.Acquire(path); err != nil {
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString("held\n") // the test waits for it, and fails when it does not come
	time.Sleep(time.Minute)
}

// hold starts another process that has the lock.
func hold(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), holdVariable+"="+path)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	return command
}

func TestLock(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		for range 2 { // and again once it is released
			lock, err := folder.Acquire(path)
			require.NoError(t, err)
			require.NoError(t, lock.Release())
			require.NoError(t, lock.Release(), "releasing twice is no mistake")
		}
	})
	t.Run("ErrHeldNamesTheProcess", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		other := hold(t, path)
		_, err := folder.Acquire(path)
		require.ErrorIs(t, err, folder.ErrHeld)
		var held *folder.HeldError
		require.True(t, errors.As(err, &held))
		require.Equal(t, other.Process.Pid, held.PID)
		_, err = folder.Acquire(path)
		require.ErrorIs(t, err, folder.ErrHeld, "asking does not loosen it")
	})
	t.Run("FreeAfterKill", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		other := hold(t, path)
		require.NoError(t, other.Process.Kill())
		_ = other.Wait() // killed, as asked
		lock, err := folder.Acquire(path)
		require.NoError(t, err)
		require.NoError(t, lock.Release())
	})
	t.Run("ErrHeldBeforeThePIDIsWritten", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		lock, err := folder.Acquire(path)
		require.NoError(t, err)
		require.NoError(t, os.Truncate(path, 0))
		_, err = folder.Acquire(path)
		require.ErrorIs(t, err, folder.ErrHeld)
		require.NotContains(t, err.Error(), "pid 0")
		require.NoError(t, lock.Release())
	})
	t.Run("ErrHeldByAnotherName", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "books.db")
		require.NoError(t, os.WriteFile(path, []byte("books"), 0o600))
		lock, err := folder.AcquireFile(path)
		require.NoError(t, err)
		require.NoError(t, os.Link(path, path+".hard"))
		_, err = folder.AcquireFile(path + ".hard")
		require.ErrorIs(t, err, folder.ErrHeld)
		require.NotContains(t, err.Error(), "pid")
		require.NoError(t, lock.Release())
		lock, err = folder.AcquireFile(path + ".hard")
		require.NoError(t, err)
		require.NoError(t, lock.Release())
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "books", string(text), "nothing is written into it")
	})
	t.Run("NoFileIsMade", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "books.db")
		_, err := folder.AcquireFile(path)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.NoFileExists(t, path)
	})
	t.Run("NoFolder", func(t *testing.T) {
		_, err := folder.Acquire(filepath.Join(t.TempDir(), "missing", "lock"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}
