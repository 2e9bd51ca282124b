package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/protocol"
	"github.com/yuantill/yuantill/protocol/plainfile"
)

// Bounds of the HTTP server.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	idleTimeout       = time.Minute
	headerMax         = 16 << 10
	stopTimeout       = 5 * time.Second
)

var errDisconnected = errors.New("collector is not connected to the broker")

// handler makes the HTTP API. Without a token it may listen on loopback only.
func (c *cloud) handler(connection *nats.Conn, operators *registry.Registry) (http.Handler, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	return api.New(api.Config{Store: c.books, Books: c.checker, Metrics: c.metrics, Token: token, Version: protocol.Release,
		Logger: c.logger, Profiling: c.settings.API.Profiling,
		Ready: func(context.Context) error {
			if !connection.IsConnected() {
				return errDisconnected
			}
			return c.books.Health()
		},
		Registry: func(code string) string {
			operator, err := operators.Get(code)
			if err != nil {
				return code
			}
			return operator.Name
		}})
}

// token reads the token file; without one the API must be on loopback.
func (c *cloud) token() (string, error) {
	if c.settings.API.Profiling && !isLoopback(c.settings.API.Listen) {
		return "", c.settings.wrong("api.profiling", "只能用于本机地址 · is for loopback addresses only")
	}
	if c.settings.API.TokenFile != "" {
		text, _, err := plainfile.Read(c.settings.API.TokenFile, fileMax)
		if err != nil {
			return "", fmt.Errorf("read API token: %w", err)
		}
		if token := strings.TrimSpace(string(text)); token != "" {
			return token, nil
		}
		return "", fmt.Errorf("read API token: %s is empty", c.settings.API.TokenFile)
	}
	if !isLoopback(c.settings.API.Listen) {
		return "", c.settings.wrong("api.listen", "不是本机地址，须设置 api.token_file · is not a loopback address, so api.token_file must be set")
	}
	return "", nil
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

// serveWeb answers HTTP until the context ends.
func (c *cloud) serveWeb(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: headerMax, ErrorLog: slog.NewLogLogger(c.logger.Handler(), slog.LevelWarn)}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		stopped <- server.Shutdown(ending)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve API: %w", err)
	}
	return <-stopped
}
