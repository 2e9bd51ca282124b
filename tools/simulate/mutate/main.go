// Mutate proves that the simulator finds mistakes: it plants each of the bugs in tools/simulate/mutants into a copy of the
// tree, simulates until a promise is broken, and prints the seed that broke it. It fails when a bug is not found.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Where things are, seen from the tree's root.
const (
	mutantsFolder = "tools/simulate/mutants"
	simulator     = "./tools/simulate"
	buildTags     = "sqlite_omit_load_extension"
)

// copied are the parts of the tree that a build needs.
var copied = []string{"agent", "cloud", "drivers", "protocol", "tools", "go.mod", "go.sum"}

var errNotFound = errors.New("a planted bug was not found")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	seeds := flag.Uint64("seeds", 1000, "within how many seeds a bug has to be found")
	only := flag.String("only", "", "comma-separated names of the bugs to plant")
	flag.Parse()
	if err := run(ctx, os.Stdout, *seeds, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, seeds uint64, only string) error {
	patches, err := filepath.Glob(filepath.Join(mutantsFolder, "*.patch"))
	if err != nil || len(patches) == 0 {
		return errors.Join(errors.New("no planted bugs here: run it at the tree's root"), err)
	}
	if patches, err = chosen(patches, only); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "yuantill-mutants-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(folder)
	tree := filepath.Join(folder, "tree")
	for _, part := range copied {
		if err := copyTree(part, filepath.Join(tree, part)); err != nil {
			return fmt.Errorf("copy tree: %w", err)
		}
	}
	// Copied too: a tree that changes meanwhile must not leave half a bug behind.
	kept := filepath.Join(folder, "mutants")
	if err := copyTree(mutantsFolder, kept); err != nil {
		return fmt.Errorf("copy planted bugs: %w", err)
	}
	found := 0
	for _, patch := range patches {
		m := mutant{name: nameOf(patch), tree: tree}
		began := time.Now()
		verdict, err := m.judge(ctx, filepath.Join(kept, filepath.Base(patch)), seeds)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			fmt.Fprintf(out, "%-38s NOT FOUND: %v\n", m.name, err)
		default:
			found++
			fmt.Fprintf(out, "%-38s %s (%s)\n", m.name, verdict, time.Since(began).Round(time.Second))
		}
	}
	line, err := json.Marshal(map[string]int{"mutants": len(patches), "found": found})
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	fmt.Fprintf(out, "%s\n", line)
	if found < len(patches) {
		return errNotFound
	}
	return nil
}

func nameOf(patch string) string { return strings.TrimSuffix(filepath.Base(patch), ".patch") }

// chosen returns the patches that only names, comma-separated; empty means all. A name that none has is an error, which
// lists those there are.
func chosen(patches []string, only string) ([]string, error) {
	if only == "" {
		return patches, nil
	}
	byName := map[string]string{}
	var names []string
	for _, patch := range patches {
		byName[nameOf(patch)] = patch
		names = append(names, nameOf(patch))
	}
	var some []string
	for name := range strings.SplitSeq(only, ",") {
		patch, known := byName[strings.TrimSpace(name)]
		if !known {
			return nil, fmt.Errorf("no planted bug is called %q; there are:\n  %s", name, strings.Join(names, "\n  "))
		}
		if !slices.Contains(some, patch) {
			some = append(some, patch)
		}
	}
	return some, nil
}

// mutant is one planted bug.
type mutant struct{ name, tree string }

// judge plants the bug, simulates, and takes the bug away again. It returns the seed that found it and how.
func (m mutant) judge(ctx context.Context, patch string, seeds uint64) (verdict string, err error) {
	if err := m.command(ctx, "git", "apply", patch).Run(); err != nil {
		return "", fmt.Errorf("patch does not apply any more: %w", err)
	}
	defer func() {
		if back := m.command(context.WithoutCancel(ctx), "git", "apply", "-R", patch).Run(); back != nil {
			err = errors.Join(err, fmt.Errorf("take patch away: %w", back))
		}
	}()
	program := filepath.Join(m.tree, "..", "simulate")
	if output, err := m.command(ctx, "go", "build", "-tags", buildTags, "-o", program, simulator).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, output)
	}
	output, err := m.command(ctx, program, "--seeds", fmt.Sprint(seeds), "--stop").CombinedOutput()
	first := violation.FindSubmatch(output)
	if first == nil {
		return "", errors.Join(fmt.Errorf("%d seeds broke no promise: %s", seeds, lastLine(output)), err)
	}
	return fmt.Sprintf("seed %s breaks %s", first[1], first[2]), nil
}

// violation is the line that the simulator prints of a broken promise.
var violation = regexp.MustCompile(`violation of seed (\d+) at \S+: ([a-z-]+):`)

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}

func (m mutant) command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = m.tree
	// The copy is no repository, and must not be taken for a part of one that it happens to lie in.
	command.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(m.tree))
	return command
}

// copyTree copies a file, or a folder with all that is in it.
func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
