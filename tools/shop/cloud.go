package shop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/protocol/sign"
)

// cloudSettings is the cloud's settings file.
const cloudSettings = `data = "cloud"
log_level = %q
issuers = ["issuer.pub"]

[broker]
listen = %q
names = ["127.0.0.1", "localhost"]

[api]
listen = %q
profiling = %t

[[operator]]
code = %q
url = %q
client = %q
public_key = "operator.pub"
authority = "cloud/ca.pem"
`

// prepare makes keys and certificates, and enrols merchant and terminals.
func (s *Shop) prepare(ctx context.Context) error {
	var err error
	if s.Broker, err = freeAddress(); err != nil {
		return err
	}
	if s.API, err = freeAddress(); err != nil {
		return err
	}
	if err := s.writeCloudSettings("https://127.0.0.1:1"); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"init"},
		{"merchant", "--id", merchantID, "--name", merchantName, "--operators", operatorCode},
	} {
		if err := s.command(ctx, "yuantill-cloud", append(command, "--settings", "cloud.toml")...); err != nil {
			return err
		}
	}
	if err := s.enrol(ctx); err != nil {
		return err
	}
	return s.operatorKeys()
}

func (s *Shop) writeCloudSettings(operatorURL string) error {
	text := fmt.Sprintf(cloudSettings, s.options.LogLevel, s.Broker, s.API, s.options.Profiling, operatorCode, operatorURL, client) +
		s.options.CloudSettings
	return os.WriteFile(s.path("cloud.toml"), []byte(text), 0o600)
}

// enrol enrols the terminals with devices and those for a load generator.
func (s *Shop) enrol(ctx context.Context) error {
	count := s.options.Terminals + s.options.Enrolments
	if count == 0 {
		return errors.New("no terminal to enrol")
	}
	dir := s.path("enrolment")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make enrolment folder: %w", err)
	}
	err := s.command(ctx, "yuantill-cloud", "enrol", "--settings", "cloud.toml", "--merchant", merchantID, "--out", dir,
		"--terminal", strconv.Itoa(firstTerminal), "--count", strconv.Itoa(count))
	for i := s.options.Terminals; i < count; i++ {
		s.Enrolments = append(s.Enrolments, filepath.Join(dir, strconv.Itoa(firstTerminal+i)+".json"))
	}
	return err
}

// operatorKeys makes the operator's TLS certificate and signing keys.
func (s *Shop) operatorKeys() error {
	authority, err := merchant.OpenAuthority(s.path("cloud"))
	if err != nil {
		return err
	}
	pair, err := authority.IssueServer([]string{"127.0.0.1"}, time.Now())
	if err != nil {
		return err
	}
	key, err := sign.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	private, err := key.MarshalPEM()
	if err != nil {
		return err
	}
	public, err := key.Public().MarshalPEM()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"operator.crt": pair.Certificate, "operator.tls.key": pair.Key,
		"operator.key": private, "operator.pub": public} {
		if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
			return fmt.Errorf("write operator keys: %w", err)
		}
	}
	return nil
}

// startOperator starts the operator and tells the cloud's settings where it is.
func (s *Shop) startOperator(running context.Context) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		if s.operatorPay, err = freeAddress(); err != nil {
			return err
		}
		if s.operatorHome, err = freeAddress(); err != nil {
			return err
		}
		s.Operator = Operator{base: "http://" + s.operatorHome}
		if err := s.mint(ctx, firstWallet, 0); err != nil {
			return err
		}
		if err := s.StartOperator(ctx); err != nil {
			return err
		}
		reached := s.operatorPay
		if s.options.Rough {
			if s.OperatorCable, err = s.cable(running, s.operatorPay); err != nil {
				return err
			}
			reached = s.OperatorCable.Address()
		}
		return s.writeCloudSettings("https://" + reached)
	}
}

// StartOperator starts the operator, for the first time or after it was stopped, and waits until it listens. Without a
// daybook it begins with empty books each time.
func (s *Shop) StartOperator(ctx context.Context) error {
	arguments := []string{"--operator", operatorCode, "--listen", s.operatorPay, "--admin", s.operatorHome, "--cert", "operator.crt",
		"--key", "operator.tls.key", "--sign-key", "operator.key", "--client", "cloud/signing.pub", "--issuer", "issuer.pub",
		"--opening", openingBalance}
	if !s.options.Unasked {
		arguments = append(arguments, "--no-password-count", strconv.Itoa(NoPasswordCount))
	}
	if s.options.Daybook {
		arguments = append(arguments, "--daybook", "operator.daybook")
	}
	p, err := s.begin("operator", append([]string{s.program("fakeoperator")}, arguments...)...)
	if err != nil {
		return err
	}
	s.Bank = p
	var where struct{ Admin string }
	return p.announced(ctx, &where)
}

// firstWallet is the file of the first terminal's hard wallet, which clones have too.
const firstWallet = "wallet.json"

func walletID(number int) string { return fmt.Sprintf("%016d", firstWalletID+number) }

// mint makes a hard wallet, and the issuer with the first.
func (s *Shop) mint(ctx context.Context, file string, number int) error {
	balance := s.options.Wallet.Balance
	if balance == 0 {
		balance = walletBalance
	}
	return s.command(ctx, "fakedevice", "mint", "--issuer", "issuer.key", "--issuer-public", "issuer.pub", "--wallet", file,
		"--id", walletID(number), "--balance", strconv.FormatInt(balance, 10),
		"--taps", strconv.Itoa(int(s.options.Wallet.Taps)))
}

// StartCloud starts the cloud, for the first time or after it was stopped, and waits until it is ready.
func (s *Shop) StartCloud(ctx context.Context) error {
	if err := s.LaunchCloud(); err != nil {
		return err
	}
	return s.Cloud.ready(ctx, answers("http://"+s.API+"/readyz"))
}

// LaunchCloud starts the cloud and does not wait.
func (s *Shop) LaunchCloud() error {
	p, err := s.begin("cloud", s.program("yuantill-cloud"), "serve", "--settings", "cloud.toml")
	if err != nil {
		return err
	}
	s.Cloud = p
	return nil
}
