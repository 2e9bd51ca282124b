package shop_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
)

// soon is when something that does not wait has happened, also on a slow machine; patient bounds all waiting.
const (
	soon    = 50 * time.Millisecond
	patient = 10 * time.Second
)

// roughCable runs a rough cable to an echo until the test ends.
func roughCable(t *testing.T) *shop.Cable {
	t.Helper()
	cable, err := shop.NewRoughCable(echo(t))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- cable.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(patient):
			require.Fail(t, "the cable does not end")
		}
	})
	return cable
}

// heard says something and returns what comes back within a time.
func heard(t *testing.T, link net.Conn, text string, within time.Duration) string {
	t.Helper()
	_, err := link.Write([]byte(text))
	require.NoError(t, err)
	return read(t, link, len(text), within)
}

func read(t *testing.T, link net.Conn, most int, within time.Duration) string {
	t.Helper()
	require.NoError(t, link.SetReadDeadline(time.Now().Add(within)))
	buffer := make([]byte, most)
	n, _ := io.ReadFull(link, buffer)
	return string(buffer[:n])
}

func TestRoughCable(t *testing.T) {
	for name, direction := range map[string]shop.Direction{"ToFar": shop.ToFar, "ToNear": shop.ToNear} {
		t.Run(name, func(t *testing.T) {
			t.Run("StalledLosesNothing", func(t *testing.T) {
				cable := roughCable(t)
				link := dial(t, cable.Address())
				require.Equal(t, "before", heard(t, link, "before", patient))
				cable.Worsen(direction, shop.Condition{Stalled: true})
				require.Empty(t, heard(t, link, "meanwhile", soon))
				cable.Worsen(direction, shop.Condition{})
				require.Equal(t, "meanwhile", read(t, link, len("meanwhile"), patient))
			})
			t.Run("DeafEndsWhatLostSomething", func(t *testing.T) {
				cable := roughCable(t)
				link, idle := dial(t, cable.Address()), dial(t, cable.Address())
				require.Equal(t, "before", heard(t, idle, "before", patient))
				cable.Worsen(direction, shop.Condition{Deaf: true})
				require.Empty(t, heard(t, link, "lost", soon))
				cable.Worsen(direction, shop.Condition{})
				require.Empty(t, heard(t, link, "behind it", patient))
				require.Equal(t, "after", heard(t, idle, "after", patient), "nothing of it was lost")
			})
			t.Run("DelayIsNoLoss", func(t *testing.T) {
				cable := roughCable(t)
				cable.Worsen(direction, shop.Condition{Delay: 4 * soon})
				link := dial(t, cable.Address())
				begun := time.Now()
				require.Equal(t, "late", heard(t, link, "late", patient))
				require.GreaterOrEqual(t, time.Since(begun), 4*soon)
			})
			t.Run("RateIsKept", func(t *testing.T) {
				cable := roughCable(t)
				cable.Worsen(direction, shop.Condition{Rate: 10_000})
				link := dial(t, cable.Address())
				begun, text := time.Now(), strings.Repeat("x", 4_000)
				require.Equal(t, text, heard(t, link, text, patient))
				require.GreaterOrEqual(t, time.Since(begun), 400*time.Millisecond)
			})
			t.Run("SeversInTheMiddleOnce", func(t *testing.T) {
				cable := roughCable(t)
				link := dial(t, cable.Address())
				cable.Worsen(direction, shop.Condition{SeverAfter: 10})
				require.Equal(t, "0123", heard(t, link, "0123", patient))
				if got := heard(t, link, "456789abcdef", patient); direction == shop.ToNear {
					require.Equal(t, "456789", got)
				}
				require.Empty(t, read(t, link, 1, patient), "it stands")
				require.Equal(t, "again", heard(t, dial(t, cable.Address()), "again", patient))
			})
		})
	}
	t.Run("CutWhileStalled", func(t *testing.T) {
		cable := roughCable(t)
		link := dial(t, cable.Address())
		cable.Worsen(shop.ToFar, shop.Condition{Stalled: true})
		cable.Worsen(shop.ToNear, shop.Condition{Stalled: true})
		require.Empty(t, heard(t, link, "held", soon))
		cable.Cut()
		require.NoError(t, link.SetReadDeadline(time.Now().Add(patient)))
		_, err := link.Read(make([]byte, 1))
		require.Error(t, err)
	})
	t.Run("SmoothCableStaysSmooth", func(t *testing.T) {
		cable, err := shop.NewCable(echo(t))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- cable.Run(ctx) }()
		cable.Worsen(shop.ToFar, shop.Condition{Stalled: true})
		require.Equal(t, "through", heard(t, dial(t, cable.Address()), "through", patient))
		cancel()
		require.NoError(t, <-ended)
	})
}
