package port_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/port"
)

// stall fills the cable until the device's end takes no more, and returns how many bytes went in.
func stall(t *testing.T, p *port.Port) int {
	t.Helper()
	require.NoError(t, p.SetWriteDeadline(time.Now().Add(shortWait)))
	n, err := p.Write(make([]byte, 1<<20))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, p.SetWriteDeadline(time.Time{}))
	return n
}

func requireClosesSoon(t *testing.T, p *port.Port) {
	t.Helper()
	began := time.Now()
	require.NoError(t, p.Close())
	require.Less(t, time.Since(began), closeMax)
}

func TestPortPassesEveryByte(t *testing.T) {
	p, device := open(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	n, err := p.Write(all)
	require.NoError(t, err)
	require.Equal(t, len(all), n)
	expect(t, device, all)
	_, err = device.Write(all)
	require.NoError(t, err)
	expect(t, p, all)
}

func TestPortReadDeadline(t *testing.T) {
	p, device := open(t)
	began := time.Now()
	require.NoError(t, p.SetReadDeadline(began.Add(shortWait)))
	_, err := p.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NotErrorIs(t, err, drivers.ErrGone)
	require.GreaterOrEqual(t, time.Since(began), shortWait)

	require.NoError(t, p.SetReadDeadline(time.Time{}))
	_, err = device.Write([]byte("late"))
	require.NoError(t, err)
	expect(t, p, []byte("late"))
}

func TestPortDeadlineEndsAReadThatBlocksAlready(t *testing.T) {
	p, _ := open(t)
	wait := inBackground(t, func() error { _, err := p.Read(make([]byte, 1)); return err })
	require.NoError(t, p.SetReadDeadline(time.Now()))
	require.ErrorIs(t, wait(), os.ErrDeadlineExceeded)
}

func TestPortWriteDeadlineOnStalledDevice(t *testing.T) {
	p, device := open(t)
	n := stall(t, p)
	require.Positive(t, n)
	// The device wakes up: what was taken arrives, and the port is usable again.
	expect(t, device, make([]byte, n))
	_, err := p.Write([]byte("again"))
	require.NoError(t, err)
	expect(t, device, []byte("again"))
}

func TestPortReadsWhileItsWriteIsStalled(t *testing.T) {
	p, device := open(t)
	stall(t, p)
	wait := inBackground(t, func() error { _, err := p.Write(make([]byte, 1<<20)); return err })
	_, err := device.Write([]byte("status"))
	require.NoError(t, err)
	expect(t, p, []byte("status"))
	requireClosesSoon(t, p)
	require.ErrorIs(t, wait(), os.ErrClosed)
}

func TestPortCloseEndsBlockedCalls(t *testing.T) {
	t.Run("Read", func(t *testing.T) {
		p, _ := open(t)
		wait := inBackground(t, func() error { _, err := p.Read(make([]byte, 1)); return err })
		time.Sleep(shortWait) // lets the read block; the outcome is the same without
		requireClosesSoon(t, p)
		require.ErrorIs(t, wait(), os.ErrClosed)
	})
	t.Run("Write", func(t *testing.T) {
		p, _ := open(t)
		stall(t, p)
		wait := inBackground(t, func() error { _, err := p.Write(make([]byte, 1<<20)); return err })
		requireClosesSoon(t, p)
		require.ErrorIs(t, wait(), os.ErrClosed)
	})
}

func TestPortCloseIsFinal(t *testing.T) {
	p, _ := open(t)
	requireClosesSoon(t, p)
	requireClosesSoon(t, p)
	_, err := p.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrClosed)
	_, err = p.Write([]byte("x"))
	require.ErrorIs(t, err, os.ErrClosed)
	require.ErrorIs(t, p.SetReadDeadline(time.Now()), os.ErrClosed)
}

func TestPortCloseKeepsWhatWasWritten(t *testing.T) {
	p, device := open(t)
	_, err := p.Write([]byte("goodbye"))
	require.NoError(t, err)
	require.NoError(t, p.Close())
	expect(t, device, []byte("goodbye"))
}

func TestPortHangUp(t *testing.T) {
	t.Run("EndsBlockedRead", func(t *testing.T) {
		p, device := open(t)
		wait := inBackground(t, func() error { _, err := p.Read(make([]byte, 1)); return err })
		require.NoError(t, device.Close())
		require.ErrorIs(t, wait(), drivers.ErrGone)
	})
	t.Run("EndsBlockedWrite", func(t *testing.T) {
		p, device := open(t)
		stall(t, p)
		wait := inBackground(t, func() error { _, err := p.Write(make([]byte, 1<<20)); return err })
		require.NoError(t, device.Close())
		require.ErrorIs(t, wait(), drivers.ErrGone)
	})
	t.Run("IsStillSaidLater", func(t *testing.T) {
		p, device := open(t)
		require.NoError(t, device.Close())
		for range 2 {
			_, err := p.Read(make([]byte, 1))
			require.ErrorIs(t, err, drivers.ErrGone)
			_, err = p.Write([]byte("x"))
			require.ErrorIs(t, err, drivers.ErrGone)
		}
		requireClosesSoon(t, p)
	})
}

