package pn532_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	driver "github.com/yuantill/yuantill/drivers/nfc/pn532"
)

// faultyReader returns a second driver on the bench's cable, behind a port that misbehaves.
func (b bench) faultyReader(t *testing.T, host drivers.Port, seed uint64, faults drivertest.Faults) *driver.Reader {
	t.Helper()
	reader, err := driver.New(drivertest.NewFaulty(host, seed, faults), driver.Options{ExchangeTimeout: 100 * time.Millisecond})
	require.NoError(t, err)
	return reader
}

func TestSlowAndChoppyWireLosesNothing(t *testing.T) {
	const seeds, exchanges = 4, 8
	for seed := range uint64(seeds) {
		b, host := newBenchOn(t)
		reader := b.faultyReader(t, host, seed, drivertest.Faults{Split: 40, Merge: 10, Delay: 20, DelayMax: 3 * time.Millisecond})
		b.chip.Place(b.card())
		card, err := reader.Await(t.Context())
		require.NoError(t, err)
		for range exchanges {
			got, err := card.Exchange(t.Context(), command)
			require.NoError(t, err)
			require.Equal(t, response, got)
		}
		require.Equal(t, exchanges, b.applet.count())
	}
}

// TestNoisyWireNeverExecutesTwice flips bits on the way to the driver: an exchange gives the right answer or an error,
// and the card carries a command out at most once.
func TestNoisyWireNeverExecutesTwice(t *testing.T) {
	const seeds, exchanges, awaitMax = 4, 10, 40
	for seed := range uint64(seeds) {
		b, host := newBenchOn(t)
		reader := b.faultyReader(t, host, seed, drivertest.Faults{Corrupt: 15})
		b.chip.Place(b.card())
		var card drivers.Card
		for number := range exchanges {
			for attempt := 0; card == nil; attempt++ {
				require.Less(t, attempt, awaitMax, "the reader comes up in the end")
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				if found, err := reader.Await(ctx); err == nil {
					card = found
				}
				cancel()
			}
			before := b.applet.count()
			got, err := card.Exchange(t.Context(), command)
			asked := b.applet.count() - before
			require.LessOrEqual(t, asked, 1, "seed %d exchange %d", seed, number)
			if err == nil {
				require.Equal(t, response, got)
				require.Equal(t, 1, asked)
				continue
			}
			var failure *drivers.Error
			require.ErrorAs(t, err, &failure)
			require.True(t, failure.OutcomeUnknown || asked == 0, "a doubt is never hidden: %v", err)
			card = nil
		}
	}
}
