package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Bounds of a request.
const (
	bodyMax      = 8 << 10
	headerMax    = 16 << 10
	readWithin   = 5 * time.Second
	answerWithin = 10 * time.Second
	idleWithin   = time.Minute
	stopWithin   = 2 * time.Second
)

// ErrListen marks an address that the station must not listen on.
var ErrListen = errors.New("station: listens on loopback addresses only")

// Config says where the station listens and who may come in.
type Config struct {
	// Listen is a loopback address and port, such as "127.0.0.1:7710"; port 0 takes a free one.
	Listen string
	// Token, if set, is asked for as "Authorization: Bearer …" with every request but /livez.
	Token   string
	Version string
}

// Station serves the till's API.
type Station struct {
	config    Config
	desk      Desk
	feed      *Feed
	clock     func() time.Time
	logger    *slog.Logger
	memory    *memory[Sale]
	reprints  *memory[FollowUp]
	shifts    *memory[Shift] // of its own: summing up a long shift holds up no sale
	listeners chan struct{}
	places    *connections
	handler   http.Handler
}

// New checks the configuration. It returns ErrListen.
func New(config Config, desk Desk, feed *Feed, clock func() time.Time, logger *slog.Logger) (*Station, error) {
	host, _, err := net.SplitHostPort(config.Listen)
	if err != nil {
		return nil, fmt.Errorf("parse listen address: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%w: %q", ErrListen, config.Listen)
	}
	s := &Station{
		config: config, desk: desk, feed: feed, clock: clock, logger: logger,
		memory: newMemory[Sale](), reprints: newMemory[FollowUp](), shifts: newMemory[Shift](),
		listeners: make(chan struct{}, streamMax), places: newConnections(),
	}
	mux := http.NewServeMux()
	s.mount(mux)
	s.handler = newGuard(host, config.Token).wrap(s.places.answering(mux))
	return s, nil
}

// Handler returns what Run serves, for tests.
func (s *Station) Handler() http.Handler { return s.handler }

// Listen opens the address; Serve wants it.
func (s *Station) Listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.config.Listen)
	if err != nil {
		return nil, fmt.Errorf("open station: %w", err)
	}
	return listener, nil
}

// Serve answers requests until ctx ends; then it ends the event streams, lets requests finish and closes the listener.
func (s *Station) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: readWithin, ReadTimeout: readWithin, WriteTimeout: answerWithin,
		IdleTimeout: idleWithin, MaxHeaderBytes: headerMax,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState:   s.places.follow, ConnContext: s.places.name,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve station: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err := server.Shutdown(stopping)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