func TestPortAwaitHangUp(t *testing.T) {
	t.Run("ErrGone while nobody reads", func(t *testing.T) {
		p, device := open(t)
		wait := inBackground(t, func() error { return p.AwaitHangUp(t.Context()) })
		require.NoError(t, device.Close())
		require.ErrorIs(t, wait(), drivers.ErrGone)
	})
	t.Run("takes nothing from who reads", func(t *testing.T) {
		p, device := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		wait := inBackground(t, func() error { return p.AwaitHangUp(ctx) })
		_, err := device.Write([]byte("scan"))
		require.NoError(t, err)
		expect(t, p, []byte("scan"))
		cancel()
		require.ErrorIs(t, wait(), context.Canceled, "bytes are no hang-up")
	})
	t.Run("ErrClosed for a port that is closed", func(t *testing.T) {
		p, _ := open(t)
		require.NoError(t, p.Close())
		require.ErrorIs(t, p.AwaitHangUp(t.Context()), os.ErrClosed)
	})
}

func TestOpenDropsWhatCameBefore(t *testing.T) {
	device, path := newTerminal(t)
	first, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	_, err = device.Write([]byte("stale"))
	require.NoError(t, err)
	require.NoError(t, first.Close())

	second, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close()) })
	_, err = device.Write([]byte("fresh"))
	require.NoError(t, err)
	expect(t, second, []byte("fresh"))
}

func TestOpenFollowsALink(t *testing.T) {
	_, path := newTerminal(t)
	link := filepath.Join(t.TempDir(), "ttyUSB0")
	require.NoError(t, os.Symlink(path, link))
	p, err := port.Open(link, port.Settings{Baud: 9600, DataBits: 7, Parity: port.ParityEven, StopBits: 2})
	require.NoError(t, err)
	require.Equal(t, link, p.Path())
	requireClosesSoon(t, p)
}

func requireOpenFails(t *testing.T, path string, settings port.Settings, kind drivers.Kind) {
	t.Helper()
	_, err := port.Open(path, settings)
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	require.Equal(t, kind, failure.Kind, "%v", err)
	require.Equal(t, "port", failure.Device)
}

func TestOpenErrors(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	_, path := newTerminal(t)
	t.Run("Gone", func(t *testing.T) { requireOpenFails(t, plain+"-missing", port.Settings{}, drivers.KindGone) })
	t.Run("NoSerialDevice", func(t *testing.T) { requireOpenFails(t, plain, port.Settings{}, drivers.KindRefused) })
	t.Run("Baud", func(t *testing.T) { requireOpenFails(t, path, port.Settings{Baud: -1}, drivers.KindRefused) })
	t.Run("DataBits", func(t *testing.T) { requireOpenFails(t, path, port.Settings{DataBits: 9}, drivers.KindRefused) })
	t.Run("StopBits", func(t *testing.T) { requireOpenFails(t, path, port.Settings{StopBits: 3}, drivers.KindRefused) })
	t.Run("Parity", func(t *testing.T) { requireOpenFails(t, path, port.Settings{Parity: 9}, drivers.KindRefused) })
}

func TestOpenIsExclusive(t *testing.T) {
	_, path := newTerminal(t)
	first, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	requireOpenFails(t, path, port.Settings{}, drivers.KindBusy)
	requireClosesSoon(t, first)
	second, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	requireClosesSoon(t, second)
}

// holdPath names the environment variable that makes this test program the process to be killed.
const holdPath = "PORT_TEST_HOLD"

// TestHold is the other process of TestOpenAfterTheHolderWasKilled; run as a test of its own it has nothing to hold.
func TestHold(t *testing.T) {
	path := os.Getenv(holdPath)
	if path == "" {
		t.Skip("only run by TestOpenAfterTheHolderWasKilled")
	}
	_, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	_, err = os.Stdout.WriteString("held\n")
	require.NoError(t, err)
	time.Sleep(patience)
}

func TestOpenAfterTheHolderWasKilled(t *testing.T) {
	_, path := newTerminal(t)
	program, err := os.Executable()
	require.NoError(t, err)
	holder := exec.Command(program, "-test.run=^TestHold$")
	holder.Env = append(os.Environ(), holdPath+"="+path)
	output, err := holder.StdoutPipe()
	require.NoError(t, err)
	if err := holder.Start(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("this machine only emulates the processor the test was built for: it cannot start a second process")
	} else {
		require.NoError(t, err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "held\n", line)
	requireOpenFails(t, path, port.Settings{}, drivers.KindBusy)
	require.NoError(t, holder.Process.Kill())
	require.Error(t, holder.Wait(), "a killed process ends with an error")

	p, err := port.Open(path, port.Settings{})
	require.NoError(t, err)
	requireClosesSoon(t, p)
}
