package agent_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
)

// silentPrinter never says by itself how it is.
type silentPrinter struct{ printer *drivertest.Printer }

func (p silentPrinter) Print(ctx context.Context, d drivers.Document) (drivers.PrintResult, error) {
	return p.printer.Print(ctx, d)
}

func (p silentPrinter) Status(ctx context.Context) (drivers.PrinterStatus, error) {
	return p.printer.Status(ctx)
}

// unwell checks that status says what is the matter with the printer, in both languages.
func (s *shop) unwell(t *testing.T, want catalogue.Phrase) {
	t.Helper()
	device := s.device(t, "printer")
	require.Equal(t, "faulted", device.State)
	require.NotEmpty(t, device.Fault)
	require.NotNil(t, device.Notice)
	require.Equal(t, want.Text(), *device.Notice)
}

// timesTold is how many events say so, in both languages.
func (s *shop) timesTold(t *testing.T, notice catalogue.Phrase) int {
	t.Helper()
	told := s.told(t)
	require.Equal(t, strings.Count(told, notice.Text().English), strings.Count(told, notice.Text().Chinese))
	return strings.Count(told, notice.Text().Chinese)
}

func (s *shop) well(t *testing.T) {
	t.Helper()
	device := s.device(t, "printer")
	require.Equal(t, "ready", device.State)
	require.Empty(t, device.Fault)
	require.Nil(t, device.Notice)
}

// TestPrinterThatDoesNotPrint: a printer that is there and does not print is not called ready.
func TestPrinterThatDoesNotPrint(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(p *drivertest.Printer, on bool)
		says catalogue.Phrase
	}{
		"PaperOut":  {(*drivertest.Printer).PaperOut, catalogue.NoticePaperOut},
		"CoverOpen": {(*drivertest.Printer).CoverOpen, catalogue.NoticeCoverOpen},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				c.harm(s.printer, true)
				s.paid(t, "k1", 1250, false)
				s.unwell(t, c.says)
				since := s.device(t, "printer").Since
				time.Sleep(time.Minute)
				s.unwell(t, c.says)
				require.Equal(t, since, s.device(t, "printer").Since)
				c.harm(s.printer, false)
				time.Sleep(2 * time.Second)
				s.well(t)
				require.Equal(t, 1, s.timesTold(t, c.says))
				require.Equal(t, 1, s.timesTold(t, catalogue.NoticeDeviceBack))
			})
		})
	}
	t.Run("BeforeAnyJob", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.printer.PaperOut(true)
			time.Sleep(2 * time.Second)
			s.unwell(t, catalogue.NoticePaperOut)
			s.printer.PaperOut(false)
			s.printer.CoverOpen(true)
			time.Sleep(2 * time.Second)
			s.unwell(t, catalogue.NoticeCoverOpen)
		})
	})
	t.Run("ThatSaysNothingByItself", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(approve)
			s.openWith(t, opener[drivers.Scanner](s.scanner), nil, opener[drivers.Printer](silentPrinter{s.printer}))
			synctest.Wait()
			s.printer.PaperOut(true)
			first := s.paid(t, "k1", 1250, false)
			s.unwell(t, catalogue.NoticePrinterTrouble)
			s.printer.PaperOut(false)
			time.Sleep(time.Minute)
			s.unwell(t, catalogue.NoticePrinterTrouble)
			_, err := s.till.Press(context.Background(), first, checkout.ReprintPressed{Copies: checkout.CustomerCopy})
			require.NoError(t, err)
			synctest.Wait()
			s.well(t)
			s.stop()
		})
	})
	t.Run("PluggedInAgainWithPaper", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.printer.PaperOut(true)
			s.paid(t, "k1", 1250, false)
			s.stop()
			s.printer.PaperOut(false)
			s.open(t)
			time.Sleep(2 * time.Second)
			s.well(t)
		})
	})
}

// TestPaperNearItsEnd: printing goes on, and somebody is told, once a roll.
func TestPaperNearItsEnd(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		s.printer.PaperLow(true)
		time.Sleep(time.Minute)
		s.paid(t, "k1", 1250, false)
		device := s.device(t, "printer")
		require.Equal(t, "ready", device.State)
		require.NotNil(t, device.Notice)
		require.Equal(t, catalogue.NoticePaperLow.Text(), *device.Notice)
		s.printer.Alter(true)
		s.paid(t, "k2", 1250, false)
		require.Equal(t, catalogue.Listed(catalogue.NoticePaperLow.Text(), catalogue.NoticePrintAltered.Text()),
			*s.device(t, "printer").Notice)
		require.Len(t, s.printer.Documents(), 4)
		require.Equal(t, 1, s.timesTold(t, catalogue.NoticePaperLow))
		s.printer.Alter(false)
		s.paid(t, "k3", 1250, false)
		s.printer.PaperLow(false)
		time.Sleep(2 * time.Second)
		s.well(t)
		s.printer.PaperLow(true)
		time.Sleep(2 * time.Second)
		require.Equal(t, 2, s.timesTold(t, catalogue.NoticePaperLow))
	})
}
