package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/protocol/sign"
)

func TestPlans(t *testing.T) {
	s := newSite(t, "")
	require.Contains(t, s.must("plans"), "valid")
	require.Equal(t, plan.Document(), s.must("plans", "--print"))
}

// withTerms is a site whose settings name a file of plans and an issuer; top-level keys come before the sections.
func withTerms(t *testing.T, plans string) *site {
	s := newSite(t, "")
	text, err := os.ReadFile(s.settings)
	require.NoError(t, err)
	whole := "plans = \"plans.toml\"\nissuers = [\"issuer.pub\"]\n" + string(text)
	require.NoError(t, os.WriteFile(s.settings, []byte(whole), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "plans.toml"), []byte(plans), 0o600))
	key, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	public, err := key.Public().MarshalPEM()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "issuer.pub"), public, 0o600))
	return s
}

func TestTerms(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		s := withTerms(t, strings.Replace(plan.Document(), "payment_max = 50_000", "payment_max = 40_000", 1))
		require.Contains(t, s.must("plans"), "valid")
		settings, err := ReadSettings(s.settings)
		require.NoError(t, err)
		plans, issuers, err := settings.terms()
		require.NoError(t, err)
		require.NotNil(t, issuers)
		require.Equal(t, int64(400_00), plans.For("", "").Offline.PaymentMax)
	})
	t.Run("a rate above its cap does not start", func(t *testing.T) {
		s := withTerms(t, strings.Replace(plan.Document(), "fee_cap_basis_points = 10", "fee_basis_points = 11", 1))
		s.must("init")
		_, err := s.run(t.Context(), "serve")
		require.ErrorIs(t, err, plan.ErrInvalid)
	})
	t.Run("an issuer that is missing does not start", func(t *testing.T) {
		s := withTerms(t, plan.Document())
		s.must("init")
		require.NoError(t, os.Remove(filepath.Join(s.dir, "issuer.pub")))
		_, err := s.run(t.Context(), "serve")
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorContains(t, err, "issuers: 没有文件 "+filepath.Join(s.dir, "issuer.pub"))
	})
}
