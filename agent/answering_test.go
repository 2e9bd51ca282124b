package agent_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// silent checks that status says that the reader does not answer, and what to do.
func (s *shop) silent(t *testing.T) {
	t.Helper()
	device := s.device(t, "reader")
	require.Equal(t, "faulted", device.State)
	require.NotEmpty(t, device.Fault)
	require.NotNil(t, device.Notice)
	require.Equal(t, catalogue.NoticeReaderSilent.Text(), *device.Notice)
}

func (s *shop) answers(t *testing.T) {
	t.Helper()
	device := s.device(t, "reader")
	require.Equal(t, "ready", device.State)
	require.Empty(t, device.Fault)
	require.Nil(t, device.Notice)
}

func (s *shop) devices(t *testing.T) []station.Device {
	status, err := s.till.Status(t.Context())
	require.NoError(t, err)
	return status.Devices
}

// TestReaderThatDoesNotAnswer: a port that can be opened is no reader. It is ready when it has answered.
func TestReaderThatDoesNotAnswer(t *testing.T) {
	t.Run("FromTheStart", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			s := newShop(approve)
			s.log = &log
			s.reader.Stall(true)
			s.open(t)
			for range 1000 {
				time.Sleep(time.Second)
				for _, device := range s.devices(t) {
					require.False(t, device.Name == "reader" && device.State == "ready")
				}
			}
			s.silent(t)
			require.Equal(t, 1, s.timesTold(t, catalogue.NoticeReaderSilent))
			require.Equal(t, 1, countOf(s.journal.types(t), "device-fault"))
			s.reader.Stall(false)
			time.Sleep(time.Second)
			s.answers(t)
			require.Equal(t, 1, s.timesTold(t, catalogue.NoticeDeviceBack))
			s.stop()
			require.Equal(t, 1, strings.Count(log.String(), `"device not ready" device=reader`))
			require.Equal(t, 1, strings.Count(log.String(), `"device ready" device=reader`))
		})
	})
	t.Run("WhileNoSaleIsOpen", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, _ *hardcard.Card) {
			s.answers(t)
			time.Sleep(time.Minute)
			s.reader.Stall(true)
			time.Sleep(3 * time.Second)
			s.silent(t)
			s.reader.Stall(false)
			time.Sleep(time.Second)
			s.answers(t)
		})
	})
	t.Run("AndAnswersInTheMiddleOfASale", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.reader.Stall(true)
			time.Sleep(3 * time.Second)
			begun := s.begin(t, "k1")
			time.Sleep(10 * time.Second)
			s.silent(t)
			s.reader.Stall(false)
			time.Sleep(time.Second)
			s.answers(t)
			s.place(applet(card))
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
}

// boundedReader is one that gives a stalled device up by itself, as a driver does.
type boundedReader struct{ *drivertest.CardReader }

func (r boundedReader) Await(ctx context.Context) (drivers.Card, error) {
	if err := r.Probe(ctx); err != nil {
		return nil, err
	}
	return r.CardReader.Await(ctx)
}

func (r boundedReader) Vacant(ctx context.Context) (bool, error) {
	if err := r.Probe(ctx); err != nil {
		return false, err
	}
	return r.CardReader.Vacant(ctx)
}

func (r boundedReader) Probe(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, 340*time.Millisecond)
	defer cancel()
	err := r.CardReader.Probe(bounded)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return &drivers.Error{Device: "bounded", Op: "configure SAM", Kind: drivers.KindTimeout, Cause: errors.New("no acknowledge")}
	}
	return err
}

// TestReaderFallsSilentInASale: what the poll of a sale finds out is told as what a look without one does.
func TestReaderFallsSilentInASale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		s.issuers = new(hardwallet.Pool)
		s.openWith(t, nil, opener[drivers.CardReader](boundedReader{s.reader}), nil)
		synctest.Wait()
		s.answers(t)
		s.reader.Stall(true)
		s.begin(t, "k1")
		time.Sleep(3 * time.Second)
		for range 100 {
			time.Sleep(time.Second)
			s.silent(t)
		}
		s.reader.Stall(false)
		time.Sleep(time.Second)
		s.answers(t)
		require.Equal(t, 1, s.timesTold(t, catalogue.NoticeReaderSilent))
		s.stop()
	})
}

// mute is a reader that cannot be asked.
type mute struct{ drivers.CardReader }

