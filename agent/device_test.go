package agent_test

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// printed lists what the journal says of the copies.
func (s *shop) printed(t *testing.T) []*message.ReceiptPrinted {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var all []*message.ReceiptPrinted
	for _, r := range s.journal.records {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		if header.Type == record.ReceiptPrinted {
			all = append(all, unmarshal(t, r, &message.ReceiptPrinted{}))
		}
	}
	return all
}

func TestPrinterTroubles(t *testing.T) {
	for name, c := range map[string]struct {
		trouble func(*drivertest.Printer)
		result  message.ReceiptPrinted_Result // of the first copy
		notice  catalogue.Phrase
	}{
		"PaperOutIsNotStarted": {func(p *drivertest.Printer) { p.PaperOut(true) }, message.ReceiptPrinted_RESULT_NOT_STARTED, catalogue.NoticePaper},
		"CoverIsNotStarted":    {func(p *drivertest.Printer) { p.CoverOpen(true) }, message.ReceiptPrinted_RESULT_NOT_STARTED, catalogue.NoticePaper},
		"MidJobIsUnconfirmed":  {func(p *drivertest.Printer) { p.PaperOutInNext() }, message.ReceiptPrinted_RESULT_UNCONFIRMED, catalogue.NoticePaper},
		"UnpluggedIsAbsent":    {func(p *drivertest.Printer) { p.HangUp() }, message.ReceiptPrinted_RESULT_NOT_STARTED, catalogue.NoticePrinterGone},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				c.trouble(s.printer)
				begun := s.begin(t, "k1")
				s.scanner.Scan(customerCode)
				synctest.Wait()
				view := s.sale(t, begun.Sale.OrderID)
				require.Equal(t, checkout.Approved, view.Sale.State, "paid is paid, whatever the printer does")
				require.Equal(t, c.notice.Text(), view.Notice)
				copies := s.printed(t)
				require.Len(t, copies, 2)
				require.Equal(t, c.result, copies[0].GetResult())
				require.NotEmpty(t, copies[0].GetFault())
				require.Equal(t, message.ReceiptPrinted_RESULT_NOT_STARTED, copies[1].GetResult())
				require.Empty(t, s.printer.Documents())
			})
		})
	}
}

// TestSubstitutesAreTold: a character that the printer does not have is no secret of the log. It stands in the sale, in its
// event, in the record and at the printer, until a copy is printed as it should be.
func TestSubstitutesAreTold(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		s.printer.Alter(true)
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Approved, view.Sale.State)
		require.Equal(t, catalogue.NoticePrintAltered.Text(), view.Notice)
		require.Equal(t, checkout.MerchantCopy|checkout.CustomerCopy, view.Sale.Altered)
		for _, copy := range s.printed(t) {
			require.Equal(t, message.ReceiptPrinted_RESULT_DONE, copy.GetResult())
			require.Equal(t, "substitutes", copy.GetFault())
		}
		require.Len(t, s.printer.Documents(), 2, "it is on paper")
		notice := s.printerNotice(t)
		require.NotNil(t, notice)
		require.Equal(t, catalogue.NoticePrintAltered.Text(), *notice)

		s.printer.Alter(false)
		_, err := s.till.Press(t.Context(), begun.Sale.OrderID, checkout.ReprintPressed{Copies: checkout.CustomerCopy})
		require.NoError(t, err)
		synctest.Wait()
		view = s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.MerchantCopy, view.Sale.Altered, "the customer's is right now")
		require.Equal(t, catalogue.NoticePrinted.Text(), view.Notice)
		require.Nil(t, s.printerNotice(t))
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Equal(t, checkout.MerchantCopy, s.sale(t, begun.Sale.OrderID).Sale.Altered, "and after a restart")
	})
}

// printerNotice is what the till's state says of the printer.
func (s *shop) printerNotice(t *testing.T) *station.Words {
	status, err := s.till.Status(t.Context())
	require.NoError(t, err)
	for _, device := range status.Devices {
		if device.Name == "printer" {
			require.Equal(t, "ready", device.State)
			return device.Notice
		}
	}
	require.Fail(t, "no printer")
	return nil
}

