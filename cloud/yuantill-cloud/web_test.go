package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// crowded is a listener for which there is no descriptor at first.
type crowded struct {
	net.Listener
	once sync.Once
}

func (c *crowded) Accept() (net.Conn, error) {
	var err error
	c.once.Do(func() { err = &net.OpError{Op: "accept", Err: syscall.EMFILE} })
	if err != nil {
		return nil, err
	}
	return c.Listener.Accept()
}

// lines are what was logged.
type lines chan string

func (l lines) Write(text []byte) (int, error) {
	l <- string(text)
	return len(text), nil
}

// TestWhatTheServerSaysIsALineOfTheLog and no plain text among JSON.
func TestWhatTheServerSaysIsALineOfTheLog(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	said := make(lines, 10)
	c := &cloud{logger: slog.New(slog.NewJSONHandler(said, nil))}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- c.serveWeb(ctx, &crowded{Listener: listener}, http.NotFoundHandler()) }()
	var line struct{ Level, Msg string }
	require.NoError(t, json.Unmarshal([]byte(<-said), &line))
	require.Equal(t, "WARN", line.Level)
	require.True(t, strings.HasPrefix(line.Msg, "http: Accept error"), line.Msg)
	stop()
	require.NoError(t, <-done)
}
