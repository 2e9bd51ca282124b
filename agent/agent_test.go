package agent_test

import (
	"context"
	"crypto/sha256"
	"errors"
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
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const customerCode = "0112345678901234567"

// begin starts a sale of ¥12.50 under a key.
func (s *shop) begin(t *testing.T, key string) checkout.View {
	t.Helper()
	view, err := s.start(key, 1250)
	require.NoError(t, err)
	return view
}

func (s *shop) start(key string, minor int64) (checkout.View, error) {
	return s.till.Start(context.Background(), station.Start{
		Amount: yuan(minor), Origin: checkout.Origin{Key: key, Digest: sha256.Sum256([]byte{byte(minor), byte(minor >> 8)})},
	})
}

func (s *shop) sale(t *testing.T, id checkout.OrderID) checkout.View {
	t.Helper()
	view, err := s.till.Sale(context.Background(), id)
	require.NoError(t, err)
	return view
}

func requireRefused(t *testing.T, err error, phrase catalogue.Phrase) {
	t.Helper()
	require.ErrorIs(t, err, &station.Refusal{Phrase: phrase})
}

// inShop runs a test in a till of its own, in a time of its own.
func inShop(t *testing.T, answer func(sent) *message.PaymentResult, test func(t *testing.T, s *shop)) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(answer)
		s.open(t)
		synctest.Wait()
		test(t, s)
		s.stop()
	})
}

func TestScanIsApprovedAndPrinted(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		begun := s.begin(t, "k1")
		require.Equal(t, checkout.Waiting, begun.Sale.State)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Approved, view.Sale.State)
		require.Zero(t, view.Sale.Unprinted)
		require.Equal(t, []string{"payment-requested", "outcome-shown", "receipt-printed", "receipt-printed"}, s.journal.types(t))
		require.Equal(t, customerCode, s.cloud.sent[0].secret, "the code travels as the secret")
		require.Equal(t, "234567", s.cloud.sent[0].payment.GetCodeTail())
		require.EqualValues(t, 1, s.cloud.sent[0].payment.GetVoucher())
		require.Zero(t, s.cloud.secretsKept(), "and is forgotten when the payment is definite")
		require.Len(t, s.printer.Documents(), 2)
		slip := text(s.printer.Documents()[0])
		require.Contains(t, slip, "顾客联")
		require.Contains(t, slip, "¥12.50")
		require.Contains(t, slip, "001234******5678")
		require.NotContains(t, slip, customerCode)
		require.Contains(t, text(s.printer.Documents()[1]), "商户存根")
	})
}

// text is all text of a document.
func text(document drivers.Document) string {
	var all string
	for _, block := range document.Blocks {
		switch b := block.(type) {
		case drivers.Text:
			all += b.Content + "\n"
		case drivers.Pair:
			all += b.Label + " " + b.Value + "\n"
		case drivers.QR:
			all += b.Content + "\n"
		}
	}
	return all
}

func TestDeclineIsToldAndNotPrinted(t *testing.T) {
	inShop(t, decline, func(t *testing.T, s *shop) {
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Declined, view.Sale.State)
		require.Equal(t, "余额不足", view.Reason.Chinese)
		require.Empty(t, s.printer.Documents())
		require.EqualValues(t, 2, s.begin(t, "k2").Sale.Voucher, "the till is free again")
	})
}

func TestUnknownThenApproved(t *testing.T) {
	answer := func(s sent) *message.PaymentResult {
		if s.times < 4 {
			return nil
		}
		return approve(s)
	}
	inShop(t, answer, func(t *testing.T, s *shop) {
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		time.Sleep(4900 * time.Millisecond)
		require.Equal(t, checkout.Authorising, s.sale(t, begun.Sale.OrderID).Sale.State)
		time.Sleep(200 * time.Millisecond)
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Querying, view.Sale.State, "unknown within 5 s")
		require.Equal(t, message.Outcome_OUTCOME_UNKNOWN, view.Sale.Outcome())
		require.WithinDuration(t, time.Now().Add(40*time.Second), view.Until, 200*time.Millisecond)
		require.Empty(t, s.printer.Documents())
		_, err := s.start("k2", 100)
		requireRefused(t, err, catalogue.RefuseSaleOpen)
		time.Sleep(4 * time.Second)
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Len(t, s.printer.Documents(), 2)
		require.Equal(t, customerCode, s.cloud.sent[3].secret, "the secret goes along with every resend")
	})
}

