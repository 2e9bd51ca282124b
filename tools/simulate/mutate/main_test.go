package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChosen(t *testing.T) {
	patches := []string{"mutants/a.patch", "mutants/b.patch", "mutants/c.patch"}
	for name, c := range map[string]struct {
		only   string
		chosen []string
	}{
		"All":  {"", patches},
		"Some": {"c,a", []string{"mutants/c.patch", "mutants/a.patch"}},
		"Once": {"b, b", []string{"mutants/b.patch"}},
	} {
		t.Run(name, func(t *testing.T) {
			some, err := chosen(patches, c.only)
			require.NoError(t, err)
			require.Equal(t, c.chosen, some)
		})
	}
	t.Run("ErrTypo", func(t *testing.T) {
		_, err := chosen(patches, "a,typo")
		require.ErrorContains(t, err, `"typo"`)
		require.ErrorContains(t, err, "a\n  b\n  c")
	})
}
