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

// copies counts how often a document was cut off.
func copies(b bench, number int) int {
	found := 0
	for _, receipt := range b.device.Receipts() {
		if receipt.Lines[0].Text == fmt.Sprintf("第 %d 张", number) {
			found++
		}
	}
	return found
}

// requireHonest prints documents and holds what the driver says of each against what is on paper, then and later.
func requireHonest(t *testing.T, b bench, documents int) {
	t.Helper()
	results := make([]drivers.PrintResult, documents)
	for number := range documents {
		result, err := printOnce(b, number)
		require.Equal(t, err == nil, result == drivers.PrintDone, "%v: %v", result, err)
		if results[number] = result; result == drivers.PrintDone {
			// A flipped bit can make a status byte look like the fence's answer, so the cut may be microseconds away.
			require.Eventually(t, func() bool { return copies(b, number) == 1 }, patience, time.Millisecond, "done means cut off")
		}
	}
	const late = 10 * time.Millisecond
	time.Sleep(late) // what a cable still held has come out by now
	for number, result := range results {
		if result == drivers.PrintNotStarted {
			require.Zero(t, copies(b, number), "not started means that nothing comes out, nor later")
		} else {
			require.LessOrEqual(t, copies(b, number), 1, "never twice")
		}
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
			requireHonest(t, b, 3)
		})
		t.Run(fmt.Sprint("StallAfter", after), func(t *testing.T) {
			b := onFaulty(t, 1, drivertest.Faults{StallAfter: after})
			requireHonest(t, b, 1)
		})
	}
}

func TestHonestOverACableThatCorrupts(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("Seed", seed), func(t *testing.T) {
			b := onFaulty(t, seed, drivertest.Faults{Corrupt: 10})
			requireHonest(t, b, 4)
		})
	}
}
