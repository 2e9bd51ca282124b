package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/yuantill/yuantill/tools/shop"
)

// simulateSeeds is how many seeds of the default world are played.
const simulateSeeds = 200

// simulate measures how fast the deterministic world goes by, on all processors. A broken promise is an error.
func simulate(ctx context.Context, options shop.Options, r *report) error {
	command := exec.CommandContext(ctx, filepath.Join(options.Bin, "simulate"), "--seeds", strconv.Itoa(simulateSeeds), "--json")
	command.Stderr = os.Stderr
	began := time.Now()
	out, err := command.Output()
	if err != nil {
		return errors.Join(fmt.Errorf("simulate: %w", err), errors.New(string(out)))
	}
	return r.add(figure{Name: "simulate.seeds_per_minute", Value: simulateSeeds / time.Since(began).Minutes(), Unit: "1/min",
		Count: simulateSeeds})
}
