package escpos_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// diary is a log that a test reads while it is written.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (d *diary) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(b)
}

// lines are those about the printer's state.
func (d *diary) lines() (all []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for line := range strings.Lines(d.text.String()) {
		if strings.Contains(line, `msg="printer `) {
			all = append(all, line)
		}
	}
	return all
}

// TestStateIsToldNowAndThen: noise on the line changes what the printer seems to say a thousand times a second. The log has a
// few lines of it, and at last what became of it.
func TestStateIsToldNowAndThen(t *testing.T) {
	now, log := &clock{now: start()}, &diary{}
	options := fastOptions()
	options.Now, options.Logger = now.Now, slog.New(slog.NewTextHandler(log, nil))
	driver, device := connect(t, options, nil)
	awaitKnown(t, driver)
	pushed := func(well bool) {
		if well {
			device.send(0x10, 0x00, 0x00, 0x00)
		} else {
			device.send(0x10, 0x00, 0x0C, 0x00) // the paper is out
		}
		require.Eventually(t, func() bool {
			status, _ := driver.Known()
			return status.PaperOut != well
		}, patience, 100*time.Microsecond)
	}
	pushed(false)
	require.Contains(t, log.lines()[1], "printer not ready", "the first changes are told at once")
	for range 500 {
		pushed(true)
		pushed(false)
	}
	require.Len(t, log.lines(), 4)

	now.advance(10 * time.Second)
	pushed(true)
	lines := log.lines()
	require.Len(t, lines, 5)
	require.Contains(t, lines[4], `msg="printer ready" changes=999`)
	pushed(false)
	require.Contains(t, log.lines()[5], `msg="printer not ready"`)
	require.Contains(t, log.lines()[5], "changes=1\n")
}
