package shop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestProfilesAreServedWhereTheyAreWanted: a cloud's profiles are nobody's who is not asked for them.
func TestProfilesAreServedWhereTheyAreWanted(t *testing.T) {
	settings := func(options Options) string {
		s := &Shop{Dir: t.TempDir(), options: options, API: "127.0.0.1:1"}
		require.NoError(t, s.writeCloudSettings("https://127.0.0.1:2"))
		text, err := os.ReadFile(filepath.Join(s.Dir, "cloud.toml"))
		require.NoError(t, err)
		return string(text)
	}
	require.Contains(t, settings(Options{}), "[api]\nlisten = \"127.0.0.1:1\"\nprofiling = false\n")
	require.Contains(t, settings(Options{Profiling: true}), "[api]\nlisten = \"127.0.0.1:1\"\nprofiling = true\n")
}
