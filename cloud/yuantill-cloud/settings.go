package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/tomlfile"
)

// ErrSettings marks a settings file with a mistake; the text says where and what.
var ErrSettings = errors.New("settings")

// Settings is the one settings file. Paths that are not absolute are relative to the file's folder.
type Settings struct {
	// Data is the folder of keys, certificates and the database.
	Data string `toml:"data"`
	// LogLevel is debug, info, warn or error.
	LogLevel string `toml:"log_level"`
	// Plans is the file of fees and limits; empty for the built-in one.
	Plans string `toml:"plans"`
	// Issuers are the files of the SM2 public keys, PEM, of those who issue hard wallets. Empty leaves judging their cards
	// to the operators: the cloud notices no double-spend, blocks no wallet, and takes what an offline payment says of its
	// card for true when it books a loss.
	Issuers   []string           `toml:"issuers"`
	Broker    BrokerSettings     `toml:"broker"`
	API       APISettings        `toml:"api"`
	Payment   PaymentSettings    `toml:"payment"`
	Reconcile ReconcileSettings  `toml:"reconcile"`
	Operators []OperatorSettings `toml:"operator"`

	path   string // of the file
	places tomlfile.Places
}

// BrokerSettings is where terminals connect.
type BrokerSettings struct {
	Listen string `toml:"listen"` // host:port of the MQTT listener
	// Names are the host names and addresses that the server's certificate is made for.
	Names []string `toml:"names"`
}

// APISettings is the HTTP API.
type APISettings struct {
	Listen string `toml:"listen"`
	// TokenFile holds the bearer token that the administrative part asks for.
	TokenFile string `toml:"token_file"`
	// Profiling serves Go's profiles under /debug/pprof/, on loopback only.
	Profiling bool `toml:"profiling"`
}

// PaymentSettings are the machine's timings; what is left out has its default.
type PaymentSettings struct {
	QueryEvery       Duration `toml:"query_every"`
	GiveUpAfter      Duration `toml:"give_up_after"`
	ReverseNotBefore Duration `toml:"reverse_not_before"`
}

// ReconcileSettings say when operators' statements are compared with the books.
type ReconcileSettings struct {
	// At is the time of day in China, such as "02:00", at which the day before is compared.
	At string `toml:"at"`
}

// at is the time since midnight, which mistakes has checked.
func (r ReconcileSettings) at() (time.Duration, error) {
	clock, err := time.Parse(clockFormat, r.At)
	return time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute, err
}

// clockFormat is how a time of day is written.
const clockFormat = "15:04"

// OperatorSettings is the line to one operator.
type OperatorSettings struct {
	Code string `toml:"code"` // in the registry
	URL  string `toml:"url"`
	// Client is our id at the operator.
	Client string `toml:"client"`
	// PublicKey is the file of the operator's SM2 public key, PEM; Authority that of the CA of its TLS certificate.
	PublicKey string `toml:"public_key"`
	Authority string `toml:"authority"`
}

// Duration is a time.Duration written as "3s".
type Duration time.Duration

// UnmarshalText reads "3s".
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// DefaultSettings are the settings of what a file leaves out.
func DefaultSettings() Settings {
	return Settings{Data: "data", LogLevel: "info",
		Broker: BrokerSettings{Listen: "127.0.0.1:8883", Names: []string{"127.0.0.1", "localhost"}},
		API:    APISettings{Listen: "127.0.0.1:7500"}, Reconcile: ReconcileSettings{At: "02:00"}}
}

// ReadSettings reads a file strictly: an unknown key is an error. Its error is ErrSettings, with the place of every
// mistake.
func ReadSettings(path string) (Settings, error) {
	text, _, err := plainfile.Read(path, fileMax)
	if err != nil {
		return Settings{}, fmt.Errorf("%w: %w", ErrSettings, err)
	}
	settings := DefaultSettings()
	places, err := tomlfile.Decode(path, text, &settings)
	if err != nil {
		return Settings{}, unreadable(path, err)
	}
	settings.path, settings.places = path, places
	settings.resolve(filepath.Dir(path))
	if err := settings.mistakes(); err != nil {
		return Settings{}, err
	}
	return settings, nil
}

func (s *Settings) resolve(base string) {
	paths := []*string{&s.Data, &s.Plans, &s.API.TokenFile}
	for i := range s.Issuers {
		paths = append(paths, &s.Issuers[i])
	}
	for i := range s.Operators {
		paths = append(paths, &s.Operators[i].PublicKey, &s.Operators[i].Authority)
	}
	for _, path := range paths {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(base, *path)
		}
	}
}

func (s *Settings) level() (slog.Level, error) {
	var level slog.Level
	return level, level.UnmarshalText([]byte(s.LogLevel))
}

// timing returns the payment machine's timing.
func (s *Settings) timing() payment.Timing {
	timing := payment.DefaultTiming()
	for value, set := range map[*time.Duration]Duration{&timing.QueryEvery: s.Payment.QueryEvery,
		&timing.GiveUpAfter: s.Payment.GiveUpAfter, &timing.ReverseNotBefore: s.Payment.ReverseNotBefore} {
		if set != 0 {
			*value = time.Duration(set)
		}
	}
	return timing
}

// The files of the data folder.
func (s *Settings) database() string      { return filepath.Join(s.Data, "cloud.db") }
func (s *Settings) lock() string          { return filepath.Join(s.Data, "cloud.lock") }
func (s *Settings) rootKey() string       { return filepath.Join(s.Data, "root.key") }
func (s *Settings) brokerDir() string     { return filepath.Join(s.Data, "broker") }
func (s *Settings) serverPair() string    { return filepath.Join(s.Data, "server.pem") }
func (s *Settings) signingKey() string    { return filepath.Join(s.Data, "signing.key") }
func (s *Settings) signingPublic() string { return filepath.Join(s.Data, "signing.pub") }
