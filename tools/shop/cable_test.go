package shop_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
)

// echo is a server that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			link, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { defer link.Close(); _, _ = io.Copy(link, link) }()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	link, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { link.Close() })
	require.NoError(t, link.SetDeadline(time.Now().Add(5*time.Second)))
	return link
}

func say(link net.Conn, text string) (string, error) {
	if _, err := link.Write([]byte(text)); err != nil {
		return "", err
	}
	buffer := make([]byte, len(text))
	_, err := io.ReadFull(link, buffer)
	return string(buffer), err
}

func TestCable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cable, err := shop.NewCable(echo(t))
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- cable.Run(ctx) }()

	link := dial(t, cable.Address())
	heard, err := say(link, "hello")
	require.NoError(t, err)
	require.Equal(t, "hello", heard)

	t.Run("Cut ends connections and refuses new ones", func(t *testing.T) {
		cable.Cut()
		_, err := say(link, "lost")
		require.Error(t, err)
		_, err = say(dial(t, cable.Address()), "refused")
		require.Error(t, err)
	})
	t.Run("Mend lets them through again", func(t *testing.T) {
		cable.Mend()
		heard, err := say(dial(t, cable.Address()), "again")
		require.NoError(t, err)
		require.Equal(t, "again", heard)
	})
	t.Run("Run ends with its context and closes what is open", func(t *testing.T) {
		link := dial(t, cable.Address())
		_, err := say(link, "open")
		require.NoError(t, err)
		cancel()
		require.NoError(t, <-ended)
		_, err = link.Read(make([]byte, 1))
		require.Error(t, err)
	})
}