// TestReaderThatCannotBeAsked: nothing better is known of it than that it was opened.
func TestReaderThatCannotBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		s.reader.Stall(true)
		s.openWith(t, nil, opener[drivers.CardReader](mute{s.reader}), nil)
		time.Sleep(time.Minute)
		s.answers(t)
		s.stop()
	})
}

// TestReaderIsOpenedAgain: what asking again does not mend, opening the port anew may.
func TestReaderIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		opened := 0
		stuck := func(context.Context) (agent.Opened[drivers.CardReader], error) {
			opened++
			reader := drivertest.NewCardReader()
			reader.Stall(opened < 3)
			return agent.Opened[drivers.CardReader]{Device: reader, Close: func() error { return nil }}, nil
		}
		s.openWith(t, nil, stuck, nil)
		time.Sleep(2 * time.Minute)
		require.Equal(t, 3, opened)
		s.answers(t)
		require.Equal(t, 1, countOf(s.journal.types(t), "device-fault"))
		s.stop()
	})
}

// TestFlappingDeviceIsLoggedOnceAWhile: whoever reads the log reads other things too. A fault that stays is in it in the end.
func TestFlappingDeviceIsLoggedOnceAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newShop(approve)
		s.log = &log
		s.open(t)
		for range 60 {
			s.reader.Stall(true)
			time.Sleep(5 * time.Second)
			s.reader.Stall(false)
			time.Sleep(5 * time.Second)
		}
		s.reader.Stall(true)
		time.Sleep(2 * time.Minute)
		s.stop()
		said := log.String()
		require.LessOrEqual(t, strings.Count(said, `"device not ready" device=reader`), 11)
		require.Greater(t, strings.Count(said, `"device not ready" device=reader`), 5)
		require.LessOrEqual(t, strings.Count(said, `"device ready" device=reader`), 11)
		require.Greater(t, strings.LastIndex(said, `"device not ready" device=reader`), strings.LastIndex(said, `"device ready" device=reader`),
			"the last word is how it is")
	})
}

// TestPrinterThatDoesNotAnswer: a printer that tells by itself how it is, is ready when it has told.
func TestPrinterThatDoesNotAnswer(t *testing.T) {
	t.Run("FromTheStart", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(approve)
			s.printer.Stall(true)
			s.open(t)
			for range 100 {
				synctest.Wait()
				require.Equal(t, "faulted", s.device(t, "printer").State)
				time.Sleep(100 * time.Millisecond)
			}
			s.unwell(t, catalogue.NoticePrinterTrouble)
			s.printer.Stall(false)
			time.Sleep(time.Second)
			s.well(t)
			require.Equal(t, 1, s.timesTold(t, catalogue.NoticePrinterTrouble))
			require.Equal(t, 1, s.timesTold(t, catalogue.NoticeDeviceBack))
			s.stop()
		})
	})
	t.Run("AfterItDid", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.well(t)
			s.printer.Stall(true)
			time.Sleep(4 * time.Second)
			s.unwell(t, catalogue.NoticePrinterTrouble)
			require.Equal(t, "no answer", s.device(t, "printer").Fault)
			s.printer.Stall(false)
			time.Sleep(time.Second)
			s.well(t)
		})
	})
	t.Run("OneLostAnswerIsNoNews", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			for range 20 {
				s.printer.Stall(true)
				time.Sleep(time.Second)
				s.printer.Stall(false)
				time.Sleep(time.Second)
			}
			s.well(t)
			require.Zero(t, s.timesTold(t, catalogue.NoticePrinterTrouble))
		})
	})
	t.Run("AsItIsPluggedInWithoutPower", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(approve)
			plugs := 0
			s.openWith(t, opener[drivers.Scanner](s.scanner), nil, func(context.Context) (agent.Opened[drivers.Printer], error) {
				if plugs++; plugs > 1 {
					s.printer = drivertest.NewPrinter()
					s.printer.Stall(true)
				}
				return agent.Opened[drivers.Printer]{Device: s.printer, Close: func() error { return nil }}, nil
			})
			synctest.Wait()
			s.well(t)
			s.printer.HangUp()
			s.paid(t, "k1", 1250, false)
			time.Sleep(10 * time.Second)
			require.Equal(t, 2, plugs)
			s.unwell(t, catalogue.NoticePrinterTrouble)
			s.stop()
		})
	})
}
