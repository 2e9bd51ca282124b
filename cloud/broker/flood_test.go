package broker_test

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/broker"
)

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestFloodDoesNotFillTheLog: anybody who reaches the port can send garbage, and a terminal can knock with a wrong id.
func TestFloodDoesNotFillTheLog(t *testing.T) {
	s := newSite(t)
	logged := &lines{}
	config := s.config(t)
	config.Address, config.Logger = freeAddress(t), slog.New(slog.NewTextHandler(logged, nil))
	b, err := broker.New(config)
	require.NoError(t, err)
	require.NoError(t, b.Start())
	t.Cleanup(b.Close)
	s.address = config.Address
	const each = 100
	for range each {
		connection, err := net.Dial("tcp", config.Address)
		require.NoError(t, err)
		_, err = connection.Write([]byte("\x16\x03\x01garbagegarbagegarbage"))
		require.NoError(t, err)
		_, _ = connection.Read(make([]byte, 1)) // until the broker has had enough of it
		require.NoError(t, connection.Close())
	}
	for range each / 5 {
		_, err := s.dial(t, "10000001", "10000002", nil)
		require.Error(t, err)
	}
	b.Close()
	text := logged.String()
	require.Contains(t, text, "TLS handshake error")
	require.Contains(t, text, "client id differs from certificate")
	require.Less(t, strings.Count(text, "\n"), 40, text)
	require.Contains(t, text, "broker messages left out")
	require.Contains(t, text, "lines=95")
}