func TestReprint(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		s.printer.PaperOut(true)
		begun := s.begin(t, "k1")
		press := func() error {
			_, err := s.till.Press(context.Background(), begun.Sale.OrderID, checkout.ReprintPressed{Copies: checkout.CustomerCopy})
			return err
		}
		requireRefused(t, press(), catalogue.RefuseState)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		s.printer.PaperOut(false)
		time.Sleep(time.Minute)
		require.Empty(t, s.printer.Documents(), "not by itself")
		require.NoError(t, press())
		synctest.Wait()
		require.Len(t, s.printer.Documents(), 1)
		require.Contains(t, text(s.printer.Documents()[0]), "重印 REPRINT")
		copies := s.printed(t)
		require.True(t, copies[len(copies)-1].GetReprint())
		s.stop()
		s.open(t)
		synctest.Wait()
		require.NoError(t, press(), "a sale of before the restart is found in the journal")
		synctest.Wait()
		require.Len(t, s.printer.Documents(), 2)
	})
}

// flaky is a device that can be opened only after some tries.
type flaky struct {
	tries atomic.Int32
	fails int32
}

func (f *flaky) open(device *drivertest.Scanner) agent.Opener[drivers.Scanner] {
	return func(context.Context) (agent.Opened[drivers.Scanner], error) {
		if f.tries.Add(1) <= f.fails {
			return agent.Opened[drivers.Scanner]{}, &drivers.Error{Device: "line", Op: "open port", Kind: drivers.KindGone}
		}
		return agent.Opened[drivers.Scanner]{Device: device, Close: func() error { return nil }}, nil
	}
}

func (s *shop) device(t *testing.T, name string) station.Device {
	status, err := s.till.Status(context.Background())
	require.NoError(t, err)
	for _, device := range status.Devices {
		if device.Name == name {
			return device
		}
	}
	t.Fatalf("no device %s in %v", name, status.Devices)
	return station.Device{}
}

func TestAbsentDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, late := newShop(approve), &flaky{fails: 6}
		s.openWith(t, late.open(s.scanner), nil, opener[drivers.Printer](s.printer))
		synctest.Wait()
		require.Equal(t, "absent", s.device(t, "scanner").State)
		require.Equal(t, "none", s.device(t, "reader").State)
		require.Equal(t, "ready", s.device(t, "printer").State, "the others do not wait")
		time.Sleep(time.Minute)
		require.Equal(t, "ready", s.device(t, "scanner").State)
		require.EqualValues(t, 7, late.tries.Load(), "with a back-off")
		require.Equal(t, 1, countOf(s.journal.types(t), "device-fault"), "told once, not at every try")
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		s.stop()
	})
}

func TestLoosePlugDoesNotFillTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		loose := func(context.Context) (agent.Opened[drivers.Scanner], error) {
			device := drivertest.NewScanner()
			device.HangUp()
			return agent.Opened[drivers.Scanner]{Device: device, Close: func() error { return nil }}, nil
		}
		s.openWith(t, loose, nil, nil)
		time.Sleep(10*time.Minute - time.Second)
		require.LessOrEqual(t, countOf(s.journal.types(t), "device-fault"), 10)
		s.stop()
	})
}

// TestFaultThatCouldNotBeRecorded: only a fault that is in the journal keeps the next one out of it for a while.
func TestFaultThatCouldNotBeRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		var plugged atomic.Pointer[drivertest.Scanner]
		again := func(context.Context) (agent.Opened[drivers.Scanner], error) {
			device := drivertest.NewScanner()
			plugged.Store(device)
			return agent.Opened[drivers.Scanner]{Device: device, Close: func() error { return nil }}, nil
		}
		s.openWith(t, again, nil, nil)
		synctest.Wait()
		s.journal.change(func() { s.journal.fail = journal.ErrNoRoom })
		plugged.Load().HangUp()
		time.Sleep(time.Second)
		s.journal.change(func() { s.journal.fail = nil })
		for range 3 {
			plugged.Load().HangUp()
			time.Sleep(2 * time.Second)
		}
		require.Equal(t, 1, countOf(s.journal.types(t), "device-fault"))
		s.stop()
	})
}

func TestNoPrinterAtAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(approve)
		s.openWith(t, opener[drivers.Scanner](s.scanner), nil, nil)
		synctest.Wait()
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Approved, view.Sale.State)
		require.Zero(t, view.Sale.Unprinted)
		require.Equal(t, catalogue.NoticePrinterGone.Text(), view.Notice)
		s.stop()
	})
}

func TestDeviceLoopThatFailsReopensTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, opened := newShop(approve), &atomic.Int32{}
		broken := func(context.Context) (agent.Opened[drivers.Printer], error) {
			opened.Add(1)
			return agent.Opened[drivers.Printer]{
				Device: s.printer, Close: func() error { return nil },
				Run: func(context.Context) error { return errors.New("line noise") },
			}, nil
		}
		s.openWith(t, opener[drivers.Scanner](s.scanner), nil, broken)
		time.Sleep(3 * time.Second)
		require.Greater(t, opened.Load(), int32(2))
		require.Equal(t, "faulted", s.device(t, "printer").State)
		require.Contains(t, s.device(t, "printer").Fault, "line noise")
		s.stop()
	})
}

// tapShop is a shop with a hard wallet of ¥100.00.
func tapShop(t *testing.T, test func(t *testing.T, s *shop, card *hardcard.Card)) {
	synctest.Test(t, func(t *testing.T) {
		issuer, err := sign.NewKey(rand.Reader)
		require.NoError(t, err)
		card, err := hardcard.Mint(issuer, hardcard.Options{Wallet: "0012345678901234", Balance: 100_00})
		require.NoError(t, err)
		s := newShop(func(s sent) *message.PaymentResult {
			if s.kind == record.ReversalRequested {
				return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 9)
			}
			if len(s.payment.GetCardTransaction()) == 0 {
				return nil
			}
			return approve(s)
		})
		s.issuer = issuer
		s.issuers, err = hardwallet.NewPool(issuer.Public())
		require.NoError(t, err)
		s.open(t)
		synctest.Wait()
		test(t, s, card)
		s.stop()
	})
}

func applet(card *hardcard.Card) drivertest.Applet {
	return func(command []byte) []byte { return card.Exchange(command) }
}

func TestTap(t *testing.T) {
	t.Run("Approved", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			begun := s.begin(t, "k1")
			s.place(applet(card))
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
			require.EqualValues(t, 100_00-12_50, card.Balance())
			var transaction hardwallet.Transaction
			require.NoError(t, transaction.UnmarshalBinary(s.cloud.sent[0].payment.GetCardTransaction()))
			require.NoError(t, transaction.Verify(s.issuers))
			require.Equal(t, []string{"outcome-shown", "payment-requested", "outcome-shown", "receipt-printed", "receipt-printed"},
				s.journal.types(t), "the doubt is recorded before the card is asked")
			time.Sleep(time.Minute)
			require.EqualValues(t, 100_00-12_50, card.Balance(), "a card left in the field is not asked again")
		})
	})
	t.Run("RefusedThenCode", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			require.NoError(t, card.Connect(-95_00))
			begun := s.begin(t, "k1")
			s.place(applet(card))
			time.Sleep(500 * time.Millisecond)
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, checkout.Waiting, view.Sale.State)
			require.Equal(t, catalogue.NoticeCardFunds.Text(), view.Notice)
			s.reader.Place()
			s.cloud.say(approve)
			s.scanner.Scan(customerCode)
			synctest.Wait()
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
	t.Run("TwoCards", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			begun := s.begin(t, "k1")
			s.place(applet(card), applet(card))
			time.Sleep(500 * time.Millisecond)
			require.Equal(t, catalogue.NoticeTwoCards.Text(), s.sale(t, begun.Sale.OrderID).Notice)
			s.place(applet(card))
			time.Sleep(3 * time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
	t.Run("NotTakenWithoutAnIssuer", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			other, err := sign.NewKey(rand.Reader)
			require.NoError(t, err)
			foreign, err := hardcard.Mint(other, hardcard.Options{Wallet: "0012345678905678", Balance: 100_00})
			require.NoError(t, err)
			begun := s.begin(t, "k1")
			s.place(applet(foreign))
			time.Sleep(500 * time.Millisecond)
			require.Equal(t, catalogue.NoticeCardForeign.Text(), s.sale(t, begun.Sale.OrderID).Notice)
			require.EqualValues(t, 100_00, foreign.Balance())
		})
	})
}

