package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

const (
	headerMax   = 5 * time.Second
	shutdownMax = time.Second
)

// ErrAddress marks a control address that other machines could reach, or none at all.
var ErrAddress = errors.New("control: address is neither unix:PATH nor loopback")

// Listen opens a control address: "unix:PATH", or HOST:PORT on the loopback interface, port 0 for a free one.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	if path, unix := strings.CutPrefix(address, "unix:"); unix {
		// A socket left behind by a killed process would be in the way.
		if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
			if err := os.Remove(path); err != nil {
				return nil, fmt.Errorf("listen for control: %w", err)
			}
		}
		listener, err := config.Listen(ctx, "unix", path)
		if err != nil {
			return nil, fmt.Errorf("listen for control: %w", err)
		}
		return listener, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen for control: %w: %w", ErrAddress, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("listen for control on %q: %w", address, ErrAddress)
	}
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for control: %w", err)
	}
	return listener, nil
}

// Serve answers control requests on listener until ctx ends, which gives nil. It closes the listener.
func (c *Counter) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: c.Handler(), ReadHeaderTimeout: headerMax,
		// Long polls and event streams end with the server.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve control: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownMax)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("serve control: %w", err), server.Close())
	}
	return nil
}
