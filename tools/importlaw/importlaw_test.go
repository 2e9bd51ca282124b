// Package importlaw holds the module to its import law: drivers and protocol import nothing of ours outside
// themselves, agent imports both, cloud imports protocol, tools imports anything.
package importlaw_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/yuantill/yuantill/"

// allowed says which top-level folders a top-level folder may import.
var allowed = map[string][]string{
	"protocol": {"protocol"},
	"drivers":  {"drivers"},
	"agent":    {"agent", "drivers", "protocol"},
	"cloud":    {"cloud", "protocol"},
}

// listed is the part of `go list -json` that matters here.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", module+"...").Output()
	require.NoError(t, err)
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}

// folder returns the top-level folder of one of our packages, or "".
func folder(path string) string {
	inside, ours := strings.CutPrefix(path, module)
	if !ours {
		return ""
	}
	top, _, _ := strings.Cut(inside, "/")
	return top
}

// breach names the first import that the law forbids, or "".
func breach(from string, imports []string) string {
	may, bound := allowed[folder(from)]
	if !bound {
		return ""
	}
	for _, to := range imports {
		if top := folder(to); top != "" && !contains(may, top) {
			return from + " imports " + to
		}
	}
	return ""
}

func contains(list []string, item string) bool {
	for _, s := range list {
		if s == item {
			return true
		}
	}
	return false
}

func TestImportLaw(t *testing.T) {
	packages := list(t)
	require.Greater(t, len(packages), 5, "go list found the module")
	for _, p := range packages {
		// Tests are not shipped: they may bring in the other side, as agent's tests do with a simulated reader.
		require.Empty(t, breach(p.ImportPath, p.Imports))
	}
}

func TestDriversAndProtocolTestsStandAlone(t *testing.T) {
	for _, p := range list(t) {
		if top := folder(p.ImportPath); top == "drivers" || top == "protocol" {
			for _, to := range append(p.TestImports, p.XTestImports...) {
				require.NotContains(t, []string{"agent", "cloud"}, folder(to), "%s's tests import %s", p.ImportPath, to)
			}
		}
	}
}

func TestBreachIsSeen(t *testing.T) {
	require.NotEmpty(t, breach(module+"drivers/port", []string{module + "protocol/seal"}))
	require.NotEmpty(t, breach(module+"cloud/api", []string{"fmt", module + "agent/journal"}))
	require.Empty(t, breach(module+"agent/uplink", []string{module + "protocol/seal", module + "drivers"}))
	require.Empty(t, breach(module+"tools/demo", []string{module + "cloud/api"}))
}
