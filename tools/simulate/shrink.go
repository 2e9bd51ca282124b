package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// shrunkFolder is where shrunk scripts go.
const shrunkFolder = "build/simulate"

// runner plays scripts one after another.
type runner struct {
	shop   *world.Shop
	folder string
	count  int
}

// newRunner opens a shop; the folder is removed by close.
func newRunner() (*runner, error) {
	folder, err := os.MkdirTemp(world.Folder(), "yuantill-simulate-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	shop, err := openShop(folder)
	if err != nil {
		return nil, err
	}
	return &runner{shop: shop, folder: folder}, nil
}

func (r *runner) close() { _ = os.RemoveAll(r.folder) } // it is in memory, and small

func (r *runner) run(script world.Script, trace io.Writer) (world.Result, error) {
	r.count++
	return world.Run(r.shop, script, filepath.Join(r.folder, "world-"+strconv.Itoa(r.count)), trace)
}

// shorten makes a script shorter that breaks a promise, and writes it to a file. It returns the file's name.
func (o options) shorten(script world.Script, promise string) (string, error) {
	r, err := newRunner()
	if err != nil {
		return "", err
	}
	defer r.close()
	shrunk := world.Shrink(script, func(s world.Script) bool {
		result, err := r.run(s, nil)
		if err != nil {
			return false
		}
		for _, v := range result.Violations {
			if v.Name == promise {
				return true
			}
		}
		return false
	})
	shrunk.Notes = []string{fmt.Sprintf("seed %d, shrunk: breaks %s (%s)", script.Seed, promise, o.commit)}
	if err := os.MkdirAll(shrunkFolder, 0o755); err != nil {
		return "", fmt.Errorf("keep script: %w", err)
	}
	path := filepath.Join(shrunkFolder, fmt.Sprintf("seed-%d-%s.txt", script.Seed, promise))
	if err := os.WriteFile(path, []byte(shrunk.String()), 0o644); err != nil {
		return "", fmt.Errorf("keep script: %w", err)
	}
	return path, nil
}