func TestGivenUpIsReversedInTheBackground(t *testing.T) {
	var online bool
	answer := func(s sent) *message.PaymentResult {
		if !online || s.kind != record.ReversalRequested {
			return nil
		}
		return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 5)
	}
	inShop(t, answer, func(t *testing.T, s *shop) {
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		time.Sleep(46 * time.Second)
		require.Equal(t, checkout.Reversing, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Len(t, s.printer.Documents(), 1)
		require.Contains(t, text(s.printer.Documents()[0]), "请勿交货")
		other := s.begin(t, "k2")
		require.Equal(t, checkout.Waiting, other.Sale.State, "the next customer is served meanwhile")
		s.cloud.mu.Lock()
		online = true
		s.cloud.mu.Unlock()
		time.Sleep(4 * time.Second)
		require.Equal(t, checkout.Reversed, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Equal(t, checkout.Waiting, s.sale(t, other.Sale.OrderID).Sale.State)
		require.Equal(t, 1, countOf(s.journal.types(t), "reversal-requested"))
	})
}

func countOf(names []string, name string) int {
	n := 0
	for _, each := range names {
		if each == name {
			n++
		}
	}
	return n
}

func TestCancel(t *testing.T) {
	press := func(s *shop, id checkout.OrderID) (checkout.View, error) {
		return s.till.Press(context.Background(), id, checkout.CancelPressed{Cashier: "li"})
	}
	t.Run("BeforePaymentAbandons", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			view, err := press(s, begun.Sale.OrderID)
			require.NoError(t, err)
			require.Equal(t, checkout.Abandoned, view.Sale.State)
			require.Equal(t, []string{"sale-abandoned"}, s.journal.types(t))
			_, err = press(s, begun.Sale.OrderID)
			requireRefused(t, err, catalogue.RefuseState)
		})
	})
	t.Run("DuringPaymentReverses", func(t *testing.T) {
		answer := func(s sent) *message.PaymentResult {
			if s.kind == record.PaymentRequested {
				return result(s, message.Stage_STAGE_AWAITING_PASSWORD, message.Outcome_OUTCOME_UNKNOWN, 1)
			}
			return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 2)
		}
		inShop(t, answer, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			require.Equal(t, checkout.AwaitingPassword, s.sale(t, begun.Sale.OrderID).Sale.State)
			_, err := press(s, begun.Sale.OrderID)
			require.NoError(t, err)
			synctest.Wait()
			require.Equal(t, checkout.Reversed, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
	t.Run("ApprovalOnItsWayIsTakenBack", func(t *testing.T) {
		var crossing *message.PaymentResult
		answer := func(s sent) *message.PaymentResult {
			switch {
			case s.kind == record.PaymentRequested:
				crossing = approve(s)
				return nil
			case s.times == 1:
				return crossing
			}
			return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 3)
		}
		inShop(t, answer, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			_, err := press(s, begun.Sale.OrderID)
			require.NoError(t, err)
			synctest.Wait()
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, checkout.Reversing, view.Sale.State, "asked on")
			require.Equal(t, catalogue.NoticePaidTakenBack.Text(), view.Notice)
			require.Empty(t, s.printer.Documents(), "no receipt of a payment that is being taken back")
			time.Sleep(4 * time.Second)
			require.Equal(t, checkout.Reversed, s.sale(t, begun.Sale.OrderID).Sale.State)
			require.Len(t, s.printer.Documents(), 1)
			require.Contains(t, text(s.printer.Documents()[0]), "已冲正")
		})
	})
}

func TestScansThatAreNotUsed(t *testing.T) {
	t.Run("SecondWhilePaying", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			s.scanner.Scan("0199999999999999999")
			synctest.Wait()
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, catalogue.NoticeSecondScan.Text(), view.Notice)
			require.Equal(t, 1, s.cloud.count(record.PaymentRequested))
		})
	})
	t.Run("OfBeforeTheSale", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.scanner.Scan(customerCode)
			synctest.Wait()
			time.Sleep(time.Second)
			begun := s.begin(t, "k1")
			synctest.Wait()
			require.Equal(t, checkout.Waiting, s.sale(t, begun.Sale.OrderID).Sale.State)
			require.Zero(t, s.cloud.count(record.PaymentRequested))
		})
	})
	t.Run("OfAnotherWalletAndGarbage", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan("134567890123456789")
			synctest.Wait()
			require.Equal(t, catalogue.NoticeWeChat.Text(), s.sale(t, begun.Sale.OrderID).Notice)
			s.scanner.Overflow()
			synctest.Wait()
			require.Equal(t, catalogue.NoticeUnreadable.Text(), s.sale(t, begun.Sale.OrderID).Notice)
			require.Zero(t, s.cloud.count(record.PaymentRequested))
			s.scanner.Scan(customerCode)
			synctest.Wait()
			require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		})
	})
}

