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
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

var elsewhere = []byte{0x01, 0x8f, 15: 7}

// foreign is another till's payment of ¥88.00 as the cloud tells of it.
func foreign(lookup *message.OrderLookup, _ int) *message.OrderFound {
	if lookup.GetReference() != "260501000077" && string(lookup.GetOrderId()) != string(elsewhere) {
		return &message.OrderFound{LookupId: lookup.GetLookupId()}
	}
	return &message.OrderFound{
		LookupId: lookup.GetLookupId(), Found: true, Method: message.Method_METHOD_CODE, Terminal: "10000002", Batch: 3, Voucher: 21,
		RequestedAt: time.Now().Add(-time.Hour).UnixMicro(), Payment: &message.PaymentResult{
			OrderId: elsewhere, Outcome: message.Outcome_OUTCOME_APPROVED, Stage: message.Stage_STAGE_FINAL, Amount: 8800, Currency: "CNY",
			Reference: "260501000077", Authorisation: "ZZ1122", PayerOperator: "建设银行", WalletMasked: "002345******9876",
			Standing: &message.Standing{Paid: 8800},
		},
	}
}

func TestLookupInTheOwnJournal(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.done(t, order, "r1", refund, 250)
		code := "https://check.example/r/" + crockford(order)
		for name, wanted := range map[string]station.Wanted{
			"reference": {Reference: "260501000001"}, "order": {Order: order}, "voucher": {Batch: 1, Voucher: 1},
			"qr": {Text: code}, "qr of another address": {Text: " http://elsewhere/x/r/" + crockford(order) + "\n"},
			"order as text": {Text: order.String()}, "reference as text": {Text: "260501000001"},
		} {
			found, err := s.till.Lookup(t.Context(), wanted)
			require.NoError(t, err, name)
			require.True(t, found.Here, name)
			require.Equal(t, order[:], found.Order.GetPayment().GetOrderId(), name)
			require.EqualValues(t, 1000, found.Left.Refund, name)
			require.Len(t, found.FollowUps, 1, name)
		}
		require.Zero(t, s.cloud.count(record.OrderLookup), "nobody else was asked")
	})
}

// TestLookupTellsWhyNothingWasPaid: the reason is what the sale's own view has, also where no answer of the cloud says it.
func TestLookupTellsWhyNothingWasPaid(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(sent) *message.PaymentResult
		cancel bool
		want   message.Reason
	}{
		"declined":   {decline, false, message.Reason_REASON_INSUFFICIENT_FUNDS},
		"taken back": {silence, true, message.Reason_REASON_CASHIER_CANCELLED},
		"paid":       {approve, false, message.Reason_REASON_UNSPECIFIED},
	} {
		t.Run(name, func(t *testing.T) {
			inDesk(t, func(t *testing.T, s *shop, _ *books) {
				s.cloud.say(test.answer)
				order := s.begin(t, "k1").Sale.OrderID
				s.scanner.Scan(customerCode)
				synctest.Wait()
				if test.cancel {
					_, err := s.till.Press(t.Context(), order, checkout.CancelPressed{})
					require.NoError(t, err)
				}
				found, err := s.till.Lookup(t.Context(), station.Wanted{Order: order})
				require.NoError(t, err)
				require.Equal(t, test.want, found.Order.GetPayment().GetReason())
				require.Equal(t, catalogue.Reason(test.want), s.sale(t, order).Reason)
			})
		})
	}
}

