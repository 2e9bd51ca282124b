package shop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrMissing says which of the shop's programs are not where they are looked for.
var ErrMissing = errors.New("缺少程序，请先 make build，或用 --bin 指明目录 · programs are missing; make build makes them, --bin names their folder")

// Programs returns ErrMissing unless all that a shop runs are there: in the folder, but for an agent of its own.
func Programs(bin, agent string) error {
	paths := []string{filepath.Join(bin, "yuantill-cloud"), filepath.Join(bin, "fakeoperator"), filepath.Join(bin, "fakedevice")}
	if agent == "" {
		agent = filepath.Join(bin, "yuantill-agent")
	}
	var missing []string
	for _, path := range append(paths, agent) {
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, filepath.Base(path))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s: %s", ErrMissing, bin, strings.Join(missing, ", "))
}
