package faults_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/shop/shoptest"
)

// Bounds of all waiting.
const (
	// patience is for what should happen at once, also on a slow machine.
	patience = 20 * time.Second
	// longPatience is for what the rules let take long: a payment is taken back no earlier than 15 s after it was asked.
	longPatience = 60 * time.Second
	lookEvery    = 5 * time.Millisecond
	// together is how many shops stand side by side; most of their time they wait.
	together = "6"
)

func programs() string { return shoptest.Bin() }

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", together); err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
	shoptest.Main(m, filepath.Join("..", ".."), "./tools/faults/wrongclock")
}

// open starts a shop that stops with the test; its logs are shown when the test fails.
func open(t *testing.T, options shop.Options) *shop.Shop {
	t.Helper()
	options.Bin, options.Dir, options.NoPictures = programs(), t.TempDir(), true
	// Everything the rules let be quicker is.
	options.AgentSettings += "\n[timing]\nanswer_within = \"1s\"\nask_every = \"1s\"\ngive_up = \"16s\"\ngive_up_shown = \"16s\"\n"
	options.CloudSettings += "\n[payment]\ngive_up_after = \"16s\"\n"
	s, err := shop.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop shop: %v", err)
		}
		if t.Failed() {
			showLogs(t, s.Dir)
		}
	})
	return s
}

func showLogs(t *testing.T, dir string) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		t.Errorf("find logs: %v", err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("read log: %v", err)
		}
		const most = 6 << 10
		t.Logf("%s:\n%s", filepath.Base(path), text[max(0, len(text)-most):])
	}
}

// await looks until look says that it is so, bounded by limit.
func await(t *testing.T, limit time.Duration, what string, look func(ctx context.Context) (bool, string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	seen := "nothing"
	for {
		holds, now := look(ctx)
		if holds {
			return
		}
		if ctx.Err() == nil {
			seen = now
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			require.FailNow(t, "waited in vain for "+what, "last seen: %s", seen)
		}
	}
}
