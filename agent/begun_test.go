package agent_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// ring has the keys of one epoch.
type ring struct{}

func (ring) Keys(epoch uint32) (*seal.Keys, error) {
	return seal.DeriveKeys(seal.Portable(), make([]byte, seal.KeySize), epoch, [16]byte{1}, [16]byte{2}), nil
}

func (ring) JournalMAC() *seal.MAC { return seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)) }

// storing is a till with a real journal, which is opened again with it.
type storing struct {
	*shop
	path   string
	others int // written beside the till so far
}

// inStore runs a test in a till that can sign and keeps a real journal; the cloud shows codes and keeps books.
func inStore(t *testing.T, test func(t *testing.T, s *storing)) {
	identity, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{5}, 64)))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "journal.db")
	synctest.Test(t, func(t *testing.T) {
		b := newBooks()
		s := &storing{path: path, shop: newShop(func(s sent) *message.PaymentResult {
			if s.kind == record.ReversalRequested || s.payment.GetMethod() == message.Method_METHOD_SHOWN {
				return showing(s)
			}
			return b.pay(s)
		})}
		s.identity, s.cloud.answerFollow = identity, b.follow
		s.read(t)
		keys, err := ring{}.Keys(1)
		require.NoError(t, err)
		_, err = s.stored.OpenEpoch(t.Context(), journal.EpochOpening{Keys: keys})
		require.NoError(t, err)
		s.open(t)
		t.Cleanup(func() {
			s.stop()
			require.NoError(t, s.stored.Close())
		})
		test(t, s)
	})
}

func (s *storing) read(t *testing.T) {
	t.Helper()
	c := journal.DefaultConfig()
	c.Path, c.Terminal, c.KeyVersion, c.Keyring, c.RoomMin = s.path, terminal, 1, ring{}, 0
	c.Labels, c.SaleKey, c.FollowUpKey = agent.SaleLabels, agent.SaleKey, agent.FollowUpKey
	c.Logger = slog.New(slog.DiscardHandler)
	var err error
	s.stored, err = journal.Open(t.Context(), c)
	require.NoError(t, err)
}

func (s *storing) restart(t *testing.T) {
	t.Helper()
	s.stop()
	require.NoError(t, s.stored.Close())
	s.read(t)
	s.open(t)
	synctest.Wait()
	time.Sleep(time.Second) // the start is recorded
}

// later does the same at once, with the keys in no table yet, with all and with some of them in it, and after other starts.
func (s *storing) later(t *testing.T, do func()) {
	t.Helper()
	do()
	s.restart(t) // the keys are in no table yet
	do()
	s.passBy(t, 2000) // by then they are
	do()
	s.passBy(t, 250)
	s.restart(t)
	do()
	_, err := s.stored.Verify(t.Context())
	require.NoError(t, err)
}

// passBy writes other sales, follow-ups and cash with keys of their own into the journal, of each n, and gives it the time to
// enter them.
func (s *storing) passBy(t *testing.T, n int) {
	t.Helper()
	const step = 250
	for range n / step {
		var entries []journal.Entry
		for range step {
			s.others++
			shift := otherID(1)
			entries = append(entries, otherSale(t, s.others), otherFollowUp(t, s.others), journal.Entry{
				Type: record.CashMoved,
				Body: &message.CashMoved{ShiftId: shift[:], Key: otherKey(s.others), Amount: 1, Currency: "CNY"},
			})
		}
		_, err := s.stored.Append(t.Context(), entries...)
		require.NoError(t, err)
	}
	time.Sleep(time.Second)
}

func otherKey(n int) string { return fmt.Sprintf("other %d", n) }

