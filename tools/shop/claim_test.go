package shop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/folder"
)

// names lists a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := make([]string, 0, len(entries))
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}

func TestClaimFolder(t *testing.T) {
	t.Run("EmptiesItsOwn", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "demo")
		for range 2 {
			claimed, lock, err := ClaimFolder("demo", dir)
			require.NoError(t, err)
			require.Equal(t, dir, claimed)
			require.Equal(t, []string{".yuantill-demo"}, names(t, dir))
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "cloud", "broker"), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "cloud", "cloud.db"), []byte("books"), 0o600))
			require.NoError(t, lock.Release())
		}
	})
	t.Run("ErrHeldAndNothingTouched", func(t *testing.T) {
		dir := t.TempDir()
		_, lock, err := ClaimFolder("demo", dir)
		require.NoError(t, err)
		defer func() { require.NoError(t, lock.Release()) }()
		books := filepath.Join(dir, "cloud.db")
		require.NoError(t, os.WriteFile(books, []byte("books"), 0o600))
		_, _, err = ClaimFolder("demo", dir)
		require.ErrorIs(t, err, folder.ErrHeld)
		require.ErrorContains(t, err, fmt.Sprintf("demo is running here (pid %d)", os.Getpid()))
		require.ErrorContains(t, err, "已有 demo 在运行")
		text, err := os.ReadFile(books)
		require.NoError(t, err, "the running shop's data is left alone")
		require.Equal(t, "books", string(text))
		_, other, err := ClaimFolder("demo", filepath.Join(t.TempDir(), "elsewhere"))
		require.NoError(t, err, "another folder is free")
		require.NoError(t, other.Release())
	})
	t.Run("ErrNotOurs", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), []byte("x"), 0o600))
		_, _, err := ClaimFolder("demo", dir)
		require.ErrorIs(t, err, ErrNotOurs)
		require.Equal(t, []string{"thesis.tex"}, names(t, dir))
	})
}
