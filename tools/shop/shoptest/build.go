// Package shoptest builds the shop's programs for tests that run it: packages come in, a folder of programs leaves.
package shoptest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binVariable hands the folder of the programs on from Main to the tests.
const binVariable = "YUANTILL_SHOPTEST_BIN"

// Bin is the folder of the programs.
func Bin() string { return os.Getenv(binVariable) }

// Main builds the shop's programs, and others of this module such as "./tools/faults/wrongclock", runs the tests and
// exits. Root is the module's folder as seen from the test.
func Main(m *testing.M, root string, others ...string) {
	code, err := buildAndRun(m, root, others)
	if err != nil {
		fmt.Fprintln(os.Stderr, "shoptest:", err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M, root string, others []string) (code int, err error) {
	bin, err := os.MkdirTemp("", "shoptest")
	if err != nil {
		return 0, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(bin)
	if err := os.Setenv(binVariable, bin); err != nil {
		return 0, fmt.Errorf("name folder: %w", err)
	}
	arguments := []string{"build", "-tags", "sqlite_omit_load_extension", "-o", bin + string(filepath.Separator),
		"./agent/yuantill-agent", "./cloud/yuantill-cloud", "./tools/fakedevice", "./tools/fakeoperator"}
	build := exec.Command("go", append(arguments, others...)...)
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build programs: %w: %s", err, text)
	}
	return m.Run(), nil
}
