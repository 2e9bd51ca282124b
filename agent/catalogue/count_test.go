package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
)

func TestCounted(t *testing.T) {
	require.Equal(t, "0 sales", catalogue.Counted(0, "sale"))
	require.Equal(t, "1 sale", catalogue.Counted(1, "sale"))
	require.Equal(t, "12 sales", catalogue.Counted(uint64(12), "sale"))
	require.Contains(t, catalogue.ArgumentsMost("x", 1).English, "at most 1 argument")
	require.NotContains(t, catalogue.ArgumentsMost("x", 1).English, "(s)")
}