// TestAFollowUpsOwnNumbersLeadToItsOrder: what stands on its slip is looked for in the journal, also of another's order.
func TestAFollowUpsOwnNumbersLeadToItsOrder(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		leads := func(wanted station.Wanted, order []byte, here bool) {
			t.Helper()
			found, err := s.till.Lookup(t.Context(), wanted)
			require.NoError(t, err)
			require.Equal(t, order, found.Order.GetPayment().GetOrderId())
			require.Equal(t, here, found.Here)
		}
		order := s.paid(t, "h1", 30000, true)
		topped := s.done(t, order, "t1", topUp, 4900)
		completed := s.done(t, order, "c1", complete, 34900)
		for _, f := range []followup.FollowUp{topped, completed} {
			leads(station.Wanted{Text: f.Result.GetReference()}, order[:], true)
			leads(station.Wanted{Voucher: f.Voucher}, order[:], true)
			leads(station.Wanted{Batch: f.Batch, Voucher: f.Voucher}, order[:], true)
		}
		require.Zero(t, s.cloud.count(record.OrderLookup), "nobody else was asked")

		s.cloud.answerLookup = foreign
		b.orders[string(elsewhere)] = &message.Standing{Paid: 8800}
		leads(station.Wanted{Reference: "260501000077"}, elsewhere, false)
		back := s.done(t, checkout.OrderID(elsewhere), "r1", refund, 800)
		s.stop()
		s.open(t)
		synctest.Wait()
		leads(station.Wanted{Reference: back.Result.GetReference()}, elsewhere, false)
		leads(station.Wanted{Batch: back.Batch, Voucher: back.Voucher}, elsewhere, false)
		again := s.done(t, checkout.OrderID(elsewhere), "r2", refund, 100)
		require.Equal(t, followup.Approved, again.State, "it can be gone on with")

		_, err := s.till.Lookup(t.Context(), station.Wanted{Reference: "260502009999"})
		requireRefused(t, err, catalogue.RefuseLookupNothing)
		require.Contains(t, catalogue.NextAfter(catalogue.RefuseLookupNothing).Text().English, "ORIG REF",
			"of a slip of another till it says which number to take")
	})
}

// TestVoucherIsOfTheOpenShift: each shift counts its vouchers anew, so a number alone is the open shift's; while none is open,
// nobody knows whose it is, and none is guessed.
func TestVoucherIsOfTheOpenShift(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		first := s.sell(t, "k1").Sale.OrderID
		_, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		_, err = s.till.Lookup(t.Context(), station.Wanted{Voucher: 1})
		requireRefused(t, err, catalogue.RefuseNoBatch)
		_, err = s.shifts().CurrentShift(t.Context(), false)
		requireRefused(t, err, catalogue.RefuseNoShift)
		second := s.sell(t, "k2").Sale.OrderID
		for order, batch := range map[checkout.OrderID]uint32{second: 0, first: 1} {
			found, err := s.till.Lookup(t.Context(), station.Wanted{Batch: batch, Voucher: 1})
			require.NoError(t, err)
			require.Equal(t, order[:], found.Order.GetPayment().GetOrderId())
		}
		_, err = s.till.Lookup(t.Context(), station.Wanted{Voucher: 2})
		requireRefused(t, err, catalogue.RefuseLookupNothing)
	})
}

// crockford is what stands behind /r/ on a receipt.
func crockford(order checkout.OrderID) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var text []byte
	bits, n := 0, 0
	for _, b := range order {
		bits, n = bits<<8|int(b), n+8
		for ; n >= 5; n -= 5 {
			text = append(text, digits[bits>>(n-5)&31])
		}
		bits &= 1<<n - 1
	}
	return string(append(text, digits[bits<<(5-n)&31]))
}

func TestLookupInTheCloudAndRefundOfAnothersSale(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		s.cloud.answerLookup = foreign
		b.orders[string(elsewhere)] = &message.Standing{Paid: 8800}
		_, err := s.do(checkout.OrderID(elsewhere), "r0", station.FollowUpWish{Kind: refund, Amount: 800})
		requireRefused(t, err, catalogue.RefuseNoSale)
		found, err := s.till.Lookup(t.Context(), station.Wanted{Reference: "260501000077"})
		require.NoError(t, err)
		require.False(t, found.Here)
		require.Equal(t, "10000002", found.Order.GetTerminal())
		require.EqualValues(t, 8800, found.Left.Refund)

		f := s.done(t, checkout.OrderID(elsewhere), "r1", refund, 800)
		require.Equal(t, followup.Approved, f.State)
		slip := text(s.printer.Documents()[0])
		for _, words := range []string{
			"原终端号 ORIG TID 10000002", "原批次号 ORIG BATCH 000003", "原凭证号 ORIG VOUCHER 000021",
			"剩余可退 REFUNDABLE ¥80.00", "002345******9876",
		} {
			require.Contains(t, slip, words)
		}
		_, err = s.do(checkout.OrderID(elsewhere), "r2", station.FollowUpWish{Kind: refund, Amount: 8001})
		requireRefused(t, err, catalogue.RefuseMoreThanLeft)
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Equal(t, f.ID, s.followUp(t, f.ID).ID, "its slip can be printed after a restart")
	})
}

