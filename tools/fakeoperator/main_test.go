package main_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/jsonhttps"
	"github.com/yuantill/yuantill/cloud/operator/operatortest"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// process is the program running as its users run it.
type process struct {
	command   *exec.Cmd
	addresses struct{ Operator, Pay, Admin string }
	connector *jsonhttps.Connector
}

type verifier struct{ key sign.PublicKey }

func (v verifier) Verify(uid string, message, signature []byte) bool {
	return sign.Verify(v.key, uid, message, signature)
}

func build(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fakeoperator")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

// arrange writes certificates and keys and returns the flags that name them.
func arrange(t testing.TB) (flags []string, config jsonhttps.Config) {
	t.Helper()
	dir := t.TempDir()
	save := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	ours, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	theirs, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	secret, err := theirs.MarshalPEM()
	require.NoError(t, err)
	public, err := ours.Public().MarshalPEM()
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificate))
	flags = []string{"--cert", save("cert.pem", certificate), "--key", save("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
		"--sign-key", save("sign.pem", secret), "--client", save("client.pem", public)}
	return flags, jsonhttps.Config{Client: "48021000", Key: ours.Public().Fingerprint().String(), Signer: ours, Verifier: verifier{theirs.Public()},
		TLS: &tls.Config{RootCAs: pool}, Now: time.Now, Random: rand.Reader}
}

func start(t testing.TB, extra ...string) *process {
	t.Helper()
	flags, config := arrange(t)
	return launch(t, build(t), append(flags, extra...), config)
}

func launch(t testing.TB, program string, flags []string, config jsonhttps.Config) *process {
	t.Helper()
	p := &process{command: exec.CommandContext(t.Context(), program, flags...)}
	p.command.Stderr = os.Stderr
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &p.addresses))
	config.URL = p.addresses.Pay
	p.connector, err = jsonhttps.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.connector.Close()) })
	return p
}

func (p *process) admin(t *testing.T, method, path, body string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.addresses.Admin+path, bytes.NewBufferString(body))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	require.Less(t, response.StatusCode, 300)
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answer
}

func TestProcess(t *testing.T) {
	p := start(t, "--operator", "BOC")
	require.Equal(t, "BOC", p.addresses.Operator)
	paid, declined := operatortest.NewRequest(t, 1250), operatortest.NewRequest(t, 1313)
	answer, err := p.connector.Authorise(t.Context(), paid)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, "BOC", answer.PayerOperator)

	p.admin(t, http.MethodPost, "/rules", `{"amount":1313,"do":"decline","reason":"limit_exceeded"}`)
	answer, err = p.connector.Authorise(t.Context(), declined)
	require.NoError(t, err)
	require.Equal(t, operator.ReasonLimitExceeded, answer.Reason)

	var books bank.Books
	require.NoError(t, json.Unmarshal(p.admin(t, http.MethodGet, "/books", ""), &books))
	require.Equal(t, bank.Totals{Orders: 2, Approved: 1, Declined: 1, Debited: 1250, NetDebit: 1250}, books.Totals)

	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.command.Wait(), "a stop on request is a success")
	_, err = p.connector.Authorise(t.Context(), operatortest.NewRequest(t, 1))
	var notSent *operator.NotSentError
	require.ErrorAs(t, err, &notSent)
}

// TestKilled kills the operator as a power cut would: what it answered it still knows.
func TestKilled(t *testing.T) {
	program := build(t)
	flags, config := arrange(t)
	flags = append(flags, "--daybook", filepath.Join(t.TempDir(), "books"))
	p := launch(t, program, flags, config)
	paid, back := operatortest.NewRequest(t, 1250), operatortest.NewRequest(t, 99)
	for _, request := range []operator.Request{paid, back} {
		answer, err := p.connector.Authorise(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, operator.StatusApproved, answer.Status)
	}
	inquiry := operator.Inquiry{OrderID: back.OrderID, Merchant: back.Merchant, Amount: back.Amount, Currency: back.Currency}
	_, err := p.connector.Reverse(t.Context(), inquiry)
	require.NoError(t, err)
	before := p.admin(t, http.MethodGet, "/books", "")
	require.NoError(t, p.command.Process.Kill())
	_ = p.command.Wait() // killed, which Wait reports

	p = launch(t, program, flags, config)
	require.JSONEq(t, string(before), string(p.admin(t, http.MethodGet, "/books", "")))
	again, err := p.connector.Authorise(t.Context(), paid)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, again.Status)
	var books bank.Books
	require.NoError(t, json.Unmarshal(p.admin(t, http.MethodGet, "/books", ""), &books))
	require.EqualValues(t, 1250, books.Totals.NetDebit)
}

func TestRefusesToStart(t *testing.T) {
	program := build(t)
	flags, _ := arrange(t)
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"WithoutKeys":        {nil, "required flag(s)"},
		"AdminOffLoopback":   {append(flags[:len(flags):len(flags)], "--admin", "0.0.0.0:0"), "is not loopback"},
		"SignKeyMissing":     {append(flags[:len(flags):len(flags)], "--sign-key", "/nowhere.pem"), "read sign key"},
		"ClientKeyIsPrivate": {append(flags[:len(flags):len(flags)], "--client", flags[5]), "parse public key"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			out, err := exec.CommandContext(ctx, program, c.flags...).CombinedOutput()
			require.Error(t, err)
			require.NoError(t, ctx.Err(), "it started")
			require.Contains(t, string(out), c.says)
		})
	}
}

// TestHelp: how to make the operator misbehave is said by the program itself.
func TestHelp(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), build(t), "--help").CombinedOutput()
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(front.Help("http://ADMIN")), "\n") {
		require.Contains(t, string(out), line)
	}
}