func otherID(n int) (id [16]byte) {
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func otherSale(t *testing.T, n int) journal.Entry {
	sale := checkout.Sale{OrderID: otherID(n), State: checkout.Abandoned, Amount: yuan(1), Origin: checkout.Origin{Key: otherKey(n)}}
	state, err := sale.MarshalBinary()
	require.NoError(t, err)
	return journal.Entry{
		Type: record.SaleAbandoned, Body: &message.SaleAbandoned{OrderId: sale.OrderID[:], Amount: 1, Currency: "CNY"},
		Sale: &journal.Snapshot{OrderID: otherID(n), State: state},
	}
}

func otherFollowUp(t *testing.T, n int) journal.Entry {
	f := followup.FollowUp{
		ID: otherID(n), Kind: refund, State: followup.Approved, Amount: yuan(1), Origin: checkout.Origin{Key: "f" + otherKey(n)},
		Original: &message.OrderFound{},
	}
	state, err := f.MarshalBinary()
	require.NoError(t, err)
	return journal.Entry{
		Type: record.FollowUpShown, Body: &message.FollowUpShown{FollowUpId: f.ID[:]},
		FollowUp: &journal.FollowUpSnapshot{ID: otherID(n), State: state},
	}
}

// intent is something that is asked for with a key. Its second argument is 0 for what is meant, 1 for another body.
type intent func(s *storing, other int64) (id string, err error)

func starts(s *storing, other int64) (string, error) {
	view, err := s.start("key", 1250+other)
	return view.Sale.OrderID.String(), err
}

// begins is a sale with what becomes of it.
func begins(then func(t *testing.T, s *storing, order checkout.OrderID)) func(*testing.T, *storing) intent {
	return func(t *testing.T, s *storing) intent {
		order := s.begin(t, "key").Sale.OrderID
		then(t, s, order)
		synctest.Wait()
		return starts
	}
}

func scans(_ *testing.T, s *storing, _ checkout.OrderID) { s.scanner.Scan(customerCode) }

func gives(t *testing.T, s *storing, order checkout.OrderID) {
	_, err := s.till.Press(context.Background(), order, checkout.CancelPressed{})
	require.NoError(t, err)
}

// follows is a follow-up of an order that before makes ready.
func follows(kind followup.Kind, hold bool, minor int64, before ...followup.Kind) func(*testing.T, *storing) intent {
	return func(t *testing.T, s *storing) intent {
		order := s.paid(t, "order", 1250, hold)
		for i, one := range before {
			s.done(t, order, fmt.Sprint("before", i), one, 100)
		}
		return func(s *storing, other int64) (string, error) {
			view, err := s.do(order, "key", station.FollowUpWish{Kind: kind, Amount: minor + other})
			return view.FollowUp.ID.String(), err
		}
	}
}

func movesCash(t *testing.T, s *storing) intent {
	s.openShift(t, 500)
	return func(s *storing, other int64) (string, error) {
		moved, err := s.shifts().MoveCash(context.Background(), station.Cash{Key: "key", Amount: 100 + other})
		return moved.ID, err
	}
}

func opensShift(*testing.T, *storing) intent {
	return func(s *storing, other int64) (string, error) {
		opened, err := s.shifts().OpenShift(context.Background(), station.Opening{Key: "key", Cashier: "王芳", Float: yuan(500 + other)})
		return opened.ID, err
	}
}

func closesShift(t *testing.T, s *storing) intent {
	s.openShift(t, 500)
	return func(s *storing, other int64) (string, error) {
		count := counted(500+other, "店长")
		count.Key = "key"
		closed, err := s.shifts().CloseShift(context.Background(), count)
		return closed.ID, err
	}
}

// TestAKeyCountsForEver: whatever was done since, and over restarts with all, some or none of the keys entered, the same
// intent does nothing again and another one with its key is refused.
func TestAKeyCountsForEver(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *storing) intent{
		"SalePaid": begins(scans), "SaleAbandoned": begins(gives),
		"SaleSuperseded": func(t *testing.T, s *storing) intent {
			s.show(t, "key")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			return starts
		},
		"OrderAccepted": orders(orderAccepted), "OrderGoneBack": orders(orderNotAccepted),
		"Void": follows(void, false, 0), "Refund": follows(refund, false, 25), "TopUp": follows(topUp, true, 100),
		"Complete": follows(complete, true, 100), "Cancel": follows(cancel, true, 0), "Undo": follows(undo, true, 0, complete),
		"Cash": movesCash, "OpenShift": opensShift, "CloseShift": closesShift,
	} {
		t.Run(name, func(t *testing.T) {
			inStore(t, func(t *testing.T, s *storing) {
				asks := prepare(t, s)
				first, err := asks(s, 0)
				require.NoError(t, err)
				synctest.Wait()
				s.later(t, func() {
					t.Helper()
					synctest.Wait()
					before, sent, slips := s.stored.Tail(), len(s.cloud.sent), len(s.printer.Documents())
					same, err := asks(s, 0)
					require.NoError(t, err)
					require.Equal(t, first, same)
					_, err = asks(s, 1)
					requireRefused(t, err, catalogue.RefuseKeyReused)
					synctest.Wait()
					require.Equal(t, before, s.stored.Tail(), "nothing is recorded")
					require.Len(t, s.cloud.sent, sent)
					require.Len(t, s.printer.Documents(), slips)
				})
			})
		})
	}
}

