// Package enrolmenttest makes a certificate authority and enrolments for tests: a terminal id comes in, files that a
// keyring opens and TLS configurations that trust each other leave.
package enrolmenttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// Authority is a CA of one test.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
}

// NewAuthority makes a CA.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{}
	a.certificate, a.key = a.issue(t, "yuantill test authority", true)
	return a
}

// PEM returns the CA's certificate.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.certificate.Raw) }

// Enrolment returns a complete enrolment with fresh keys, the terminal key derived from an all-ones root.
func (a *Authority) Enrolment(t testing.TB, terminal string) enrolment.Enrolment {
	t.Helper()
	id, err := record.ParseTerminal(terminal)
	require.NoError(t, err)
	identity, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	identityPEM, err := identity.MarshalPEM()
	require.NoError(t, err)
	certificate, key := a.Issue(t, terminal)
	return enrolment.Enrolment{
		Terminal: id, KeyVersion: 1, TerminalKey: TerminalKey(terminal),
		Certificate: certificate, CertificateKey: key, Authority: a.PEM(), Identity: identityPEM,
	}
}

// TerminalKey is the key that Enrolment gives a terminal; the test's cloud derives the same.
func TerminalKey(terminal string) [seal.KeySize]byte {
	root := [seal.KeySize]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	return [seal.KeySize]byte(seal.TerminalKey(seal.Portable(), root[:], terminal, 1))
}

// Issue returns a certificate and key, PEM, good for clients and for servers on 127.0.0.1 and localhost.
func (a *Authority) Issue(t testing.TB, name string) (certificate, key []byte) {
	t.Helper()
	leaf, private := a.issue(t, name, false)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return encode("CERTIFICATE", leaf.Raw), encode("PRIVATE KEY", der)
}

// ServerTLS returns a TLS 1.3 server configuration that demands client certificates of this CA.
func (a *Authority) ServerTLS(t testing.TB) *tls.Config {
	t.Helper()
	certificate, key := a.Issue(t, "broker")
	pair, err := tls.X509KeyPair(certificate, key)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
}

func (a *Authority) issue(t testing.TB, name string, authority bool) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	parent, signer := a.certificate, a.key
	if authority {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		template.ExtKeyUsage = nil
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return certificate, key
}

func encode(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}