func TestShownCode(t *testing.T) {
	answer := func(s sent) *message.PaymentResult {
		if s.times > 1 {
			return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_APPROVED, 2)
		}
		r := result(s, message.Stage_STAGE_AWAITING_CUSTOMER, message.Outcome_OUTCOME_UNKNOWN, 1)
		r.ShownCode = "https://operator.example/pay/1"
		return r
	}
	inShop(t, answer, func(t *testing.T, s *shop) {
		begun := s.begin(t, "k1")
		_, err := s.till.Press(context.Background(), begun.Sale.OrderID, checkout.CodeWanted{})
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, "https://operator.example/pay/1", s.sale(t, begun.Sale.OrderID).ShownCode)
		_, err = s.till.Press(context.Background(), begun.Sale.OrderID, checkout.CodeWanted{})
		requireRefused(t, err, catalogue.RefuseState)
		time.Sleep(4 * time.Second)
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
	})
}

func TestStartIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*shop)
		minor  int64
		phrase catalogue.Phrase
	}{
		"NoRoom":     {func(s *shop) { s.journal.room = journal.ErrNoRoom }, 1250, catalogue.RefuseNoRoom},
		"DiskFailed": {func(s *shop) { s.journal.room = journal.ErrFailed }, 1250, catalogue.RefuseJournal},
		"FileMoved": {func(s *shop) { s.journal.room = &journal.DisplacedError{Path: "journal.db"} }, 1250,
			catalogue.RefuseJournalMoved},
		"Altered": {func(s *shop) {
			s.journal.room = &journal.DamagedError{Path: "journal.db", Sale: 3, Cause: errors.New("altered")}
		}, 1250,
			catalogue.RefuseJournalDamaged},
		"NoEpoch": {func(s *shop) { s.journal.epoch = 0 }, 1250, catalogue.RefuseNotSignedIn},
		"Stopped": {func(s *shop) { s.cloud.stopped = "link mismatch" }, 1250, catalogue.RefuseStopped},
		"Blocked": {func(s *shop) { s.cloud.barred, s.cloud.offline = true, true }, 1250, catalogue.RefuseBlocked},
		"Zero":    {func(*shop) {}, 0, catalogue.RefuseAmount},
		"TooMuch": {func(*shop) {}, 5_000_001, catalogue.RefuseAmount},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				s.journal.change(func() { c.change(s) })
				_, err := s.start("k1", c.minor)
				requireRefused(t, err, c.phrase)
				require.Empty(t, s.journal.types(t))
			})
		})
	}
	t.Run("OtherCurrency", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			amount := yuan(1)
			amount.Currency.Code = "HKD"
			_, err := s.till.Start(context.Background(), station.Start{Amount: amount})
			requireRefused(t, err, catalogue.RefuseCurrency)
		})
	})
}

func TestJournalFailsAtTheScan(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		begun := s.begin(t, "k1")
		s.journal.change(func() { s.journal.fail = journal.ErrFailed })
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, begun.Sale.OrderID)
		require.Equal(t, checkout.Abandoned, view.Sale.State)
		require.Equal(t, catalogue.NoticeJournal.Text(), view.Notice)
		require.Zero(t, s.cloud.count(record.PaymentRequested), "what is not recorded is not sent")
		require.Zero(t, s.cloud.secretsKept())
	})
}

func TestJournalFailsAtTheAnswer(t *testing.T) {
	inShop(t, func(s sent) *message.PaymentResult { return approve(s) }, func(t *testing.T, s *shop) {
		s.cloud.say(func(sn sent) *message.PaymentResult {
			if sn.times == 1 {
				s.journal.change(func() { s.journal.fail = journal.ErrFailed })
			}
			return approve(sn)
		})
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, checkout.Authorising, s.sale(t, begun.Sale.OrderID).Sale.State, "not recorded, so not shown")
		require.Empty(t, s.printer.Documents())
		s.journal.change(func() { s.journal.fail = nil })
		time.Sleep(7 * time.Second)
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Len(t, s.printer.Documents(), 2)
	})
}

