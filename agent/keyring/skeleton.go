package keyring

import (
	"crypto/tls"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// Epoch is what a sign-in agreed on; the keys are derived from it.
type Epoch struct {
	Number        uint32
	TerminalNonce [seal.NonceSize]byte
	CloudNonce    [seal.NonceSize]byte
	OpenedAt      time.Time
}

// Config says where the keys are.
type Config struct {
	EnrolmentPath string   // written by enrolment.Write
	StatePath     string   // the epochs
	Provider      Provider // nil: the device key file beside the enrolment
	Engine        seal.Engine
}

// Provider unwraps the terminal key; a TPM or secure element is another one.
type Provider interface {
	Unwrap(wrapped, context []byte) ([]byte, error)
}

// Keyring holds the terminal's keys.
type Keyring struct{}

// Open reads the enrolment and the epochs.
func Open(config Config) (*Keyring, error) { return nil, nil }

// Terminal returns the terminal id.
func (k *Keyring) Terminal() record.Terminal { return record.Terminal{} }

// KeyVersion returns the terminal key's version.
func (k *Keyring) KeyVersion() uint16 { return 0 }

// Identity returns the SM2 key.
func (k *Keyring) Identity() *sign.Key { return nil }

// TLS returns the client configuration for a server name.
func (k *Keyring) TLS(serverName string) *tls.Config { return nil }

// SignInMAC guards sign-ins.
func (k *Keyring) SignInMAC() *seal.MAC { return nil }

// JournalMAC guards the journal's bookkeeping row.
func (k *Keyring) JournalMAC() *seal.MAC { return nil }

// Keys returns an epoch's working keys.
func (k *Keyring) Keys(epoch uint32) (*seal.Keys, error) { return nil, nil }

// Current returns the newest epoch.
func (k *Keyring) Current() (Epoch, bool) { return Epoch{}, false }

// Derive returns the keys of an epoch that is not stored yet.
func (k *Keyring) Derive(epoch Epoch) *seal.Keys { return nil }

// Add stores an epoch durably.
func (k *Keyring) Add(epoch Epoch) error { return nil }