// TestShiftKeysCountAfterManyShifts: the shift that a key opened, or closed, is told as it is, also when it is long over.
func TestShiftKeysCountAfterManyShifts(t *testing.T) {
	inStore(t, func(t *testing.T, s *storing) {
		opens, closes := opensShift(t, s), func(s *storing) (station.Shift, error) {
			count := counted(500, "")
			count.Key = "key"
			return s.shifts().CloseShift(t.Context(), count)
		}
		first, err := opens(s, 0)
		require.NoError(t, err)
		closed, err := closes(s)
		require.NoError(t, err)
		require.Equal(t, first, closed.ID)
		const step = 300
		var entries []journal.Entry
		for n := range 4 * step {
			id := otherID(n + 1)
			entries = append(entries,
				journal.Entry{Type: record.ShiftOpened, Body: &message.ShiftOpened{ShiftId: id[:], Batch: uint32(n + 2), Currency: "CNY"}},
				journal.Entry{Type: record.ShiftClosed, Body: &message.ShiftClosed{
					ShiftId: id[:], Batch: uint32(n + 2), Revision: 1, FirstSequence: 1, LastSequence: 1 << 40, Currency: "CNY",
				}})
			if len(entries) == 2*step {
				_, err := s.stored.Append(t.Context(), entries...)
				require.NoError(t, err)
				entries = nil
			}
		}
		for range 2 {
			before := s.stored.Tail()
			again, err := opens(s, 0)
			require.NoError(t, err)
			require.Equal(t, first, again)
			same, err := closes(s)
			require.NoError(t, err)
			require.Equal(t, closed, same)
			require.Equal(t, before, s.stored.Tail())
			s.restart(t)
		}
	})
}

// TestAKeyOfASaleIsNoFollowUps and the other way round.
func TestAKeyOfASaleIsNoFollowUps(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		order := s.sell(t, "sale").Sale.OrderID
		s.done(t, order, "follow-up", refund, 10)
		_, err := s.do(order, "sale", station.FollowUpWish{Kind: refund, Amount: 10})
		requireRefused(t, err, catalogue.RefuseKeyReused)
		_, err = s.start("follow-up", 1250)
		requireRefused(t, err, catalogue.RefuseKeyReused)
	})
}

// TestNothingBeginsWhenNobodyKnowsTheKey: a journal that cannot say whether a key did something may not be taken for no.
func TestNothingBeginsWhenNobodyKnowsTheKey(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		s.openShift(t, 500)
		order := s.sell(t, "sale").Sale.OrderID
		s.journal.change(func() { s.journal.dumb = errors.New("disk") })
		before, tries := len(s.journal.all()), s.journal.tries
		_, err := s.start("k", 1250)
		requireRefused(t, err, catalogue.RefuseJournal)
		_, err = s.do(order, "k", station.FollowUpWish{Kind: refund, Amount: 10})
		requireRefused(t, err, catalogue.RefuseJournal)
		_, err = s.shifts().MoveCash(t.Context(), station.Cash{Key: "k", Amount: 1})
		requireRefused(t, err, catalogue.RefuseJournal)
		_, err = s.shifts().OpenShift(t.Context(), station.Opening{Key: "k", Float: yuan(0)})
		requireRefused(t, err, catalogue.RefuseJournal)
		_, err = s.shifts().CloseShift(t.Context(), counted(500, ""))
		requireRefused(t, err, catalogue.RefuseJournal)
		require.Len(t, s.journal.all(), before)
		require.Equal(t, tries, s.journal.tries)
		s.journal.change(func() { s.journal.dumb = nil })
		require.NotEqual(t, order, s.begin(t, "k").Sale.OrderID)
	})
}
