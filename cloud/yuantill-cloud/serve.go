package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/broker"
	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/jsonhttps"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/shift"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol"
	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/protocol/topic"
)

const (
	ledgerEvery = time.Minute
	// gcPercent trades memory, of which a server has plenty, for processor time.
	gcPercent = 400
	// pendingMessages and pendingBytes bound what waits in process for the collectors on each lane; what is dropped beyond
	// them, of whichever terminal, is sent again by the terminals. The collector drops what is beyond one terminal's share
	// before anything waits here, and the collector's garbage makes several times as much of what waits: see gcPercent.
	pendingMessages = 1 << 17
	pendingBytes    = 32 << 20
	queueGroup      = "collector"
)

// The reasons why a terminal may not connect.
var (
	errBlocked = errors.New("terminal is blocked")
	errRetired = errors.New("terminal is retired")
	errFlood   = errors.New("terminal flooded the cloud and is kept out for a while")
	// errCertificate says that the certificate is not the one of the terminal's enrolment.
	errCertificate = errors.New("terminal was enrolled with another certificate")
)

func serveCommand(with configured) *cobra.Command {
	return &cobra.Command{Use: "serve", Args: cobra.NoArgs, Short: "运行全部角色 · Run all roles in this process",
		RunE: with(func(command *cobra.Command, s Settings) error {
			level, err := s.level()
			if err != nil {
				return err
			}
			logger := slog.New(slog.NewJSONHandler(command.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
			if err := serve(command.Context(), s, logger); command.Context().Err() == nil || !errors.Is(err, context.Canceled) {
				return err
			}
			return nil // asked to stop while it started
		})}
}

// cloud is all roles of one process, in the order in which they are started; they stop in the opposite order.
type cloud struct {
	settings  Settings
	logger    *slog.Logger
	metrics   *prometheus.Registry
	books     *sqlite.Store
	directory *merchant.Directory
	door      *collector.Door
	broker    *broker.Broker
	lines     map[string]operator.Connector
	payments  *payment.Service
	shifts    *shift.Service
	statement *reconcile.Service
	collector *collector.Collector
	checker   *ledger.Checker
	operators *registry.Registry
	limits    *limit.Giver
}

func serve(ctx context.Context, s Settings, logger *slog.Logger) (err error) {
	if err := s.missing(); err != nil {
		return err
	}
	debug.SetGCPercent(gcPercent)
	c := &cloud{settings: s, logger: logger, metrics: prometheus.NewRegistry()}
	// Two clouds on one database would each believe that nobody else writes it.
	lock, err := folder.Acquire(s.lock())
	if err != nil {
		return fmt.Errorf("数据目录已被另一个云端使用 · use data folder %s: %w", s.Data, err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	release, err := s.lockBooks()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if c.books, err = s.existing(ctx, sqlite.DefaultOptions(logger)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.books.Close()) }()
	c.directory = merchant.NewDirectory(c.books)
	c.door = collector.NewDoor(time.Now)
	if err := c.startBroker(); err != nil {
		return err
	}
	defer c.broker.Close()
	connection, err := c.broker.Connect()
	if err != nil {
		return err
	}
	defer connection.Close()
	if err := c.assemble(ctx, connection); err != nil {
		return err
	}
	return c.run(ctx, connection)
}

func (c *cloud) startBroker() error {
	both, _, err := plainfile.Read(c.settings.serverPair(), fileMax)
	if err != nil {
		return fmt.Errorf("read server certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(both, both)
	if err != nil {
		return fmt.Errorf("read server certificate: %w", err)
	}
	authority, err := merchant.OpenAuthority(c.settings.Data)
	if err != nil {
		return err
	}
	c.broker, err = broker.New(broker.Config{Address: c.settings.Broker.Listen, Dir: c.settings.brokerDir(), Logger: c.logger,
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: authority.Pool()},
		Admit: func(ctx context.Context, id record.Terminal, certificate [32]byte) error {
			if c.door.Shut(id) {
				return errFlood
			}
			return admit(ctx, c.books, id, certificate)
		}})
	if err != nil {
		return err
	}
	return c.broker.Start()
}

// terminals finds terminals.
type terminals interface {
	Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error)
}

// admit lets enrolled terminals connect that nobody has blocked or retired. A quarantined one may: it has to hear that it is. Of the
// certificates that the authority has signed for a terminal only the last counts: one that was lost with an enrolment file, or
// drawn elsewhere with the authority's key, opens nothing. The
// store is asked each time, since the block is written by another process.
func admit(ctx context.Context, from terminals, id record.Terminal, certificate [32]byte) error {
	terminal, err := from.Terminal(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case terminal.Certificate != certificate:
		return errCertificate
	case terminal.State == store.TerminalBlocked:
		return errBlocked
	case terminal.State == store.TerminalRetired:
		return errRetired
	default:
		return nil
	}
}

func (c *cloud) assemble(ctx context.Context, connection *nats.Conn) error {
	root, err := merchant.OpenRoot(c.settings.rootKey(), fast.Engine())
	if err != nil {
		return err
	}
	downlink, err := collector.NewDownlink(ctx, collector.DownlinkConfig{Store: c.books, Leaser: c.books, Root: root,
		Engine: fast.Engine(), Publisher: connection, Clock: time.Now})
	if err != nil {
		return err
	}
	if err := c.connectOperators(); err != nil {
		return err
	}
	if c.operators, err = registry.Default(); err != nil {
		return err
	}
	machine, err := payment.NewMachine(c.settings.timing())
	if err != nil {
		return err
	}
	plans, issuers, err := c.settings.terms()
	if err != nil {
		return err
	}
	c.limits, err = limit.NewGiver(limit.Config{Plans: plans, Store: c.books, Terminals: c.directory, Answers: downlink,
		Clock: time.Now, Logger: c.logger})
	if err != nil {
		return err
	}
	c.payments, err = payment.NewService(ctx, payment.ServiceConfig{Machine: machine, Store: c.books,
		Merchants: c.directory, Registry: c.operators, Operators: c.lines, Answers: downlink, Clock: payment.SystemClock{},
		Logger: c.logger, Metrics: c.metrics, Plans: plans, Issuers: issuers, Blocked: c.limits.Changed})
	if err != nil {
		return err
	}
	c.shifts, err = shift.New(shift.Config{Store: c.books, Clock: time.Now, Logger: c.logger})
	if err != nil {
		return err
	}
	if err := c.compareStatements(); err != nil {
		return err
	}
	c.collector, err = collector.New(collector.Config{Downlink: downlink, Random: rand.Reader, Logger: c.logger,
		Door: c.door, Disconnect: c.broker.Disconnect, BooksBehind: c.payments.BooksBehind,
		Metrics: c.metrics, Consumers: map[record.Type]collector.Consumer{
			record.EpochOpened: c.limits.SignIns(), record.LimitsTaken: c.limits.Takings(),
			record.PaymentRequested: c.limits.Beside(c.payments.Requests()), record.ReversalRequested: c.payments.Reversals(),
			record.FollowUpRequested: c.payments.FollowUps(), record.OrderLookup: c.payments.Lookups(),
			record.OutcomeShown: c.payments.Outcomes(), record.ShiftOpened: c.shifts.Openings(), record.ShiftClosed: c.shifts.Endings()}})
	if err != nil {
		return err
	}
	c.checker, err = ledger.NewChecker(ledger.Config{Books: c.books, Standings: payment.Standings(), Clock: time.Now,
		Logger: c.logger, Every: ledgerEvery})
	return err
}

// compareStatements makes the service that holds operators' statements against the books.
func (c *cloud) compareStatements() error {
	at, err := c.settings.Reconcile.at()
	if err != nil {
		return err
	}
	c.statement, err = reconcile.New(reconcile.Config{Store: c.books, Operators: c.lines, Disputes: c.payments, At: at, Clock: time.Now,
		Logger: c.logger})
	return err
}

// connectOperators makes the lines to the operators of the settings.
func (c *cloud) connectOperators() error {
	text, _, err := plainfile.Read(c.settings.signingKey(), fileMax)
	if err != nil {
		return fmt.Errorf("read signing key: %w", err)
	}
	key, err := sign.ParseKeyPEM(text)
	if err != nil {
		return fmt.Errorf("read signing key: %w", err)
	}
	c.lines = map[string]operator.Connector{}
	for _, o := range c.settings.Operators {
		line, err := connectOperator(o, key)
		if err != nil {
			return fmt.Errorf("connect operator %s: %w", o.Code, err)
		}
		c.lines[o.Code] = line
	}
	return nil
}

// verifier checks an operator's signatures.
type verifier struct{ key sign.PublicKey }

// Verify reports whether the signature is the operator's.
func (v verifier) Verify(uid string, message, signature []byte) bool {
	return sign.Verify(v.key, uid, message, signature)
}

func connectOperator(o OperatorSettings, key *sign.Key) (*jsonhttps.Connector, error) {
	text, _, err := plainfile.Read(o.PublicKey, fileMax)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	public, err := sign.ParsePublicKeyPEM(text)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	config := jsonhttps.Config{URL: o.URL, Client: o.Client, Key: key.Public().Fingerprint().String(), Signer: key,
		Verifier: verifier{public}, TLS: &tls.Config{MinVersion: tls.VersionTLS13}, Now: time.Now, Random: rand.Reader}
	if o.Authority != "" {
		authority, _, err := plainfile.Read(o.Authority, fileMax)
		if err != nil {
			return nil, fmt.Errorf("read authority: %w", err)
		}
		config.TLS.RootCAs = x509.NewCertPool()
		if !config.TLS.RootCAs.AppendCertsFromPEM(authority) {
			return nil, fmt.Errorf("read authority %s: no certificate", o.Authority)
		}
	}
	return jsonhttps.New(config)
}

// run goes on until the context ends or a role fails. Open payments are taken up again before a terminal is heard; the
// collector ends before the payments do.
func (c *cloud) run(ctx context.Context, connection *nats.Conn) error {
	if err := c.payments.Recover(ctx); err != nil {
		return err
	}
	handler, err := c.handler(connection, c.operators)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.settings.API.Listen)
	if err != nil {
		return fmt.Errorf("listen for API: %w", err)
	}
	if err := c.subscribe(connection); err != nil {
		return errors.Join(err, listener.Close())
	}
	heard := []role{c.collector.Run, c.watch().run, collector.NewGaps(c.books, time.Now, c.logger).Run,
		func(ctx context.Context) error { return c.serveWeb(ctx, listener, handler) }}
	done := []role{c.payments.Run, c.shifts.Run, c.checker.Run, c.limits.Run, c.statement.Run}
	c.logger.Info("serving", "broker", c.settings.Broker.Listen, "api", c.settings.API.Listen, "version", protocol.Release)
	err = runStages(ctx, heard, done)
	for _, line := range c.lines {
		if closer, can := line.(io.Closer); can {
			err = errors.Join(err, closer.Close())
		}
	}
	return err
}

func (c *cloud) subscribe(connection *nats.Conn) error {
	for _, lane := range []topic.Lane{topic.SignIn, topic.Now, topic.Up} {
		subscription, err := connection.QueueSubscribe(topic.Wildcard(lane), queueGroup, func(m *nats.Msg) {
			c.collector.Deliver(collector.Message{Subject: m.Subject, Data: m.Data})
		})
		if err != nil {
			return fmt.Errorf("subscribe to %s: %w", lane, err)
		}
		if err := subscription.SetPendingLimits(pendingMessages, pendingBytes); err != nil {
			return fmt.Errorf("bound what waits on %s: %w", lane, err)
		}
	}
	return connection.Flush()
}
