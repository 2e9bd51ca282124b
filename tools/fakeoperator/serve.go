package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/yuantill/yuantill/cloud/operator/profile"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/fakeoperator/daybook"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
)

// Bounds of both listeners. Idle connections live longer than a client keeps them, so that the client closes first and
// never sends into a closing connection.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 90 * time.Second
	headerBytesMax    = 16 << 10
	stopTimeout       = 2 * time.Second
)

// options are the command's flags.
type options struct {
	operator, listen, admin   string
	certificate, key, signKey string
	clients, issuers          []string
	merchants                 []string
	daybook                   string
	opening, completion       int64
	reuseCodes                bool
	plans                     string
	noPasswordCount           int
}

// clientKey is a public key as front wants it.
type clientKey struct{ public sign.PublicKey }

func (k clientKey) Verify(uid string, message, signature []byte) bool {
	return sign.Verify(k.public, uid, message, signature)
}

// serve runs both listeners until ctx ends.
func serve(ctx context.Context, o options, out io.Writer, log *slog.Logger) (err error) {
	outside, closeBooks, err := assemble(o, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeBooks()) }()
	certificate, err := tls.LoadX509KeyPair(o.certificate, o.key)
	if err != nil {
		return fmt.Errorf("load TLS certificate: %w", err)
	}
	pay, err := tls.Listen("tcp", o.listen, &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}})
	if err != nil {
		return fmt.Errorf("listen for payments: %w", err)
	}
	admin, err := listenLoopback(ctx, o.admin)
	if err != nil {
		return errors.Join(err, pay.Close())
	}
	ready := map[string]string{"operator": o.operator, "pay": "https://" + pay.Addr().String(), "admin": "http://" + admin.Addr().String()}
	if err := json.NewEncoder(out).Encode(ready); err != nil {
		return errors.Join(fmt.Errorf("write addresses: %w", err), pay.Close(), admin.Close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return run(ctx, newServer(outside.Handler(), log), pay) })
	group.Go(func() error { return run(ctx, newServer(outside.Admin(), log), admin) })
	return group.Wait()
}

// assemble reads the keys and builds bank and front; the function it returns closes the daybook.
func assemble(o options, log *slog.Logger) (*front.Front, func() error, error) {
	text, err := os.ReadFile(o.signKey)
	if err != nil {
		return nil, nil, fmt.Errorf("read sign key: %w", err)
	}
	signer, err := sign.ParseKeyPEM(text)
	if err != nil {
		return nil, nil, fmt.Errorf("parse sign key: %w", err)
	}
	clientKeys, err := readPublicKeys(o.clients)
	if err != nil {
		return nil, nil, err
	}
	clients := make(map[string]profile.Verifier, len(clientKeys))
	for _, key := range clientKeys {
		clients[key.Fingerprint().String()] = clientKey{key}
	}
	issuerKeys, err := readPublicKeys(o.issuers)
	if err != nil {
		return nil, nil, err
	}
	issuers, err := hardwallet.NewPool(issuerKeys...)
	if err != nil {
		return nil, nil, fmt.Errorf("collect issuers: %w", err)
	}
	books, closeBooks, err := openBooks(o, bank.NewHardWallets(issuers))
	if err != nil {
		return nil, nil, err
	}
	outside, err := front.New(front.Config{Bank: books, Signer: signer, Clients: clients, Merchants: o.merchants, Now: time.Now, Log: log})
	if err != nil {
		return nil, nil, errors.Join(err, closeBooks())
	}
	return outside, closeBooks, nil
}

// openBooks makes a bank that keeps its books in memory, or goes on with those of a daybook.
func openBooks(o options, cards bank.CardVerifier) (*bank.Bank, func() error, error) {
	config := bank.Config{Operator: o.operator, Now: time.Now, Opening: o.opening, ReuseCodes: o.reuseCodes, Cards: cards,
		CompletionPercent: o.completion, NoPasswordCount: o.noPasswordCount}
	if o.plans != "" {
		plans, err := plan.Read(o.plans)
		if err != nil {
			return nil, nil, err
		}
		caps := plans.Caps()
		config.Caps = &caps
	}
	if o.daybook == "" {
		books, err := bank.New(config)
		return books, func() error { return nil }, err
	}
	// The bank writes no line before it serves, and the lines before come in while the file is being opened.
	var later struct{ bank.Daybook }
	config.Daybook = &later
	books, err := bank.New(config)
	if err != nil {
		return nil, nil, err
	}
	file, err := daybook.Open(o.daybook, books.Restore)
	if err != nil {
		return nil, nil, err
	}
	later.Daybook = file
	return books, file.Close, nil
}

func readPublicKeys(paths []string) ([]sign.PublicKey, error) {
	keys := make([]sign.PublicKey, 0, len(paths))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read public key: %w", err)
		}
		key, err := sign.ParsePublicKeyPEM(text)
		if err != nil {
			return nil, fmt.Errorf("parse public key %s: %w", path, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// listenLoopback refuses every other address: the admin listener asks for no credentials.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read admin address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("listen for admin: %s is not loopback", address)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	return listener, nil
}

func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytesMax,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
}

// run serves until ctx ends, then lets calls in progress finish for stopTimeout.
func run(ctx context.Context, server *http.Server, listener net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