func TestLookupEndsInWords(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		lookup := func(wanted station.Wanted) error {
			_, err := s.till.Lookup(t.Context(), wanted)
			return err
		}
		for _, text := range []string{"", "12345678901", "26050100007x", "https://check.example/r/short", "zz",
			strings.Repeat("0", 32), strings.Repeat("0", 26), "https://check.example/r/" + strings.Repeat("0", 26), strings.Repeat("g", 32)} {
			requireRefused(t, lookup(station.Wanted{Text: text}), catalogue.RefuseLookupText)
		}
		requireRefused(t, lookup(station.Wanted{Batch: 1, Voucher: 99}), catalogue.RefuseLookupNothing)
		require.Zero(t, s.cloud.count(record.OrderLookup), "vouchers are this till's own")

		began := time.Now()
		requireRefused(t, lookup(station.Wanted{Reference: "260501000078"}), catalogue.RefuseLookupSilent)
		require.Equal(t, 8*time.Second, time.Since(began), "before the station's own end")
		require.Equal(t, 2, s.cloud.count(record.OrderLookup), "asked once more with the same record")
		for what, size := range s.sizes() {
			require.Zero(t, size, "%s, now that nobody waits any more", what)
		}
		require.Equal(t, []string{"order-lookup"}, s.journal.types(t))

		s.cloud.change(func() {
			s.cloud.answerLookup = func(l *message.OrderLookup, times int) *message.OrderFound {
				if times < 2 {
					return nil // the first answer is lost
				}
				return foreign(l, times)
			}
		})
		require.NoError(t, lookup(station.Wanted{Order: checkout.OrderID(elsewhere)}))
		requireRefused(t, lookup(station.Wanted{Reference: "260501000078"}), catalogue.RefuseLookupNothing)
		s.cloud.found <- &message.OrderFound{LookupId: []byte("short")}
		s.cloud.found <- foreign(&message.OrderLookup{LookupId: make([]byte, 16), Reference: "260501000077"}, 1)
		synctest.Wait()
	})
}

func TestLookupsAreBounded(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		ended := make(chan error, 8)
		for range 6 {
			go func() {
				_, err := s.till.Lookup(t.Context(), station.Wanted{Reference: "260501000078"})
				ended <- err
			}()
		}
		synctest.Wait()
		require.Len(t, ended, 2)
		requireRefused(t, <-ended, catalogue.RefuseLookupBusy)
		requireRefused(t, <-ended, catalogue.RefuseLookupBusy)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		require.Len(t, ended, 4)
	})
}

// TestNobodyWaitsForALookup: neither a search through a long journal, nor one that the cloud does not answer, nor a disk
// that hangs holds up a sale; each of them ends in words, and in time.
func TestNobodyWaitsForALookup(t *testing.T) {
	for name, block := range map[string]func(*fakeJournal, chan struct{}){
		"search": func(j *fakeJournal, until chan struct{}) { j.searching = until },
		"disk":   func(j *fakeJournal, until chan struct{}) { j.recording = until },
		"cloud":  func(*fakeJournal, chan struct{}) {},
	} {
		t.Run(name, func(t *testing.T) {
			inDesk(t, func(t *testing.T, s *shop, b *books) {
				until := make(chan struct{})
				s.journal.change(func() { block(s.journal, until) })
				ended, began := make(chan error, 4), time.Now()
				for range 3 {
					go func() {
						_, err := s.till.Lookup(t.Context(), station.Wanted{Reference: "260501000078"})
						ended <- err
					}()
				}
				synctest.Wait()
				s.paid(t, "k1", 1250, false)
				_, err := s.till.Status(t.Context())
				require.NoError(t, err)
				require.Zero(t, time.Since(began), "a sale takes no longer")
				require.Empty(t, ended)
				for range 3 {
					requireRefused(t, <-ended, catalogue.RefuseLookupSilent)
				}
				require.Equal(t, 8*time.Second, time.Since(began))
				close(until)
				s.journal.change(func() { s.journal.searching, s.journal.recording = nil, nil })
				found, err := s.till.Lookup(t.Context(), station.Wanted{Reference: "260501000001"})
				require.NoError(t, err, "and nothing is left behind")
				require.True(t, found.Here)
			})
		})
	}
}

// TestLookupOfACallerThatLeaves ends with it.
func TestLookupOfACallerThatLeaves(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := s.till.Lookup(ctx, station.Wanted{Reference: "260501000078"})
		requireRefused(t, err, catalogue.RefuseLookupSilent)
		require.Equal(t, time.Second, time.Since(began))
	})
}
