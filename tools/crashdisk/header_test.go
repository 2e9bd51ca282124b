package crashdisk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHeader compares what is written down here of SQLite's interface with the header of the SQLite that is linked.
func TestHeader(t *testing.T) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mattn/go-sqlite3").Output()
	require.NoError(t, err)
	theirs := header(t, filepath.Join(strings.TrimSpace(string(folder)), "sqlite3-binding.h"))
	ours := header(t, "sqlite3vfs.h")
	defines := regexp.MustCompile(`#define (SQLITE_\w+) ([^#]+?) (#|typedef|struct|int )`)
	rest, found := ours, 0
	for {
		m := defines.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		line := rest[m[0]:m[5]]
		require.Contains(t, theirs, line+" ", "a constant differs")
		rest, found = rest[m[5]:], found+1
	}
	require.Equal(t, strings.Count(ours, "#define SQLITE_"), found)
	for _, name := range []string{"sqlite3_file", "sqlite3_io_methods", "sqlite3_vfs"} {
		want := structure(t, theirs, name)
		require.Equal(t, want, structure(t, ours, name), "struct %s", name)
	}
}

// header returns a header without comments, its white space reduced to single spaces.
func header(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	plain := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(text), " ")
	return strings.Join(strings.Fields(plain), " ")
}

// structure returns the body of a struct.
func structure(t *testing.T, text, name string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "struct "+name+" {")
	require.True(t, found, name)
	body, _, found := strings.Cut(after, "};")
	require.True(t, found, name)
	return body
}
