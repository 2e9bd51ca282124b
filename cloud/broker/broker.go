// Package broker is the embedded NATS server with its MQTT listener: terminals connect with TLS 1.3 and a client
// certificate, publish and subscribe to their own topics and nothing else; collectors connect in process. Messages
// pass through; nothing here is the books.
package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of the broker.
const (
	connectionsMax = 100_000
	tlsTimeout     = 10 * time.Second
	readyTimeout   = 10 * time.Second
	payloadMax     = record.BatchSizeMax + 1<<10
	// pendingMax is how many bytes may wait for one slow reader before the broker drops that reader; what is lost is
	// sent again by the terminals, which wait for our acknowledgement and not for the broker's. From three quarters of it
	// on the server slows down whoever publishes.
	pendingMax = 64 << 20
	// collectorUser is who collectors connect as, in process, with a password of this process's own.
	collectorUser = "collector"
)

// The errors of this package.
var (
	ErrConfig   = errors.New("broker: bad configuration")
	ErrNotReady = errors.New("broker: not ready in time")
	// ErrFolder says that the folder of the broker's own files cannot be made or used.
	ErrFolder = errors.New("broker: folder cannot be used")
)

// Admit says whether a terminal may connect with a certificate that the authority signed for it, by the SHA-256 of its DER:
// nil, or the reason why not. The authority signs more than one for a terminal that is enrolled again.
type Admit func(ctx context.Context, terminal record.Terminal, certificate [32]byte) error

// Config is what a broker needs.
type Config struct {
	// Address is host:port of the MQTT listener; port 0 is not taken.
	Address string
	// TLS presents the server's certificate; ClientCAs is the authority whose terminals may connect. The version and
	// the demand for a client certificate are set here and need not be.
	TLS *tls.Config
	// Dir is the folder of the broker's own files. They hold sessions only: losing them loses nothing.
	Dir    string
	Admit  Admit
	Logger *slog.Logger
}

// Broker is one server.
type Broker struct {
	config   Config
	server   *server.Server
	password string
	logger   *logger
	telling  sync.WaitGroup
	stop     context.CancelFunc // ends the telling
}

// New checks the configuration and makes the server without starting it. Errors: ErrConfig, ErrFolder.
func New(config Config) (*Broker, error) {
	if config.TLS == nil || len(config.TLS.Certificates) == 0 || config.TLS.ClientCAs == nil {
		return nil, fmt.Errorf("%w: certificate or client authority missing", ErrConfig)
	}
	if config.Admit == nil || config.Logger == nil || config.Dir == "" {
		return nil, fmt.Errorf("%w: admit, logger or folder missing", ErrConfig)
	}
	var secret [16]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, fmt.Errorf("draw password: %w", err)
	}
	b := &Broker{config: config, password: hex.EncodeToString(secret[:]), stop: func() {},
		logger: &logger{log: config.Logger, limiter: newLimiter()}}
	options, err := b.options()
	if err != nil {
		return nil, err
	}
	b.server, err = server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("make broker: %w", err)
	}
	b.server.SetLoggerV2(b.logger, false, false, false)
	return b, nil
}

func (b *Broker) options() (*server.Options, error) {
	host, portText, err := net.SplitHostPort(b.config.Address)
	if err != nil {
		return nil, fmt.Errorf("%w: address: %w", ErrConfig, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("%w: port %q", ErrConfig, portText)
	}
	if err := os.MkdirAll(b.config.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	options := &server.Options{}
	// These two settings exist in configuration text only.
	if err := options.ProcessConfigString("mqtt { reject_qos2_publish: true, downgrade_qos2_subscribe: true }"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	options.ServerName, options.DontListen, options.NoSigs = "yuantill", true, true
	options.JetStream, options.StoreDir = true, b.config.Dir // MQTT sessions need it
	options.MaxConn, options.MaxPayload, options.MaxPending = connectionsMax, payloadMax, pendingMax
	options.CustomClientAuthentication = &authenticator{broker: b}
	options.MQTT.Host, options.MQTT.Port = host, int(port)
	options.MQTT.TLSConfig = terminalTLS(b.config.TLS)
	options.MQTT.TLSTimeout = tlsTimeout.Seconds()
	return options, nil
}

func terminalTLS(base *tls.Config) *tls.Config {
	config := base.Clone()
	config.MinVersion = tls.VersionTLS13
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config
}

// Start starts the server and returns when it takes connections. Errors: ErrNotReady, which also stands for an address
// that is in use, and ErrFolder.
func (b *Broker) Start() error {
	// The server only logs that an address is in use; trying it first says so at once.
	probe, err := net.Listen("tcp", b.config.Address)
	if err != nil {
		return fmt.Errorf("start broker: %w: %w", ErrNotReady, err)
	}
	if err := probe.Close(); err != nil {
		return fmt.Errorf("start broker: %w", err)
	}
	if err := b.giveUpReserve(); err != nil {
		return fmt.Errorf("start broker: %w", err)
	}
	var telling context.Context
	telling, b.stop = context.WithCancel(context.Background())
	b.telling.Go(func() { b.logger.run(telling) })
	b.server.Start()
	if !b.server.ReadyForConnections(readyTimeout) {
		b.Close()
		return fmt.Errorf("start broker on %s: %w", b.config.Address, ErrNotReady)
	}
	return nil
}

// Connect returns an in-process connection for a collector. The caller closes it.
func (b *Broker) Connect() (*nats.Conn, error) {
	connection, err := nats.Connect("", nats.InProcessServer(b.server), nats.UserInfo(collectorUser, b.password),
		nats.Name(collectorUser), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			b.config.Logger.Warn("collector connection", "error", err)
		}))
	if err != nil {
		return nil, fmt.Errorf("connect to broker: %w", err)
	}
	return connection, nil
}

// Disconnect ends a terminal's connection, as when it has been blocked; it does nothing when there is none.
func (b *Broker) Disconnect(terminal record.Terminal) error {
	found, err := b.server.Connz(&server.ConnzOptions{MQTTClient: terminal.String(), State: server.ConnOpen})
	if err != nil {
		return fmt.Errorf("find connection of %s: %w", terminal, err)
	}
	var failures []error
	for _, connection := range found.Conns {
		failures = append(failures, b.server.DisconnectClientByID(connection.Cid))
	}
	return errors.Join(failures...)
}

// Close stops the server and waits for it.
func (b *Broker) Close() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
	b.stop()
	b.telling.Wait()
}
