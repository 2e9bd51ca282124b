package printer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// onFaulty joins driver and device by a cable that misbehaves on the driver's side.
func onFaulty(t *testing.T, seed uint64, faults drivertest.Faults) bench {
	t.Helper()
	host, far, err := drivertest.Pipe()
	require.NoError(t, err)
	options := benchOptions()
	options.JobTimeout = 500 * time.Millisecond
	hangUp := func() { require.NoError(t, far.Close()) }
	return start(t, drivertest.NewFaulty(host, seed, faults), far, hangUp, options, printer.Options{})
}

func shortDocument(number int) drivers.Document {
	return drivers.Document{Blocks: []drivers.Block{
		drivers.Text{Content: fmt.Sprintf("第 %d 张", number)}, drivers.QR{Content: "https://pay.example.cn/r/x"}, drivers.Cut{},
	}}
}

func printOnce(b bench, number int) (drivers.PrintResult, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return b.driver.Print(ctx, shortDocument(number))
}

// requireHonest prints and holds what the driver says against what is on paper.
func requireHonest(t *testing.T, b bench, number, before int) {
	t.Helper()
	result, err := printOnce(b, number)
	require.Equal(t, err == nil, result == drivers.PrintDone, "%v: %v", result, err)
	switch result {
	case drivers.PrintDone:
		require.Len(t, b.device.Receipts(), before+1, "done means cut off")
	case drivers.PrintNotStarted:
		require.Len(t, b.device.Receipts(), before, "not started means that nothing comes out")
	default:
		require.LessOrEqual(t, len(b.device.Receipts()), before+1, "never twice")
	}
}

func TestPrintsOverACableThatSplitsMergesAndDelays(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			b := onFaulty(t, seed, drivertest.Faults{Split: 50, Merge: 20, Delay: 20, DelayMax: 3 * time.Millisecond})
			const jobs = 5
			for number := range jobs {
				result, err := printOnce(b, number)
				require.NoError(t, err)
				require.Equal(t, drivers.PrintDone, result)
			}
			require.Len(t, b.device.Receipts(), jobs)
		})
	}
}

func TestHonestOverACableThatBreaks(t *testing.T) {
	// The driver's greeting is about 2,100 bytes, a job about 130: the break falls before, inside and behind jobs.
	for _, after := range []int{2030, 2080, 2100, 2130, 2160, 2200, 2230, 2260, 2300} {
		t.Run(fmt.Sprint("HangUpAfter", after), func(t *testing.T) {
			b := onFaulty(t, 1, drivertest.Faults{HangUpAfter: after})
			for number := range 3 {
				requireHonest(t, b, number, len(b.device.Receipts()))
			}
		})
		t.Run(fmt.Sprint("StallAfter", after), func(t *testing.T) {
			b := onFaulty(t, 1, drivertest.Faults{StallAfter: after})
			requireHonest(t, b, 0, 0)
		})
	}
}

func TestHonestOverACableThatCorrupts(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			b := onFaulty(t, seed, drivertest.Faults{Corrupt: 10})
			for number := range 4 {
				requireHonest(t, b, number, len(b.device.Receipts()))
			}
		})
	}
}