func TestIdempotency(t *testing.T) {
	t.Run("SameKeySameSale", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			first := s.begin(t, "k1")
			require.Equal(t, first.Sale.OrderID, s.begin(t, "k1").Sale.OrderID)
			_, err := s.start("k1", 99)
			requireRefused(t, err, catalogue.RefuseKeyReused)
		})
	})
	t.Run("SurvivesARestart", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			first := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			s.stop()
			s.open(t)
			synctest.Wait()
			again := s.begin(t, "k1")
			require.Equal(t, first.Sale.OrderID, again.Sale.OrderID)
			require.Equal(t, checkout.Approved, again.Sale.State)
			_, err := s.start("k1", 99)
			requireRefused(t, err, catalogue.RefuseKeyReused)
			require.EqualValues(t, 2, s.begin(t, "k2").Sale.Voucher, "numbers go on")
		})
	})
}

func TestRestart(t *testing.T) {
	t.Run("PayingIsAskedAboutNotSentAnew", func(t *testing.T) {
		inShop(t, silence, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			s.stop()
			s.cloud.Forget(s.cloud.sent[0].sequence) // memory is gone
			s.cloud.say(approve)
			s.open(t)
			synctest.Wait()
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, checkout.Approved, view.Sale.State)
			require.Len(t, s.cloud.sent, 2)
			require.Equal(t, s.cloud.sent[0].sequence, s.cloud.sent[1].sequence, "the same record")
			require.Empty(t, s.cloud.sent[1].secret)
			require.Len(t, s.printer.Documents(), 2)
		})
	})
	t.Run("ReceiptIsNotPrintedByItself", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.printer.Stall(true)
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			s.journal.change(func() { s.journal.fail = errors.New("power is off") })
			s.stop()
			s.journal.change(func() { s.journal.fail = nil })
			s.printer.Stall(false)
			s.open(t)
			time.Sleep(time.Minute)
			require.Empty(t, s.printer.Documents())
			view := s.sale(t, begun.Sale.OrderID)
			require.Equal(t, checkout.Approved, view.Sale.State)
			require.Equal(t, catalogue.NoticeReceiptUnsure.Text(), view.Notice)
			require.Equal(t, 2, countOf(s.journal.types(t), "receipt-printed"))
		})
	})
}

// TestRestartWithASaleOfANewerProgram: what is open and cannot be read is not forgotten quietly.
func TestRestartWithASaleOfANewerProgram(t *testing.T) {
	inShop(t, silence, func(t *testing.T, s *shop) {
		s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		s.stop()
		s.journal.change(func() { s.journal.sales[0].State = []byte{0xFF} })
		s.open(t)
		synctest.Wait()
		_, err := s.start("k2", 1250)
		requireRefused(t, err, catalogue.RefuseJournalDamaged)
		require.ErrorContains(t, err, "read open sale")
		require.Equal(t, catalogue.RefuseJournalDamaged.Text(), *s.refusing(t))
	})
}

// multiply leaves so many copies of the journal's only open sale open.
func (j *fakeJournal) multiply(t *testing.T, n int) {
	t.Helper()
	j.change(func() {
		stored := j.sales[0]
		var one checkout.Sale
		require.NoError(t, one.UnmarshalBinary(stored.State))
		for i := range n - 1 {
			one.OrderID = checkout.OrderID{byte(i), byte(i >> 8), 1}
			state, err := one.MarshalBinary()
			require.NoError(t, err)
			stored.OrderID, stored.State = journal.OrderID(one.OrderID), state
			j.sales = append(j.sales, stored)
		}
	})
}

func TestNewRefusesMissingParts(t *testing.T) {
	_, err := agent.New(config(), agent.Parts{}, nil)
	require.ErrorIs(t, err, agent.ErrConfig)
	for name, change := range map[string]func(*agent.Config){
		"NoVersion":     func(c *agent.Config) { c.Version = "" },
		"NoTerminal":    func(c *agent.Config) { c.Terminal = record.Terminal{} },
		"ShortMerchant": func(c *agent.Config) { c.Merchant.ID = "12" },
		"NoName":        func(c *agent.Config) { c.Merchant.Name = "" },
		"NoAmountMax":   func(c *agent.Config) { c.AmountMax = 0 },
		"HugeAmountMax": func(c *agent.Config) { c.AmountMax = 1_000_000_000_001 },
		"NoCurrency":    func(c *agent.Config) { c.Currency.Code = "" },
		"BadCheckBase":  func(c *agent.Config) { c.CheckBase = "nowhere" },
		"NoDevice":      func(c *agent.Config) { c.Device = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := config()
			change(&c)
			require.ErrorIs(t, c.Validate(), agent.ErrConfig)
		})
	}
	require.NoError(t, config().Validate())
}