// tear begins a sale, debits the card and takes it away before its answer.
func tear(t *testing.T, s *shop, card *hardcard.Card) checkout.OrderID {
	t.Helper()
	begun := s.begin(t, "k1")
	s.place(func(command []byte) []byte {
		if command[1] == hardwallet.InstructionSelect {
			s.reader.TearNext() // in the exchange after this one, which is PAY
		}
		return card.Exchange(command)
	})
	time.Sleep(300 * time.Millisecond)
	return begun.Sale.OrderID
}

func TestTornCard(t *testing.T) {
	t.Run("SameCardAgainIsAskedNotDebited", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			id := tear(t, s, card)
			tearAfterPay(t, s, card, id)
			s.scanner.Scan(customerCode)
			synctest.Wait()
			require.Equal(t, catalogue.NoticeSecondScan.Text(), s.sale(t, id).Notice, "no other means meanwhile")
			card.Reset()
			s.place(applet(card))
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, id).Sale.State)
			require.EqualValues(t, 100_00-12_50, card.Balance(), "debited once")
		})
	})
	t.Run("SurvivesARestart", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			id := tear(t, s, card)
			tearAfterPay(t, s, card, id)
			s.stop()
			s.open(t)
			synctest.Wait()
			require.Equal(t, checkout.CardUnknown, s.sale(t, id).Sale.State)
			card.Reset()
			s.place(applet(card))
			time.Sleep(time.Second)
			require.Equal(t, checkout.Approved, s.sale(t, id).Sale.State)
			require.EqualValues(t, 100_00-12_50, card.Balance())
		})
	})
	t.Run("GoneIsTakenBack", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			id := tear(t, s, card)
			tearAfterPay(t, s, card, id)
			time.Sleep(time.Minute)
			view := s.sale(t, id)
			require.Equal(t, checkout.Reversed, view.Sale.State)
			require.Equal(t, catalogue.StepCardInDoubt.Text(), view.Next)
			require.Len(t, s.printer.Documents(), 2, "when it was given up, and at the end")
			for _, slip := range s.printer.Documents() {
				require.Contains(t, text(slip), "可能已扣款", "the customer is told what to do")
			}
		})
	})
}

// tearAfterPay makes sure that the card was debited and the till does not know.
func tearAfterPay(t *testing.T, s *shop, card *hardcard.Card, id checkout.OrderID) {
	t.Helper()
	require.EqualValues(t, 100_00-12_50, card.Balance())
	require.Equal(t, checkout.CardUnknown, s.sale(t, id).Sale.State)
}

// TestSignedPaymentThatEndsWithoutMoney: the card has debited itself. Neither till nor slip may say that nothing happened.
func TestSignedPaymentThatEndsWithoutMoney(t *testing.T) {
	for name, end := range map[string]func(sent) *message.PaymentResult{"declined": decline, "taken back": nil} {
		t.Run(name, func(t *testing.T) {
			tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
				said := end
				if said == nil {
					said = func(p sent) *message.PaymentResult {
						if p.kind == record.ReversalRequested {
							return result(p, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 9)
						}
						return nil
					}
				}
				s.cloud.say(said)
				begun := s.begin(t, "k1")
				s.place(applet(card))
				time.Sleep(time.Minute)
				require.EqualValues(t, 100_00-12_50, card.Balance())
				view := s.sale(t, begun.Sale.OrderID)
				require.True(t, view.Sale.State.Final())
				require.Equal(t, catalogue.StepCardDebited.Text(), view.Next)
				require.NotEmpty(t, s.printer.Documents())
				for _, slip := range s.printer.Documents() {
					require.Contains(t, text(slip), "硬件钱包已记扣款", "the customer is told what to do")
				}
			})
		})
	}
}
