package jsonhttps

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// ErrConfig marks a configuration a connector cannot work with.
var ErrConfig = errors.New("jsonhttps: invalid configuration")

// Bounds of a connector's connections.
const (
	connectionsMax    = 512              // also the number of calls in flight; further ones wait, not yet sent
	idleTimeout       = 30 * time.Second // below the 60 s for which an operator keeps idle connections open
	dialTimeout       = 3 * time.Second
	handshakeTimeout  = 3 * time.Second
	headerBytesMax    = 16 << 10
	bufferSize        = 4 << 10 // a call and its answer fit into one write and one read
	clockToleranceMax = 10 * time.Minute
)

// Config is what a connector needs to reach one operator.
type Config struct {
	// URL is the operator's base address, https only, such as "https://pay.example.cn".
	URL string
	// Client is the acquirer's id at the operator; Key the fingerprint of the signing key, 16 hexadecimal digits.
	Client, Key string
	Signer      profile.Signer
	Verifier    profile.Verifier // of the operator's key
	// TLS holds trust anchors and, where the operator wants one, a client certificate. Versions below 1.3 are refused
	// whatever it says.
	TLS *tls.Config
	// Now is the clock of the time header; Random fills request ids and nonces.
	Now    func() time.Time
	Random io.Reader
	// ClockTolerance is how far an answer's time may be from ours; 0 counts as one minute.
	ClockTolerance time.Duration
}

// Validate reports the first mistake. Error: ErrConfig.
func (c Config) Validate() error {
	base, err := url.Parse(c.URL)
	if err != nil || base.Scheme != "https" || base.Host == "" {
		return fmt.Errorf("%w: URL must be https", ErrConfig)
	}
	if base.Path != "" || base.RawQuery != "" || base.User != nil {
		return fmt.Errorf("%w: URL has more than scheme and host", ErrConfig)
	}
	if c.Client == "" || len(c.Client) > 32 || len(c.Key) != 16 {
		return fmt.Errorf("%w: Client or Key", ErrConfig)
	}
	if c.Signer == nil || c.Verifier == nil || c.Now == nil || c.Random == nil {
		return fmt.Errorf("%w: Signer, Verifier, Now and Random are needed", ErrConfig)
	}
	if c.ClockTolerance < 0 || c.ClockTolerance > clockToleranceMax {
		return fmt.Errorf("%w: ClockTolerance", ErrConfig)
	}
	return nil
}

// tlsConfig returns a private copy held to TLS 1.3 and HTTP/1.1.
func (c Config) tlsConfig(host string) *tls.Config {
	var config *tls.Config
	if c.TLS != nil {
		config = c.TLS.Clone()
	} else {
		config = &tls.Config{}
	}
	config.MinVersion = tls.VersionTLS13
	config.NextProtos = []string{"http/1.1"}
	if config.ServerName == "" {
		config.ServerName = host
	}
	if config.ClientSessionCache == nil {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	return config
}
