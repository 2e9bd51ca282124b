// Package enrolment is the file that makes a machine a terminal: what the cloud issued comes in, a file and a device
// key leave, and the other way round.
//
//	Write(path, Enrolment, engine, random) error     enrolment file and device key file, both mode 0600
//	Read(path) (File, error)                         strict; File.Unwrap(engine, deviceKey) gives the terminal key
package enrolment

import (
	"io"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Enrolment is all a terminal gets, unwrapped.
type Enrolment struct {
	Terminal    record.Terminal
	KeyVersion  uint16
	TerminalKey [seal.KeySize]byte // TMK
	// Certificate and CertificateKey are the TLS client's, ECDSA P-256, PEM; the common name is the terminal id.
	Certificate, CertificateKey []byte
	// Authority is the CA that signs brokers, PEM.
	Authority []byte
	// Identity is the terminal's SM2 key, PEM of package sign.
	Identity []byte
}

// Write writes path and the device key beside it (DeviceKeyPath), mode 0600. An existing file is not replaced.
func Write(path string, e Enrolment, engine seal.Engine, random io.Reader) error { return nil }

// DeviceKeyPath is where the device key of an enrolment file is.
func DeviceKeyPath(path string) string { return path + ".devicekey" }
