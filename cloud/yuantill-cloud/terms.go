package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/sign"
)

// terms reads fees and limits, and who issues hard wallets; no pool where the settings name nobody.
func (s *Settings) terms() (*plan.Plans, *hardwallet.Pool, error) {
	plans, err := plan.Default()
	if s.Plans != "" {
		plans, err = plan.Read(s.Plans)
	}
	if err != nil || len(s.Issuers) == 0 {
		return plans, nil, err
	}
	keys := make([]sign.PublicKey, 0, len(s.Issuers))
	for _, path := range s.Issuers {
		text, _, err := plainfile.Read(path, fileMax)
		if err != nil {
			return nil, nil, fmt.Errorf("read issuer: %w", err)
		}
		key, err := sign.ParsePublicKeyPEM(text)
		if err != nil {
			return nil, nil, fmt.Errorf("read issuer %s: %w", path, err)
		}
		keys = append(keys, key)
	}
	issuers, err := hardwallet.NewPool(keys...)
	return plans, issuers, err
}

func plansCommand(with configured) *cobra.Command {
	var builtIn bool
	command := &cobra.Command{Use: "plans", Args: cobra.NoArgs,
		Short: "校验费率与限额文件 · Check the file of fees and limits",
		RunE: with(func(command *cobra.Command, s Settings) error {
			if builtIn {
				_, err := fmt.Fprint(command.OutOrStdout(), plan.Document())
				return err
			}
			if _, _, err := s.terms(); err != nil {
				return err
			}
			_, err := fmt.Fprintln(command.OutOrStdout(), "有效 valid")
			return err
		})}
	command.Flags().BoolVar(&builtIn, "print", false, "打印内置的一份 · print the built-in one")
	return command
}
