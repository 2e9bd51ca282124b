package port_test

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/yuantill/yuantill/drivers/port"
)

const (
	patience  = 5 * time.Second
	closeMax  = 100 * time.Millisecond
	shortWait = 20 * time.Millisecond
)

// newTerminal returns the device's end of a pseudo-terminal and the path of the other end.
func newTerminal(t *testing.T) (device *os.File, path string) {
	t.Helper()
	device, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = device.Close() })
	raw, err := device.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(fd uintptr) {
		require.NoError(t, unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0))
		number, err := unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		require.NoError(t, err)
		path = fmt.Sprintf("/dev/pts/%d", number)
	}))
	return device, path
}

// open returns a port and the device's end of its cable.
func open(t *testing.T) (*port.Port, *os.File) {
	t.Helper()
	device, path := newTerminal(t)
	p, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p, device
}

// inBackground runs call and returns its error, or fails when it does not end.
func inBackground(t *testing.T, call func() error) (wait func() error) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- call() }()
	return func() error {
		t.Helper()
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			require.Fail(t, "call does not end")
			return nil
		}
	}
}

func expect(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(r, got)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
