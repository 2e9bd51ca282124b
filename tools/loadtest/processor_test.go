package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	const rest = " S 77 1 1 0 -1 4194560 9 0 0 0 250 30 5 6 20 0 8 0 100 1 1"
	t.Run("OK", func(t *testing.T) {
		name, parent, used, err := parseStat([]byte("4711 (yuantill-cloud)" + rest))
		require.NoError(t, err)
		require.Equal(t, "yuantill-cloud", name)
		require.Equal(t, 77, parent)
		require.Equal(t, 2800*time.Millisecond, used)
	})
	t.Run("NameWithParentheses", func(t *testing.T) {
		name, parent, _, err := parseStat([]byte("1 (a) b (c)" + rest))
		require.NoError(t, err)
		require.Equal(t, "a) b (c", name)
		require.Equal(t, 77, parent)
	})
	for _, text := range []string{"", "1 a S 77", ") 1 (", "1 (a) S 77 1", "1 (a) S x 1 1 0 -1 4 9 0 0 0 250 30", "1 (a) S 7 1 1 0 -1 4 9 0 0 0 250 x"} {
		t.Run("errStat", func(t *testing.T) {
			_, _, _, err := parseStat([]byte(text))
			require.ErrorIs(t, err, errStat)
		})
	}
}

func TestUsageNow(t *testing.T) {
	before, err := usageNow()
	require.NoError(t, err)
	for begun := time.Now(); time.Since(begun) < 20*time.Millisecond; {
	}
	after, err := usageNow()
	require.NoError(t, err)
	require.Greater(t, after.since(before, loadName, 1), 0.0)
	require.Zero(t, after.since(before, "no-such-program", 1))
	require.InDelta(t, after.since(before, loadName, 1)/4, after.since(before, loadName, 4), 0.001)
}
