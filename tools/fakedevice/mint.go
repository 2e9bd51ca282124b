package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// newMintCommand makes hard wallets for --wallet.
func newMintCommand() *cobra.Command {
	var issuerPath, publicPath string
	var options hardcard.Options
	command := &cobra.Command{
		Use:   "mint",
		Short: "制作一张模拟硬钱包 | Make a simulated hard wallet",
		Long: "制作一张模拟硬钱包；发行方密钥文件不存在时先生成。\n" +
			"Makes a simulated hard wallet. An issuer's key file that does not exist is made first.",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(*cobra.Command, []string) error {
			issuer, err := loadIssuer(issuerPath)
			if err != nil {
				return err
			}
			if publicPath != "" {
				text, err := issuer.Public().MarshalPEM()
				if err != nil {
					return fmt.Errorf("write issuer's public key: %w", err)
				}
				if err := os.WriteFile(publicPath, text, 0o644); err != nil {
					return fmt.Errorf("write issuer's public key: %w", err)
				}
			}
			_, err = hardcard.Mint(issuer, options)
			return err
		},
	}
	flags := command.Flags()
	flags.StringVar(&issuerPath, "issuer", "", "发行方私钥文件（PEM） | issuer's private key, PEM")
	flags.StringVar(&publicPath, "issuer-public", "", "写出发行方公钥 | where to write the issuer's public key, PEM")
	flags.StringVar(&options.Path, "wallet", "", "硬钱包文件 | file to write the wallet to")
	flags.StringVar(&options.Wallet, "id", "0010000000000001", "钱包编号 16 位 | wallet id, 16 digits starting 00")
	flags.Int64Var(&options.Balance, "balance", 100_000, "余额（分） | balance in fen")
	flags.Uint16Var(&options.TapCount, "taps", 0, "两次联机之间可碰次数，0 为缺省 10 次 | taps between connections, 0 for the default of 10")
	for _, name := range []string{"issuer", "wallet"} {
		// The flag was defined above, so this cannot fail.
		_ = command.MarkFlagRequired(name)
	}
	return command
}

// loadIssuer reads the issuer's key, or makes one for a path where there is none.
func loadIssuer(path string) (*sign.Key, error) {
	text, err := os.ReadFile(path)
	if err == nil {
		key, err := sign.ParseKeyPEM(text)
		if err != nil {
			return nil, fmt.Errorf("read issuer key: %w", err)
		}
		return key, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read issuer key: %w", err)
	}
	key, err := sign.NewKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make issuer key: %w", err)
	}
	if text, err = key.MarshalPEM(); err != nil {
		return nil, fmt.Errorf("write issuer key: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("write issuer key: %w", err)
	}
	return key, nil
}
