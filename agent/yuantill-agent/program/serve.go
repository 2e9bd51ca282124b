package program

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// issuerMax bounds an issuer's public key file, in bytes.
const issuerMax = 64 << 10

// otherTerminalError says that settings and enrolment do not belong together.
type otherTerminalError struct{ settings, enrolled, path string }

func (e *otherTerminalError) text() catalogue.Text {
	return catalogue.OtherTerminal(e.settings, e.enrolled, e.path)
}

// Error implements error, in English; people read its text.
func (e *otherTerminalError) Error() string { return e.text().English }

func newLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// serve opens keys, journal and station, runs the till until ctx ends, and closes everything in turn.
func serve(ctx context.Context, clock func() time.Time, s settings.Settings, logger *slog.Logger) (err error) {
	keys, issuers, err := openKeys(s)
	if err != nil {
		return &stageError{exit: ExitKeys, cause: err}
	}
	store, err := openJournal(ctx, clock, s, keys, logger)
	if err != nil {
		if errors.Is(err, journal.ErrNoKeys) { // it is the keys that are amiss
			return &stageError{exit: ExitKeys, cause: fmt.Errorf("read epochs %s: %w", keys.StatePath(), err)}
		}
		return journalError(ExitJournal, err)
	}
	defer func() {
		if failed := store.Close(); failed != nil {
			err = errors.Join(err, journalError(ExitFailed, failed))
		}
	}()
	link, err := openUplink(clock, s, store, keys, logger)
	if err != nil {
		return &stageError{exit: ExitSettings, cause: err}
	}
	parts := agent.Parts{
		Journal: store, Uplink: link, Identity: keys.Identity(), Issuers: issuers, Clock: clock, Random: cryptorand.Reader, Logger: logger,
		Offline:    &agent.OfflineParts{Journal: store, Answers: link, Steady: time.Now},
		Background: map[string]func(context.Context) error{"journal": store.Run, "uplink": link.Run},
	}
	openers(s, logger, &parts)
	return runTill(ctx, s, parts)
}

// journalError is an error of opening or closing the journal; a full disk is told apart from all else.
func journalError(exit int, err error) error {
	if errors.Is(err, journal.ErrFull) {
		exit = ExitFull
	}
	return &stageError{exit: exit, cause: err}
}

// runTill assembles till and station and runs them.
func runTill(ctx context.Context, s settings.Settings, parts agent.Parts) error {
	feed := station.NewFeed(parts.Clock())
	till, err := agent.New(s.Till(Version), parts, feed)
	if err != nil {
		return &stageError{exit: ExitSettings, cause: err}
	}
	api, err := station.New(station.Config{Listen: s.Station.Listen, Token: s.Station.Token, Version: Version},
		till.Till(), feed, parts.Clock, parts.Logger)
	if err != nil {
		return &stageError{exit: ExitSettings, cause: err}
	}
	listener, err := api.Listen(ctx)
	if err != nil {
		return &stageError{exit: ExitStation, cause: err}
	}
	// The station needs the till and the till runs the station: the map is shared, so it may be added to until Run.
	parts.Background["station"] = func(ctx context.Context) error { return api.Serve(ctx, listener) }
	parts.Logger.InfoContext(ctx, "till is running", "version", Version, "terminal", s.Terminal, "station", listener.Addr().String())
	if err := till.Run(ctx); err != nil {
		return &stageError{exit: ExitFailed, cause: errors.Join(err, closed(listener))}
	}
	parts.Logger.Info("till has stopped")
	return nil
}

// closed closes a listener that may be closed already.
func closed(listener net.Listener) error {
	if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func openKeys(s settings.Settings) (*keyring.Keyring, *hardwallet.Pool, error) {
	if err := s.CheckIssued(); err != nil {
		return nil, nil, err
	}
	keys, err := keyring.Open(keyring.Config{
		EnrolmentPath: s.Keys.Enrolment, StatePath: s.Keys.Epochs, Engine: seal.Portable(),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("open keys: %w", err)
	}
	if keys.Terminal().String() != s.Terminal {
		return nil, nil, &otherTerminalError{settings: s.Terminal, enrolled: keys.Terminal().String(), path: s.Keys.Enrolment}
	}
	issuers, err := openIssuers(s)
	return keys, issuers, err
}

// openIssuers reads the public keys of those who issue hard wallets; nil where there is no reader.
func openIssuers(s settings.Settings) (*hardwallet.Pool, error) {
	if s.Reader == nil {
		return nil, nil
	}
	var issuers []sign.PublicKey
	for _, path := range s.Reader.Issuers {
		text, _, err := plainfile.Read(path, issuerMax)
		if err != nil {
			return nil, fmt.Errorf("read issuer: %w", err)
		}
		issuer, err := sign.ParsePublicKeyPEM(text)
		if err != nil {
			return nil, fmt.Errorf("read issuer %s: %w", path, err)
		}
		issuers = append(issuers, issuer)
	}
	return hardwallet.NewPool(issuers...)
}

func openJournal(
	ctx context.Context, clock func() time.Time, s settings.Settings, keys *keyring.Keyring, logger *slog.Logger,
) (*journal.Journal, error) {
	config := journal.DefaultConfig()
	config.Path, config.RoomMin = s.Journal.Path, s.Journal.RoomMin
	config.Terminal, config.KeyVersion, config.Keyring = keys.Terminal(), keys.KeyVersion(), keys
	config.Clock, config.Logger, config.Labels = clock, logger, agent.SaleLabels
	config.SaleKey, config.FollowUpKey = agent.SaleKey, agent.FollowUpKey
	config.Boot = journal.ThisBoot()
	return journal.Open(ctx, config)
}

func openUplink(
	clock func() time.Time, s settings.Settings, store *journal.Journal, keys *keyring.Keyring, logger *slog.Logger,
) (*uplink.Uplink, error) {
	config := uplink.DefaultConfig()
	config.Brokers, config.AgentVersion, config.SerialNumber = s.Cloud.Brokers, Version, s.Device.SerialNumber
	config.Clock, config.Random, config.Logger = clock, rand.Int64N, logger
	return uplink.New(config, store, keys)
}
