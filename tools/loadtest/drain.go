package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/tools/shop"
)

// What the drain benchmark does.
const (
	drainRecords = 100_000
	drainTimeout = time.Minute
	drainPoll    = 5 * time.Millisecond
	// drainSaleEvery is how often somebody buys something meanwhile: far more often than at any counter, but not without
	// a pause, as the backlog keeps still while a payment is under way.
	drainSaleEvery = 100 * time.Millisecond
)

// drain measures how long one terminal takes to bring a long queue to the cloud after the network is back, and how
// quick sales are meanwhile.
func drain(ctx context.Context, options shop.Options, r *report) (err error) {
	options.Terminals, options.NoPictures = 1, true
	s, err := shop.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	c := &cashier{shop: s}
	quiet, err := c.sell(ctx, counterWarmUp)
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	s.Cable.Cut()
	if err := s.Till.Agent.Stop(); err != nil {
		return err
	}
	if err := s.FillQueue(ctx, s.Till, drainRecords); err != nil {
		return fmt.Errorf("fill journal: %w", err)
	}
	if err := s.LaunchAgent(s.Till); err != nil {
		return err
	}
	if err := awaitStation(ctx, s.Till); err != nil {
		return err
	}
	s.Cable.Mend()
	took, busy, err := drained(ctx, c)
	if err != nil {
		return err
	}
	if err := r.add(figure{Name: "drain.seconds", Value: took.Seconds(), Unit: "s", Count: drainRecords}); err != nil {
		return err
	}
	// How quick a sale is in the middle of the drain, and before it.
	return r.add(figure{Name: "drain.sale", Value: milliseconds(percentile(busy, 0.5)), Unit: "ms",
		Floor: milliseconds(percentile(quiet, 0.5)), Count: len(busy)})
}

func awaitStation(ctx context.Context, till *shop.Till) error {
	for deadline := time.Now().Add(drainTimeout); time.Now().Before(deadline); {
		if status, err := till.Station.Status(ctx); err == nil && status.Journal.Unsent >= drainRecords {
			return nil
		}
		time.Sleep(drainPoll)
	}
	return fmt.Errorf("%w: the agent does not report its queue", errSale)
}

// drained waits until nothing is unsent and takes sales meanwhile. Time runs from the connection.
func drained(ctx context.Context, c *cashier) (time.Duration, []time.Duration, error) {
	var connected time.Time
	var busy []time.Duration
	var sold time.Time
	for deadline := time.Now().Add(drainTimeout); time.Now().Before(deadline); {
		status, err := c.shop.Station.Status(ctx)
		if err != nil {
			return 0, nil, err
		}
		switch {
		case !status.Uplink.Connected:
		case connected.IsZero():
			connected = *status.Uplink.Since
		case status.Journal.Unsent == 0:
			return time.Since(connected), busy, nil
		case status.Journal.Unsent > drainRecords/10 && time.Since(sold) >= drainSaleEvery:
			sold = time.Now()
			took, err := c.sale(ctx)
			if err != nil {
				return 0, nil, err
			}
			busy = append(busy, took)
			continue
		}
		time.Sleep(drainPoll)
	}
	return 0, nil, fmt.Errorf("%w: the queue does not drain", errSale)
}
