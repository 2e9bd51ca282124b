package broker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// logger carries the server's messages into our log, as many of one kind as the limiter lets through: whoever reaches the
// port can cause them. Its notices are our debug lines.
type logger struct {
	log     *slog.Logger
	limiter *limiter
}

var _ server.Logger = (*logger)(nil)

func (l *logger) Noticef(format string, v ...any) {
	l.log.Debug("broker notice", "text", fmt.Sprintf(format, v...))
}
func (l *logger) Warnf(format string, v ...any) {
	if l.limiter.allow(kindOf(format), time.Now()) {
		l.log.Warn("broker warning", "text", fmt.Sprintf(format, v...))
	}
}
func (l *logger) Fatalf(format string, v ...any) {
	l.log.Error("broker fatal", "text", fmt.Sprintf(format, v...))
}
func (l *logger) Errorf(format string, v ...any) {
	if l.limiter.allow(kindOf(format), time.Now()) {
		l.log.Error("broker error", "text", fmt.Sprintf(format, v...))
	}
}
func (l *logger) Debugf(format string, v ...any) {}
func (l *logger) Tracef(format string, v ...any) {}

// refused logs that a terminal was not let in. Its name is that of its certificate, which nobody else has.
func (l *logger) refused(name, why string, err error) {
	if l.limiter.allow("connection refused: "+name+": "+why, time.Now()) {
		l.log.Warn("connection refused", "terminal", name, "why", why, "error", err)
	}
}

// tell says what was left out whose time has come.
func (l *logger) tell(now time.Time) {
	for _, out := range l.limiter.ended(now) {
		l.log.Warn("broker messages left out", "kind", out.kind, "lines", out.lines)
	}
}

// run tells until the context ends, and then the rest.
func (l *logger) run(ctx context.Context) {
	ticker := time.NewTicker(tellEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			l.tell(now)
		case <-ctx.Done():
			l.tell(time.Now().Add(linesWindow))
			return
		}
	}
}
