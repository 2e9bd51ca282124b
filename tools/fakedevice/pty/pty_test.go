package pty_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/yuantill/yuantill/tools/fakedevice/pty"
)

const patience = 5 * time.Second

func open(t *testing.T, link string) *pty.Port {
	t.Helper()
	port, err := pty.Open(link)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, port.Close()) })
	return port
}

func dial(t *testing.T, port *pty.Port) *os.File {
	t.Helper()
	file, err := os.OpenFile(port.Path(), os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	require.NoError(t, file.SetDeadline(time.Now().Add(patience)))
	return file
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	n, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

func TestPortPassesBytesUnchanged(t *testing.T) {
	port := open(t, "")
	program := dial(t, port)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	send(t, port, string(all))
	expect(t, program, string(all))
	send(t, program, string(all))
	expect(t, port, string(all))
}

func TestPortSurvivesAProgramThatComesAndGoes(t *testing.T) {
	port := open(t, "")
	require.False(t, port.Attached())
	for _, word := range []string{"first", "second", "third"} {
		program := dial(t, port)
		require.True(t, port.Attached())
		send(t, program, word)
		expect(t, port, word)
		send(t, port, word)
		expect(t, program, word)
		require.NoError(t, program.Close())
		require.False(t, port.Attached())
		send(t, port, "lost")
	}
}

func TestPortReadWaitsForAProgram(t *testing.T) {
	port := open(t, "")
	got := make(chan string, 1)
	go func() {
		buffer := make([]byte, 8)
		n, err := port.Read(buffer)
		if err != nil {
			got <- err.Error()
			return
		}
		got <- string(buffer[:n])
	}()
	program := dial(t, port)
	send(t, program, "hello")
	select {
	case word := <-got:
		require.Equal(t, "hello", word)
	case <-time.After(patience):
		require.Fail(t, "read still waits")
	}
}

func TestPortHangUpIsSeenByTheProgram(t *testing.T) {
	link := filepath.Join(t.TempDir(), "dev", "scanner")
	port := open(t, link)
	require.Equal(t, link, port.Path())
	program := dial(t, port)
	require.NoError(t, port.HangUp())
	_, err := program.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	_, err = os.Lstat(link)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, port.HangUp(), pty.ErrUnplugged)
	send(t, port, "lost")

	require.NoError(t, port.PlugIn())
	again := dial(t, port)
	send(t, port, "back")
	expect(t, again, "back")
}

func TestPortCloseEndsReadAndRemovesLink(t *testing.T) {
	for name, unplugged := range map[string]bool{"Plugged": false, "Unplugged": true} {
		t.Run(name, func(t *testing.T) {
			link := filepath.Join(t.TempDir(), "scanner")
			port := open(t, link)
			if unplugged {
				require.NoError(t, port.HangUp())
			}
			ended := make(chan error, 1)
			go func() {
				_, err := port.Read(make([]byte, 1))
				ended <- err
			}()
			require.NoError(t, port.Close())
			select {
			case err := <-ended:
				require.ErrorIs(t, err, os.ErrClosed)
			case <-time.After(patience):
				require.Fail(t, "read still waits")
			}
			_, err := port.Write([]byte("x"))
			require.ErrorIs(t, err, os.ErrClosed)
			require.ErrorIs(t, port.PlugIn(), os.ErrClosed)
			require.NoError(t, port.Close())
			_, err = os.Lstat(link)
			require.ErrorIs(t, err, os.ErrNotExist)
		})
	}
}

func TestPortCloseEndsWriteToAStalledProgram(t *testing.T) {
	port := open(t, "")
	dial(t, port)
	ended := make(chan error, 1)
	go func() {
		_, err := port.Write(make([]byte, 1<<20))
		ended <- err
	}()
	// The write cannot finish: nobody reads.
	select {
	case err := <-ended:
		require.Fail(t, "write ended", "%v", err)
	case <-time.After(20 * time.Millisecond):
	}
	require.NoError(t, port.Close())
	select {
	case err := <-ended:
		require.ErrorIs(t, err, os.ErrClosed)
	case <-time.After(patience):
		require.Fail(t, "write still waits")
	}
}

func TestAwaitPeer(t *testing.T) {
	port := open(t, "")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, port.AwaitPeer(ctx), context.DeadlineExceeded)
	dial(t, port)
	require.NoError(t, port.AwaitPeer(context.Background()))
}

func TestOpenRefusesToReplaceAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	require.NoError(t, os.WriteFile(path, []byte("data"), 0o600))
	_, err := pty.Open(path)
	require.ErrorIs(t, err, os.ErrExist)
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "data", string(kept))
}

func TestOpenReplacesAStaleLink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "scanner")
	require.NoError(t, os.Symlink("/dev/pts/999999", path))
	port := open(t, path)
	program := dial(t, port)
	send(t, port, "fresh")
	expect(t, program, "fresh")
}

// TestPortLosesNothingToAnAttachedProgram writes often enough to meet the runtime's preemption signals, which once made
// the wire look unplugged.
func TestPortLosesNothingToAnAttachedProgram(t *testing.T) {
	port := open(t, "")
	program := dial(t, port)
	const words = 50_000
	counted := make(chan int, 1)
	go func() {
		total, buffer := 0, make([]byte, 4096)
		for total < words*4 {
			n, err := program.Read(buffer)
			if err != nil {
				break
			}
			total += n
		}
		counted <- total
	}()
	for range words {
		send(t, port, "word")
	}
	require.Equal(t, words*4, <-counted)
}
