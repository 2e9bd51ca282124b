package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// What the agent benchmark does.
const (
	agentSales  = 10_000
	agentStarts = 5
	startPoll   = 2 * time.Millisecond
)

// agent measures the agent's resident memory after many sales, and how soon after its start a sale can begin.
func agent(ctx context.Context, options shop.Options, r *report) (err error) {
	options.Terminals, options.NoPictures = 1, true
	s, err := shop.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	c := &cashier{shop: s}
	if _, err := c.sell(ctx, agentSales/10); err != nil {
		return err
	}
	early, err := resident(s.Till.Agent.PID())
	if err != nil {
		return err
	}
	if _, err := c.sell(ctx, agentSales-agentSales/10); err != nil {
		return err
	}
	late, err := resident(s.Till.Agent.PID())
	if err != nil {
		return err
	}
	started, err := starts(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(
		r.add(figure{Name: "agent.rss", Value: late, Unit: "MB", Count: agentSales}),
		r.add(figure{Name: "agent.rss_early", Value: early, Unit: "MB", Count: agentSales / 10}),
		r.add(figure{Name: "agent.start", Value: percentile(started, 0.5).Seconds(), Unit: "s", Count: len(started)}))
}

// starts stops and starts the agent and measures until the first sale has begun.
func starts(ctx context.Context, s *shop.Shop) ([]time.Duration, error) {
	samples := make([]time.Duration, 0, agentStarts)
	for range agentStarts {
		if err := s.Till.Agent.Stop(); err != nil {
			return nil, err
		}
		begun := time.Now()
		if err := s.LaunchAgent(s.Till); err != nil {
			return nil, err
		}
		sale, err := firstSale(ctx, s)
		if err != nil {
			return nil, err
		}
		samples = append(samples, time.Since(begun))
		if _, err := s.Station.Cancel(ctx, uuid.NewString(), sale.ID, "01"); err != nil {
			return nil, fmt.Errorf("cancel sale: %w", err)
		}
	}
	return samples, nil
}

func firstSale(ctx context.Context, s *shop.Shop) (stationclient.Sale, error) {
	key := uuid.NewString()
	for deadline := time.Now().Add(saleTimeout); time.Now().Before(deadline); time.Sleep(startPoll) {
		sale, err := s.Station.Start(ctx, key, stationclient.Start{Amount: paymentsAmount, Currency: "CNY", Cashier: "01"})
		if err == nil {
			return sale, nil
		}
	}
	return stationclient.Sale{}, fmt.Errorf("%w: no sale begins after a start", errSale)
}

// resident returns a process's resident memory in MB, as the kernel counts it.
func resident(pid int) (float64, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), "VmRSS:"); found {
			kilobytes, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kilobytes * 1024 / 1e6, err
		}
	}
	return 0, fmt.Errorf("read memory of %d: no VmRSS", pid)
}
