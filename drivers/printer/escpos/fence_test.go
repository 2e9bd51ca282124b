package escpos_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

// printed prints a first document, so that nothing is owed from before the connection.
func printed(t *testing.T) (*escpos.Printer, *peer) {
	t.Helper()
	driver, device := connect(t, fastOptions(), nil)
	result, err := driver.Print(bounded(t), document("first"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	return driver, device
}

// unanswered prints a document whose fences the printer keeps to itself, and returns the document's result.
func unanswered(t *testing.T, driver *escpos.Printer, device *peer, text string, fences int, then func()) drivers.PrintResult {
	t.Helper()
	device.set(func(p *peer) { p.unfenced = true })
	defer device.set(func(p *peer) { p.unfenced = false })
	result := make(chan drivers.PrintResult, 1)
	go func() {
		r, _ := driver.Print(bounded(t), document(text))
		result <- r
	}()
	require.Eventually(t, func() bool { return bytes.Contains(device.stream(), job(text, fences)) }, patience, 100*time.Microsecond)
	then()
	return <-result
}

func nothing() {}

// TestFenceAnsweredLate: the paper ran out in job one and is loaded; its fence is answered while job two is printed.
func TestFenceAnsweredLate(t *testing.T) {
	t.Run("ErrUnconfirmedByAnothersFence", func(t *testing.T) {
		driver, device := printed(t)
		require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "one", 1, nothing))
		require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "two", 2, func() { device.send(0x00) }))
	})
	t.Run("OKWithItsOwnBehind", func(t *testing.T) {
		driver, device := printed(t)
		require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "one", 1, nothing))
		require.Equal(t, drivers.PrintDone, unanswered(t, driver, device, "two", 2, func() { device.send(0x00, 0x00) }))
	})
	t.Run("ErrUnconfirmedByTwoOthers", func(t *testing.T) {
		driver, device := printed(t)
		require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "one", 1, nothing))
		require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "two", 2, nothing))
		require.Equal(t, drivers.PrintUnconfirmed,
			unanswered(t, driver, device, "three", 4, func() { device.send(0x00, 0x00, 0x00) }))
	})
	t.Run("ErrUnconfirmedByThoseBeforeTheConnection", func(t *testing.T) {
		driver, device := connect(t, fastOptions(), nil)
		awaitKnown(t, driver)
		require.Equal(t, drivers.PrintUnconfirmed,
			unanswered(t, driver, device, "one", fencesFirst, func() { device.send(make([]byte, fencesFirst-1)...) }))
	})
}

// TestFenceLost: a printer switched off and on has forgotten job and fence; the next jobs are confirmed nevertheless.
func TestFenceLost(t *testing.T) {
	driver, device := printed(t)
	require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "lost", 1, nothing))
	result, err := driver.Print(bounded(t), document("two"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	require.Contains(t, string(device.stream()), string(job("two", 2)))
	before := len(device.stream())
	result, err = driver.Print(bounded(t), document("three"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result)
	require.Equal(t, 1, bytes.Count(device.stream()[before:], []byte(fence)), "nothing is owed any more")
}

// TestFencesStayFew: a printer that never answers them is not sent ever more.
func TestFencesStayFew(t *testing.T) {
	driver, device := printed(t)
	for range 5 {
		before := len(device.stream())
		require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "tea", 1, nothing))
		require.LessOrEqual(t, bytes.Count(device.stream()[before:], []byte(fence)), fencesFirst)
	}
	result, err := driver.Print(bounded(t), document("tea"))
	require.NoError(t, err)
	require.Equal(t, drivers.PrintDone, result, "it answers again")
}

// TestFenceIsNoStrayByte: a byte that came before the job was sent is no answer to its fence.
func TestFenceIsNoStrayByte(t *testing.T) {
	for name, stray := range map[string]byte{"Zero": 0x00, "PaperOut": 0x0C, "HighBits": 0x6F} {
		t.Run(name, func(t *testing.T) {
			driver, device := printed(t)
			device.send(stray)
			_, err := driver.Status(bounded(t)) // its answers stand behind the stray byte
			require.NoError(t, err)
			require.Equal(t, drivers.PrintUnconfirmed, unanswered(t, driver, device, "tea", 1, nothing))
		})
	}
}
