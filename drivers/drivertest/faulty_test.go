package drivertest_test

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
)

func newPipe(t *testing.T) (host, device drivers.Port) {
	t.Helper()
	host, device, err := drivertest.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, host.Close())
		require.NoError(t, device.Close())
	})
	return host, device
}

// receive sends n bytes through a port with faults and returns the pieces they were read in.
func receive(t *testing.T, seed uint64, faults drivertest.Faults, n int) [][]byte {
	t.Helper()
	host, device := newPipe(t)
	sent := make([]byte, n)
	for i := range sent {
		sent[i] = byte(i)
	}
	_, err := device.Write(sent)
	require.NoError(t, err)
	require.NoError(t, device.Close())
	port := drivertest.NewFaulty(host, seed, faults)
	var pieces [][]byte
	for {
		buffer := make([]byte, 64)
		n, err := port.Read(buffer)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return pieces
		}
		pieces = append(pieces, buffer[:n])
	}
}

func TestPipe(t *testing.T) {
	t.Run("Deadline", func(t *testing.T) {
		host, _ := newPipe(t)
		require.NoError(t, host.SetReadDeadline(time.Now()))
		_, err := host.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
	t.Run("StalledPeer", func(t *testing.T) {
		host, _ := newPipe(t)
		require.NoError(t, host.SetWriteDeadline(time.Now().Add(5*time.Millisecond)))
		_, err := host.Write(make([]byte, 1<<22))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
	t.Run("PeerClosed", func(t *testing.T) {
		host, device := newPipe(t)
		require.NoError(t, device.Close())
		_, err := host.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		_, err = host.Write([]byte{0})
		require.ErrorIs(t, err, drivers.ErrGone)
	})
	t.Run("PeerClosedWithBytesUnread", func(t *testing.T) {
		host, device := newPipe(t)
		_, err := host.Write([]byte{1})
		require.NoError(t, err)
		_, err = device.Write([]byte{2})
		require.NoError(t, err)
		require.NoError(t, device.Close())
		left := make([]byte, 2)
		n, err := host.Read(left)
		require.NoError(t, err, "what is left comes first")
		require.Equal(t, []byte{2}, left[:n])
		for range 2 {
			_, err = host.Read(left)
			require.ErrorIs(t, err, io.EOF)
		}
	})
	t.Run("Closed", func(t *testing.T) {
		host, _ := newPipe(t)
		require.NoError(t, host.Close())
		require.NoError(t, host.Close())
		_, err := host.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrClosed)
		require.ErrorIs(t, host.SetReadDeadline(time.Now()), os.ErrClosed)
		require.ErrorIs(t, host.SetWriteDeadline(time.Now()), os.ErrClosed)
	})
}

func TestFaultyWithoutFaultsPassesAll(t *testing.T) {
	pieces := receive(t, 1, drivertest.Faults{}, 100)
	require.Len(t, pieces, 2)
	require.Len(t, bytes.Join(pieces, nil), 100)
}

func TestFaultySplits(t *testing.T) {
	faults := drivertest.Faults{Split: 100, Merge: 10, Delay: 20, DelayMax: time.Millisecond}
	pieces := receive(t, 7, faults, 100)
	require.Greater(t, len(pieces), 100/8)
	require.Equal(t, receive(t, 8, drivertest.Faults{}, 100)[0], bytes.Join(pieces, nil)[:64])
	require.Equal(t, pieces, receive(t, 7, faults, 100), "the same seed does the same")
	require.NotEqual(t, pieces, receive(t, 9, faults, 100))
}

func TestFaultyCorruptsOneBitOfARead(t *testing.T) {
	whole := receive(t, 3, drivertest.Faults{}, 64)[0]
	broken := receive(t, 3, drivertest.Faults{Corrupt: 100}, 64)[0]
	bits := 0
	for i := range whole {
		for change := whole[i] ^ broken[i]; change != 0; change &= change - 1 {
			bits++
		}
	}
	require.Equal(t, 1, bits)
}

func TestFaultyStalls(t *testing.T) {
	host, device := newPipe(t)
	port := drivertest.NewFaulty(host, 1, drivertest.Faults{StallAfter: 4})
	_, err := port.Write([]byte("1234"))
	require.NoError(t, err)
	n, err := port.Write([]byte("lost"))
	require.NoError(t, err)
	require.Equal(t, 4, n)
	_, err = device.Write([]byte("unseen"))
	require.NoError(t, err)
	require.NoError(t, port.SetReadDeadline(time.Now().Add(5*time.Millisecond)))
	_, err = port.Read(make([]byte, 8))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, port.Close())
	got, err := io.ReadAll(device)
	if err != nil {
		// Bytes left unread at the other end when it closed.
		require.ErrorIs(t, err, drivers.ErrGone)
	}
	require.Equal(t, "1234", string(got))
}

func TestFaultyHangsUp(t *testing.T) {
	t.Run("AfterBytes", func(t *testing.T) {
		host, _ := newPipe(t)
		port := drivertest.NewFaulty(host, 1, drivertest.Faults{HangUpAfter: 4})
		_, err := port.Write([]byte("123"))
		require.NoError(t, err)
		n, err := port.Write([]byte("45"))
		require.ErrorIs(t, err, drivers.ErrGone)
		require.Equal(t, 2, n)
		_, err = port.Read(make([]byte, 1))
		require.ErrorIs(t, err, drivers.ErrGone)
		_, err = port.Write([]byte("6"))
		require.ErrorIs(t, err, drivers.ErrGone)
	})
	t.Run("WhileReading", func(t *testing.T) {
		host, _ := newPipe(t)
		port := drivertest.NewFaulty(host, 1, drivertest.Faults{})
		timer := time.AfterFunc(5*time.Millisecond, func() { _ = port.HangUp() })
		defer timer.Stop()
		_, err := port.Read(make([]byte, 1))
		require.ErrorIs(t, err, drivers.ErrGone)
	})
}
