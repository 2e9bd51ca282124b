package keyring

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"

	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// The errors of this package.
var (
	// ErrState marks an epochs file that is not this terminal's or is damaged.
	ErrState = errors.New("keyring: epochs file is damaged or not this terminal's")
	// ErrEpoch marks an epoch that is not in the epochs file.
	ErrEpoch = errors.New("keyring: unknown epoch")
	// ErrEpochOrder marks a new epoch that is not above the newest one.
	ErrEpochOrder = errors.New("keyring: epoch does not rise")
	// ErrMethod marks an enrolment that was wrapped for another kind of provider.
	ErrMethod = errors.New("keyring: enrolment wants another key provider")
)

// keysMax bounds the derived keys kept ready; deriving them again costs some 15 µs.
const keysMax = 16

// labelJournal derives the key of the journal's bookkeeping row; it never leaves the terminal.
const labelJournal = "JNL"

// Config says where the keys are.
type Config struct {
	EnrolmentPath string // written by enrolment.Write
	StatePath     string // the epochs file; created at the first sign-in
	// Provider unwraps the terminal key; nil takes the device key file beside the enrolment.
	Provider Provider
	Engine   seal.Engine
}

// Keyring holds the terminal's keys. It may be used by several goroutines.
type Keyring struct {
	engine      seal.Engine
	statePath   string
	terminal    record.Terminal
	keyVersion  uint16
	terminalKey [seal.KeySize]byte
	identity    *sign.Key
	certificate tls.Certificate
	authority   *x509.CertPool
	signIn      *seal.MAC
	journal     *seal.MAC

	mu     sync.Mutex
	epochs []Epoch
	keys   map[uint32]*seal.Keys
}

// Open reads the enrolment and the epochs. It returns enrolment's errors, ErrMethod, ErrState and the file system's.
func Open(config Config) (*Keyring, error) {
	file, err := enrolment.Read(config.EnrolmentPath)
	if err != nil {
		return nil, err
	}
	provider := config.Provider
	if provider == nil {
		provider = DeviceFile{Path: enrolment.DeviceKeyPath(config.EnrolmentPath), Engine: config.Engine}
	}
	if provider.Method() != file.Method {
		return nil, fmt.Errorf("%w: %q", ErrMethod, file.Method)
	}
	wrapped, context := file.Sealed()
	key, err := provider.Unwrap(wrapped, context)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	if err := file.CheckKey(config.Engine, key); err != nil {
		return nil, err
	}
	k := &Keyring{
		engine: config.Engine, statePath: config.StatePath,
		terminal: record.Terminal([]byte(file.Terminal)), keyVersion: file.KeyVersion,
		terminalKey: [seal.KeySize]byte(key), keys: make(map[uint32]*seal.Keys),
		signIn:  seal.SignInMAC(config.Engine, key),
		journal: seal.NewMAC(config.Engine, seal.Derive(config.Engine, key, labelJournal, nil, seal.KeySize)),
	}
	if err := k.load(file); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Keyring) load(file enrolment.File) (err error) {
	if k.identity, err = sign.ParseKeyPEM([]byte(file.Identity)); err != nil {
		return fmt.Errorf("parse identity key: %w", err)
	}
	if k.certificate, err = tls.X509KeyPair([]byte(file.Certificate), []byte(file.CertificateKey)); err != nil {
		return fmt.Errorf("parse client certificate: %w", err)
	}
	k.authority = x509.NewCertPool()
	k.authority.AppendCertsFromPEM([]byte(file.Authority))
	k.epochs, err = readState(k.statePath, file.Terminal)
	return err
}

// StatePath returns where the epochs file is, or will be.
func (k *Keyring) StatePath() string { return k.statePath }

// Terminal returns the terminal id.
func (k *Keyring) Terminal() record.Terminal { return k.terminal }

// KeyVersion returns the version of the terminal key.
func (k *Keyring) KeyVersion() uint16 { return k.keyVersion }

// Identity returns the terminal's SM2 key pair.
func (k *Keyring) Identity() *sign.Key { return k.identity }

// SignInMAC guards sign-ins and their answers.
func (k *Keyring) SignInMAC() *seal.MAC { return k.signIn }

// JournalMAC guards the journal's own bookkeeping row.
func (k *Keyring) JournalMAC() *seal.MAC { return k.journal }

// TLS returns a client configuration: TLS 1.3 only, this terminal's certificate, and the enrolment's authority as the
// only one that may vouch for serverName.
func (k *Keyring) TLS(serverName string) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   serverName,
		RootCAs:      k.authority,
		Certificates: []tls.Certificate{k.certificate},
	}
}

// Current returns the newest epoch; false before the first sign-in.
func (k *Keyring) Current() (Epoch, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.epochs) == 0 {
		return Epoch{}, false
	}
	return k.epochs[len(k.epochs)-1], true
}

// SignedIn says whether the terminal has ever signed in.
func (k *Keyring) SignedIn() bool {
	_, known := k.Current()
	return known
}

// Keys returns an epoch's working keys, or ErrEpoch.
func (k *Keyring) Keys(epoch uint32) (*seal.Keys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if keys := k.keys[epoch]; keys != nil {
		return keys, nil
	}
	for i := len(k.epochs) - 1; i >= 0; i-- {
		if k.epochs[i].Number == epoch {
			keys := k.Derive(k.epochs[i])
			k.keep(keys)
			return keys, nil
		}
	}
	return nil, fmt.Errorf("%w: %d is not in %s", ErrEpoch, epoch, k.statePath)
}

// keep makes room by dropping the oldest epoch's keys.
func (k *Keyring) keep(keys *seal.Keys) {
	if len(k.keys) >= keysMax {
		oldest := keys.Epoch
		for epoch := range k.keys {
			oldest = min(oldest, epoch)
		}
		delete(k.keys, oldest)
	}
	k.keys[keys.Epoch] = keys
}

// Derive returns the keys of an epoch that need not be stored.
func (k *Keyring) Derive(epoch Epoch) *seal.Keys {
	return seal.DeriveKeys(k.engine, k.terminalKey[:], epoch.Number, epoch.TerminalNonce, epoch.CloudNonce)
}

// Add stores a new epoch; when it returns nil the epoch survives a power cut. It returns ErrEpochOrder, ErrState when
// there are too many, and the file system's errors.
func (k *Keyring) Add(epoch Epoch) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.epochs); n > 0 && epoch.Number <= k.epochs[n-1].Number || epoch.Number == 0 {
		return fmt.Errorf("%w: %d", ErrEpochOrder, epoch.Number)
	}
	if len(k.epochs) >= epochsMax {
		return fmt.Errorf("%w: %d epochs", ErrState, len(k.epochs))
	}
	epochs := append(k.epochs[:len(k.epochs):len(k.epochs)], epoch)
	if err := writeState(k.statePath, k.terminal.String(), epochs); err != nil {
		return err
	}
	k.epochs = epochs
	return nil
}
