package merchant

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/record"
)

// The authority's files and how long what it signs lasts.
const (
	authorityCertificate = "ca.pem"
	authorityKey         = "ca.key"
	keyFileMax           = 64 << 10 // bytes of a key or certificate file
	authorityYears       = 20
	serverYears          = 2
	terminalYears        = 5
	// backdate lets a certificate be used at once on a machine whose clock is a little behind.
	backdate = time.Hour
)

// Authority signs the TLS certificates of servers and terminals: ECDSA on P-256, the standard library's TLS 1.3.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	random      io.Reader
}

// Pair is a certificate and its private key, both PEM.
type Pair struct {
	Certificate, Key []byte
	// Leaf is the certificate in DER.
	Leaf []byte
}

// CreateAuthority makes ca.key and ca.pem in a directory. It returns os.ErrExist rather than replace one. A key without its
// certificate is what was left when that was stopped half-way: nothing was signed with it, and it gets its certificate.
func CreateAuthority(dir string, now time.Time, random io.Reader) (*Authority, error) {
	if _, err := os.Lstat(filepath.Join(dir, authorityCertificate)); !errors.Is(err, os.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("write authority certificate: %w", os.ErrExist), err)
	}
	a := &Authority{random: random}
	key, err := authorityKeyOf(dir, random)
	if err != nil {
		return nil, err
	}
	template := a.template("yuantill terminal authority", now, authorityYears)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	pair, err := signPair(random, template, template, key, key)
	if err != nil {
		return nil, err
	}
	if err := WritePrivate(filepath.Join(dir, authorityCertificate), pair.Certificate); err != nil {
		return nil, fmt.Errorf("write authority certificate: %w", err)
	}
	return OpenAuthority(dir)
}

// authorityKeyOf reads the authority's key, or makes it.
func authorityKeyOf(dir string, random io.Reader) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, authorityKey)
	text, err := readPrivate(path)
	if err == nil {
		return parseAuthorityKey(text)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read authority key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("make authority key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode authority key: %w", err)
	}
	if err := WritePrivate(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, fmt.Errorf("write authority key: %w", err)
	}
	return key, nil
}

func parseAuthorityKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read authority key: %w: not PEM", ErrKeyFile)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read authority key: %w: %w", ErrKeyFile, err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read authority key: %w: not ECDSA", ErrKeyFile)
	}
	return key, nil
}

// OpenAuthority reads an authority's files. It returns ErrKeyFile and the file system's errors.
func OpenAuthority(dir string) (*Authority, error) {
	certificateText, _, err := plainfile.Read(filepath.Join(dir, authorityCertificate), keyFileMax)
	if err != nil {
		return nil, fmt.Errorf("read authority certificate: %w", err)
	}
	keyText, err := readPrivate(filepath.Join(dir, authorityKey))
	if err != nil {
		return nil, fmt.Errorf("read authority key: %w", err)
	}
	certificateBlock, _ := pem.Decode(certificateText)
	if certificateBlock == nil {
		return nil, fmt.Errorf("read authority: %w: not PEM", ErrKeyFile)
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read authority certificate: %w: %w", ErrKeyFile, err)
	}
	key, err := parseAuthorityKey(keyText)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, fmt.Errorf("read authority: %w: key and certificate differ", ErrKeyFile)
	}
	return &Authority{certificate: certificate, key: key, random: rand.Reader}, nil
}

// PEM returns the authority's certificate, which terminals and the broker trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

// Pool returns the trust that accepts exactly what this authority signed.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// IssueServer signs a server's certificate for host names and IP addresses; at least one is needed.
func (a *Authority) IssueServer(names []string, now time.Time) (Pair, error) {
	if len(names) == 0 {
		return Pair{}, errors.New("issue server certificate: no name")
	}
	template := a.template(names[0], now, serverYears)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return a.issue(template)
}

// IssueTerminal signs a terminal's client certificate; its common name is the terminal id.
func (a *Authority) IssueTerminal(terminal record.Terminal, now time.Time) (Pair, error) {
	template := a.template(terminal.String(), now, terminalYears)
	template.KeyUsage, template.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.issue(template)
}

func (a *Authority) issue(template *x509.Certificate) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), a.random)
	if err != nil {
		return Pair{}, fmt.Errorf("make key: %w", err)
	}
	return signPair(a.random, template, a.certificate, key, a.key)
}

func (a *Authority) template(name string, now time.Time, years int) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-backdate),
		NotAfter: now.AddDate(years, 0, 0)}
}

func signPair(random io.Reader, template, parent *x509.Certificate, key, parentKey *ecdsa.PrivateKey) (Pair, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(random, serial); err != nil {
		return Pair{}, fmt.Errorf("draw serial number: %w", err)
	}
	serial[0] &= 0x7F // RFC 5280: positive, at most 20 bytes
	template.SerialNumber = new(big.Int).SetBytes(serial)
	der, err := x509.CreateCertificate(random, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return Pair{}, fmt.Errorf("sign certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encode key: %w", err)
	}
	return Pair{Leaf: der, Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})}, nil
}
