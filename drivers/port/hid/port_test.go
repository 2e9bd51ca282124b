package hid_test

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/port/hid"
)

var errUnplugged = errors.New("hidapi: unknown failure")

// device is a HID device in memory: Read blocks for a report, and only Close or unplug ends it, as in the library.
type device struct {
	reports  chan []byte
	unplug   chan struct{}
	closed   chan struct{}
	closing  sync.Once
	writes   chan []byte
	writeErr error
	stall    chan struct{} // Write waits for it
}

func newDevice() *device {
	stall := make(chan struct{})
	close(stall)
	return &device{
		reports: make(chan []byte), unplug: make(chan struct{}), closed: make(chan struct{}),
		writes: make(chan []byte, 8), stall: stall,
	}
}

func (d *device) Read(b []byte) (int, error) {
	select {
	case report := <-d.reports:
		return copy(b, report), nil
	case <-d.unplug:
		return 0, errUnplugged
	case <-d.closed:
		return 0, errUnplugged
	}
}

func (d *device) Write(b []byte) (int, error) {
	<-d.stall
	if d.writeErr != nil {
		return 0, d.writeErr
	}
	d.writes <- append([]byte(nil), b...)
	return len(b), nil
}

func (d *device) Close() error {
	d.closing.Do(func() { close(d.closed) })
	return nil
}

func open(t *testing.T, d *device) *hid.Port {
	p := hid.NewPort(d)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func read(t *testing.T, p *hid.Port, size int) string {
	t.Helper()
	b := make([]byte, size)
	n, err := p.Read(b)
	require.NoError(t, err)
	return string(b[:n])
}

func TestRead(t *testing.T) {
	t.Run("one report at a time, whole", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		d.reports <- []byte("\x02\x04abcd")
		d.reports <- []byte("\x02\x02ef")
		require.Equal(t, "\x02\x04abcd", read(t, p, 64))
		require.Equal(t, "\x02\x02ef", read(t, p, 64))
	})
	t.Run("the rest of a long report next, not the following one", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		d.reports <- []byte("abcdef")
		d.reports <- []byte("gh")
		require.Equal(t, "abcd", read(t, p, 4))
		require.Equal(t, "ef", read(t, p, 4))
		require.Equal(t, "gh", read(t, p, 4))
	})
	t.Run("an empty report is skipped", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		d.reports <- nil
		d.reports <- []byte("x")
		require.Equal(t, "x", read(t, p, 4))
	})
	t.Run("the device is drained although nobody reads, and a loss is told", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		for range hid.ReportsMax + 3 { // each send returns only when the port has taken the one before
			d.reports <- []byte("r")
		}
		d.reports <- nil // the last loss is counted by now
		_, err := p.Read(make([]byte, 8))
		require.ErrorIs(t, err, hid.ErrLost)
		var failure *drivers.Error
		require.ErrorAs(t, err, &failure)
		require.Equal(t, drivers.KindGarbage, failure.Kind)
		require.Contains(t, err.Error(), "lost: 3")
		for range hid.ReportsMax {
			require.Equal(t, "r", read(t, p, 8))
		}
	})
	t.Run("ErrDeadlineExceeded, before and while waiting", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		for _, wait := range []time.Duration{-time.Second, 5 * time.Millisecond} {
			require.NoError(t, p.SetReadDeadline(time.Now().Add(wait)))
			_, err := p.Read(make([]byte, 8))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		}
		require.NoError(t, p.SetReadDeadline(time.Time{}))
		d.reports <- []byte("late")
		require.Equal(t, "late", read(t, p, 8))
	})
	t.Run("ErrGone after what came before the unplug", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		d.reports <- []byte("last")
		close(d.unplug)
		require.Equal(t, "last", read(t, p, 8))
		_, err := p.Read(make([]byte, 8))
		require.ErrorIs(t, err, drivers.ErrGone)
		require.ErrorIs(t, err, errUnplugged)
	})
}

func TestWrite(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		d := newDevice()
		p := open(t, d)
		n, err := p.Write([]byte{0, 7})
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.Equal(t, []byte{0, 7}, <-d.writes)
	})
	t.Run("ErrDeadlineExceeded on a stalled device, and the caller's bytes are its own again", func(t *testing.T) {
		d := newDevice()
		stall := make(chan struct{})
		d.stall = stall
		p := open(t, d)
		require.NoError(t, p.SetWriteDeadline(time.Now().Add(5*time.Millisecond)))
		b := []byte{0, 7}
		_, err := p.Write(b)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		b[1] = 9
		_, err = p.Write(b) // waits for the first one, which cannot be called off
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		close(stall)
		require.Equal(t, []byte{0, 7}, <-d.writes)
	})
	t.Run("ErrGone", func(t *testing.T) {
		d := newDevice()
		d.writeErr = errUnplugged
		_, err := open(t, d).Write([]byte{0})
		require.ErrorIs(t, err, drivers.ErrGone)
	})
}

func TestClose(t *testing.T) {
	t.Run("ends a blocked read and is idempotent", func(t *testing.T) {
		d := newDevice()
		p := hid.NewPort(d)
		done := make(chan error, 1)
		go func() {
			_, err := p.Read(make([]byte, 8))
			done <- err
		}()
		require.NoError(t, p.Close())
		require.NoError(t, p.Close())
		require.ErrorIs(t, <-done, os.ErrClosed)
		<-d.closed
		_, err := p.Write([]byte{0})
		require.ErrorIs(t, err, os.ErrClosed)
		require.ErrorIs(t, p.SetReadDeadline(time.Now()), os.ErrClosed)
	})
	t.Run("does not free the device under a write, and does not wait for it", func(t *testing.T) {
		d := newDevice()
		stall := make(chan struct{})
		d.stall = stall
		p := hid.NewPort(d)
		done := make(chan error, 1)
		go func() {
			_, err := p.Write([]byte{0})
			done <- err
		}()
		require.Eventually(t, func() bool { return p.Writing() }, time.Second, time.Millisecond)
		before := time.Now()
		require.NoError(t, p.Close())
		require.Less(t, time.Since(before), time.Second)
		require.ErrorIs(t, <-done, os.ErrClosed)
		select {
		case <-d.closed:
			require.Fail(t, "the device was closed under a write")
		default:
		}
		close(stall)
		<-d.closed
	})
}
