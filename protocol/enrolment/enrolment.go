// Package enrolment is the file that makes a machine a terminal: what the cloud issued goes in, a file and a device
// key come out, and the other way round. The cloud writes it and the agent reads it.
//
//	Write(path, Enrolment, engine, random) error    Prepare(…) (*Draft, error) · Draft.Place · Discard
//	Read(path) (File, error)                         strict, mode 0600 enforced
//	DeviceKeyPath(path) · ReadDeviceKey(path)
//	Unwrap(engine, deviceKey, wrapped, context)      with File.Sealed: the terminal key
package enrolment

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// The errors of this package.
var (
	// ErrMalformed marks a file that is not an enrolment: wrong version, unknown field, bad key or certificate.
	ErrMalformed = errors.New("enrolment: malformed")
	// ErrMode marks a file that others than its owner may read.
	ErrMode = errors.New("enrolment: file mode is not 0600")
	// ErrDeviceKey marks a device key that did not wrap this enrolment's terminal key.
	ErrDeviceKey = errors.New("enrolment: device key does not open the terminal key")
)

// Enrolment is all that a terminal gets, the terminal key in the clear. Do not log it.
type Enrolment struct {
	Terminal    record.Terminal
	KeyVersion  uint16
	TerminalKey [seal.KeySize]byte // TMK
	// Certificate and CertificateKey are the TLS client's, ECDSA on P-256, PEM; the common name is the terminal id.
	Certificate, CertificateKey []byte
	// Authority holds the certificates of the CA that signs the brokers' certificates, PEM.
	Authority []byte
	// Identity is the terminal's SM2 key pair, PEM as package sign writes it.
	Identity []byte
}

// Validate returns ErrMalformed, with the reason, unless all parts are there and belong together.
func (e Enrolment) Validate() error {
	if e.TerminalKey == [seal.KeySize]byte{} {
		return fmt.Errorf("%w: no terminal key", ErrMalformed)
	}
	return checkParts(e.Terminal, e.KeyVersion, e.Certificate, e.CertificateKey, e.Authority, e.Identity)
}

// checkParts checks everything but the terminal key.
func checkParts(terminal record.Terminal, version uint16, certificate, key, authority, identity []byte) error {
	if _, err := record.ParseTerminal(terminal.String()); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if version == 0 {
		return fmt.Errorf("%w: key version 0", ErrMalformed)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("%w: client certificate: %w", ErrMalformed, err)
	}
	if private, ok := pair.PrivateKey.(*ecdsa.PrivateKey); !ok || private.Curve != elliptic.P256() {
		return fmt.Errorf("%w: client key is not ECDSA on P-256", ErrMalformed)
	}
	if name := pair.Leaf.Subject.CommonName; name != terminal.String() {
		return fmt.Errorf("%w: client certificate is for %q", ErrMalformed, name)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(authority) {
		return fmt.Errorf("%w: no authority certificate", ErrMalformed)
	}
	if _, err := sign.ParseKeyPEM(identity); err != nil {
		return fmt.Errorf("%w: identity key: %w", ErrMalformed, err)
	}
	return nil
}
