package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/sign"
)

func initCommand(with configured) *cobra.Command {
	return &cobra.Command{Use: "init", Args: cobra.NoArgs,
		Short: "建立空账簿，生成根密钥、证书机构、服务器证书和签名密钥 · Make empty books, root key, authority, server certificate and signing key",
		RunE: with(func(command *cobra.Command, s Settings) error {
			if err := initialise(command.Context(), s, time.Now()); err != nil {
				return fmt.Errorf("init %s: %w", s.Data, err)
			}
			fmt.Fprintln(command.OutOrStdout(), s.Data)
			return nil
		})}
}

// initialise makes the data folder's database and keys. What exists is never replaced, and what a run that was stopped
// half-way has left is completed. It returns os.ErrExist when nothing was missing, and sqlite.ErrGone where the database is.
func initialise(ctx context.Context, s Settings, now time.Time) (err error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return err
	}
	lock, err := folder.Acquire(s.lock())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	made, err := makeDatabase(ctx, s)
	if err != nil {
		return err
	}
	for _, step := range []func(Settings, time.Time) error{makeRoot, makeAuthority, makeServerPair, makeSigningKey, makeSigningPublic} {
		switch err := step(s, now); {
		case err == nil:
			made++
		case !errors.Is(err, os.ErrExist):
			return err
		}
	}
	if made == 0 {
		return fmt.Errorf("%w: %w", errInitialised, os.ErrExist)
	}
	return nil
}

// makeDatabase makes the empty books and reports how many. They are made before any key: so keys without a database are a
// cloud that has lost it, and not one that was never finished.
func makeDatabase(ctx context.Context, s Settings) (made int, err error) {
	if _, err := os.Lstat(s.rootKey()); !errors.Is(err, os.ErrNotExist) {
		if err != nil {
			return 0, err
		}
		return 0, sqlite.Present(s.database())
	}
	if err := sqlite.Present(s.database()); !errors.Is(err, sqlite.ErrGone) {
		return 0, err
	}
	books, err := sqlite.Open(ctx, s.database(), sqlite.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	return 1, books.Close()
}

func makeRoot(s Settings, _ time.Time) error {
	_, err := merchant.CreateRoot(s.rootKey(), fast.Engine(), rand.Reader)
	return err
}

// makeAuthority makes no other key where a certificate is: what was signed by its key would be worth nothing.
func makeAuthority(s Settings, now time.Time) error {
	_, err := merchant.CreateAuthority(s.Data, now, rand.Reader)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	if _, unusable := merchant.OpenAuthority(s.Data); unusable != nil {
		return unusable
	}
	return err
}

func makeServerPair(s Settings, now time.Time) error {
	if _, err := os.Lstat(s.serverPair()); err == nil {
		return os.ErrExist
	}
	authority, err := merchant.OpenAuthority(s.Data)
	if err != nil {
		return err
	}
	server, err := authority.IssueServer(s.Broker.Names, now)
	if err != nil {
		return err
	}
	return merchant.WritePrivate(s.serverPair(), append(server.Certificate, server.Key...))
}

// makeSigningKey does not make another key where the public half of one is: operators may have it already.
func makeSigningKey(s Settings, _ time.Time) error {
	if _, err := os.Lstat(s.signingKey()); err == nil {
		return os.ErrExist
	}
	if _, err := os.Lstat(s.signingPublic()); err == nil {
		return fmt.Errorf("%w: %s", errSigningKeyLost, s.signingKey())
	}
	key, err := sign.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	private, err := key.MarshalPEM()
	if err != nil {
		return err
	}
	return merchant.WritePrivate(s.signingKey(), private)
}

// The errors of init.
var (
	// errInitialised says that nothing is missing.
	errInitialised = errors.New("all keys are there already")
	// errSigningKeyLost says that the signing key is gone and its public half is not.
	errSigningKeyLost = errors.New("signing key is missing while its public key is there")
)

func makeSigningPublic(s Settings, _ time.Time) error {
	if _, err := os.Lstat(s.signingPublic()); err == nil {
		return os.ErrExist
	}
	text, _, err := plainfile.Read(s.signingKey(), fileMax)
	if err != nil {
		return err
	}
	key, err := sign.ParseKeyPEM(text)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.signingKey(), err)
	}
	public, err := key.Public().MarshalPEM()
	if err != nil {
		return err
	}
	return merchant.WritePublic(s.signingPublic(), public)
}
