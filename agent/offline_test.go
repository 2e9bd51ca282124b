package agent_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

var (
	_ agent.OfflineJournal = (*fakeJournal)(nil)
	_ agent.OfflineAnswers = (*fakeLimits)(nil)
)

// Newest walks back over the records; the fake's records carry no time.
func (j *fakeJournal) Newest(_ context.Context, kind record.Type) (journal.Newest, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.records) - 1; i >= 0; i-- {
		header, err := record.ParseHeader(j.records[i])
		if err != nil {
			return journal.Newest{}, err
		}
		if header.Type == kind {
			return journal.Newest{Record: j.records[i], Last: header.Time}, nil
		}
	}
	return journal.Newest{}, journal.ErrNotFound
}

func (j *fakeJournal) Unsent(_ context.Context, after uint64, _, _ int) ([]record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.records[min(max(after, j.acknowledged), uint64(len(j.records))):], nil
}

// fakeLimits are the limits as the uplink brings them.
type fakeLimits struct {
	mac   *seal.MAC
	limit chan record.Record
	made  uint64 // the sequence of the latest answer
}

func newFakeLimits() *fakeLimits {
	return &fakeLimits{mac: seal.NewMAC(seal.Portable(), []byte("the answer's key")), limit: make(chan record.Record, 1)}
}

func (f *fakeLimits) Limits() <-chan record.Record { return f.limit }

func (f *fakeLimits) VerifyAnswer(answer record.Record) error {
	if len(answer) < record.Overhead {
		return errors.New("too short")
	}
	return answer.Verify(f.mac)
}

// give is the cloud giving limits.
func (f *fakeLimits) give(t *testing.T, change func(*message.OfflineLimits)) {
	t.Helper()
	f.bring(f.limits(t, change))
}

// bring delivers an answer that the cloud made.
func (f *fakeLimits) bring(answer record.Record) {
	f.limit <- answer
	synctest.Wait()
}

// limits are an answer with limits, made after all others.
func (f *fakeLimits) limits(t *testing.T, change func(*message.OfflineLimits)) record.Record {
	t.Helper()
	limits := &message.OfflineLimits{
		LimitsId: []byte("sixteen bytes 01"), PaymentMax: 500_00, WalletMax: 100_00, WalletCountMax: 10, TerminalMax: 50_00,
		TerminalCountMax: 200, Currency: "CNY", GivenAt: time.Now().UnixMicro(), HoursMax: 720,
		Shares: []*message.OfflineShare{{Hours: 24, Percent: 60}},
	}
	change(limits)
	return f.answer(t, record.OfflineLimits, limits)
}

// answer is one that verifies.
func (f *fakeLimits) answer(t *testing.T, kind record.Type, limits *message.OfflineLimits) record.Record {
	t.Helper()
	body, err := proto.Marshal(limits)
	require.NoError(t, err)
	f.made++
	answer, err := record.Build(f.mac, record.Header{
		Direction: seal.Down, Type: kind, Epoch: 1, Sequence: f.made, Terminal: terminal}, body)
	require.NoError(t, err)
	return answer
}

// as is the limits as the trade has them.
func as(*message.OfflineLimits) {}

// offlineShop is a shop with a reader whose cloud gave limits and then cannot be reached.
func offlineShop(t *testing.T, change func(*message.OfflineLimits), test func(t *testing.T, s *shop, card *hardcard.Card)) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.stop()
		s.limits = newFakeLimits()
		s.open(t)
		s.cloud.heard(time.Now())
		s.limits.give(t, change)
		s.cloud.disconnect(true)
		test(t, s, card)
	})
}

func (c *fakeCloud) disconnect(offline bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offline = offline
}

func (c *fakeCloud) heard(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heardAt = at
}

// tap starts a sale and holds the card to the reader.
func (s *shop) tap(t *testing.T, key string, card *hardcard.Card) checkout.View {
	t.Helper()
	begun := s.begin(t, key)
	s.place(applet(card))
	synctest.Wait()
	s.reader.Place()
	synctest.Wait()
	return s.sale(t, begun.Sale.OrderID)
}

// honours lets the till ask about all that it took by itself, and loses the connection again.
func (s *shop) honours(t *testing.T) {
	t.Helper()
	s.cloud.disconnect(false)
	time.Sleep(31 * time.Second)
	synctest.Wait()
	s.journal.change(func() { s.journal.acknowledged = uint64(len(s.journal.records)) })
	s.cloud.disconnect(true)
}

// offlineRecords are the payments in the journal that were accepted offline.
func (s *shop) offlineRecords(t *testing.T) []*message.PaymentRequested {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	var all []*message.PaymentRequested
	for _, r := range s.journal.records {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		if header.Type != record.PaymentRequested {
			continue
		}
		if body := unmarshal(t, r, &message.PaymentRequested{}); body.GetOffline() != nil {
			all = append(all, body)
		}
	}
	return all
}

// TestOnlyLimitsAreKeptLimits: an answer of another type may read like limits, and its tag be the cloud's.
func TestOnlyLimitsAreKeptLimits(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.stop()
		kept := s.journal.kept(t)
		s.journal.change(func() {
			other := s.limits.answer(t, record.PaymentResult, unmarshal(t, kept, &message.OfflineLimits{}))
			body, err := proto.Marshal(&message.OfflineLimitsTaken{Answer: other})
			require.NoError(t, err)
			built, err := record.Build(s.journal.mac, record.Header{Direction: seal.Up, Type: record.LimitsTaken, Epoch: 1,
				Sequence: uint64(len(s.journal.records) + 1), Terminal: terminal, Time: time.Now()}, body)
			require.NoError(t, err)
			s.journal.records = append(s.journal.records, built)
		})
		s.open(t)
		synctest.Wait()
		s.tap(t, "k1", card)
		require.Empty(t, s.offlineRecords(t))
	})
}

// kept is the answer that the journal keeps.
func (j *fakeJournal) kept(t *testing.T) record.Record {
	t.Helper()
	newest, err := j.Newest(t.Context(), record.LimitsTaken)
	require.NoError(t, err)
	return unmarshal(t, newest.Record, &message.OfflineLimitsTaken{}).GetAnswer()
}

func TestOffline(t *testing.T) {
	t.Run("AcceptedPrintedAndCompletedByTheCloud", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			view := s.tap(t, "k1", card)
			require.Equal(t, checkout.ApprovedOffline, view.Sale.State)
			require.Equal(t, catalogue.TitleApprovedOffline.Text(), view.Title)
			require.Equal(t, []string{"limits-taken", "outcome-shown", "payment-requested", "outcome-shown", "receipt-printed",
				"receipt-printed"}, s.journal.types(t))
			require.Len(t, s.printer.Documents(), 2)
			require.Contains(t, text(s.printer.Documents()[0]), "脱机 OFFLINE")
			body := s.offlineRecords(t)[0]
			require.Equal(t, int64(12_50), body.GetOffline().GetTotal())
			require.Equal(t, uint32(1), body.GetOffline().GetCount())
			require.Equal(t, []byte("sixteen bytes 01"), body.GetOffline().GetLimitsId())
			var paid hardwallet.Transaction
			require.NoError(t, paid.UnmarshalBinary(body.GetCardTransaction()))
			require.Zero(t, s.cloud.count(record.PaymentRequested), "nobody is asked without a connection")
			next := s.begin(t, "k2") // the till goes on
			_, err := s.till.Press(context.Background(), next.Sale.OrderID, checkout.CancelPressed{})
			require.NoError(t, err)

			s.cloud.disconnect(false)
			time.Sleep(31 * time.Second)
			synctest.Wait()
			view = s.sale(t, view.Sale.OrderID)
			require.Equal(t, checkout.Approved, view.Sale.State)
			require.True(t, view.Sale.Offline)
			require.Len(t, s.printer.Documents(), 2, "nothing is printed again")
		})
	})
	t.Run("NotHonouredIsTold", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			view := s.tap(t, "k1", card)
			s.cloud.say(decline)
			s.cloud.disconnect(false)
			time.Sleep(31 * time.Second)
			synctest.Wait()
			view = s.sale(t, view.Sale.OrderID)
			require.Equal(t, checkout.NotHonoured, view.Sale.State)
			require.Equal(t, catalogue.NoticeNotHonoured.Text(), view.Notice)
		})
	})
	t.Run("StopsAtTheTotalAndSaysSo", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			for _, key := range []string{"k1", "k2", "k3", "k4"} { // 4 × 12.50 is the whole of 50.00
				require.Equal(t, checkout.ApprovedOffline, s.tap(t, key, card).Sale.State)
			}
			view := s.tap(t, "k5", card)
			require.Equal(t, checkout.Waiting, view.Sale.State)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), view.Notice)
			require.Len(t, s.offlineRecords(t), 4)
			status, err := s.till.Status(context.Background())
			require.NoError(t, err)
			require.Equal(t, int64(50_00), status.Offline.Taken)
			require.Zero(t, status.Offline.Left)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), *status.Offline.Stopped)
			require.Zero(t, status.Pending, "a sale that waits has asked for nothing; what was accepted is no open question")
		})
	})
	t.Run("CountsAgainAfterARestart", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			for _, key := range []string{"k1", "k2", "k3", "k4"} {
				s.tap(t, key, card)
			}
			s.stop()
			s.cloud.heard(time.Time{})
			s.open(t)
			synctest.Wait()
			view := s.tap(t, "k5", card)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), view.Notice)
			s.journal.change(func() { s.journal.acknowledged = uint64(len(s.journal.records)) })
			time.Sleep(2 * time.Second) // the reader's pause after a refusal
			s.place(applet(card))
			synctest.Wait()
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), s.sale(t, view.Sale.OrderID).Notice, "nobody has honoured it yet")
		})
	})
	t.Run("WhatIsHonouredIsFreeAgain", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			for _, key := range []string{"k1", "k2", "k3", "k4"} {
				s.tap(t, key, card)
			}
			s.journal.change(func() { s.journal.acknowledged = uint64(len(s.journal.records)) })
			s.stop()
			s.open(t) // counts what the cloud has and nobody has honoured
			synctest.Wait()
			view := s.tap(t, "k5", card)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), view.Notice)
			_, err := s.till.Press(context.Background(), view.Sale.OrderID, checkout.CancelPressed{})
			require.NoError(t, err)
			s.honours(t)
			require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k6", card).Sale.State)
		})
	})
	t.Run("WhatIsNotHonouredCountsForADay", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			for _, key := range []string{"k1", "k2", "k3", "k4"} {
				s.tap(t, key, card)
			}
			s.cloud.say(decline)
			s.honours(t)
			view := s.tap(t, "k5", card)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), view.Notice)
			_, err := s.till.Press(context.Background(), view.Sale.OrderID, checkout.CancelPressed{})
			require.NoError(t, err)
			time.Sleep(24 * time.Hour)
			s.cloud.heard(time.Now())
			require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k6", card).Sale.State)
		})
	})
	t.Run("WhatIsNotHonouredCountsAfterARestart", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			for _, key := range []string{"k1", "k2", "k3", "k4"} {
				s.tap(t, key, card)
			}
			s.cloud.say(decline)
			s.honours(t)
			time.Sleep(23 * time.Hour)
			s.stop()
			s.cloud.heard(time.Time{})
			s.open(t)
			synctest.Wait()
			s.cloud.heard(time.Now())
			view := s.tap(t, "k5", card)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), view.Notice)
			_, err := s.till.Press(context.Background(), view.Sale.OrderID, checkout.CancelPressed{})
			require.NoError(t, err)
			time.Sleep(time.Hour)
			s.cloud.heard(time.Now())
			require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k6", card).Sale.State)
		})
	})
	t.Run("ShrinksWithTheHours", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			time.Sleep(24 * time.Hour) // 60 % of 50.00 are 30.00
			require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k1", card).Sale.State)
			require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k2", card).Sale.State)
			require.Equal(t, catalogue.NoticeOfflineTotal.Text(), s.tap(t, "k3", card).Notice)
		})
	})
	t.Run("NothingAfter720Hours", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			time.Sleep(720*time.Hour + time.Second)
			require.Equal(t, catalogue.NoticeOfflineTooLong.Text(), s.tap(t, "k1", card).Notice)
		})
	})
	t.Run("TheNextIsRefusedWithoutLimits", func(t *testing.T) {
		tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.cloud.disconnect(true)
			view := s.tap(t, "k1", card)
			require.Equal(t, checkout.Waiting, view.Sale.State)
			require.Equal(t, catalogue.NoticeOfflineNoLimits.Text(), view.Notice)
		})
	})
	t.Run("KeptLimitsThatWereAlteredAreNone", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.stop()
			s.limits.mac = seal.NewMAC(seal.Portable(), []byte("another one's key"[:16]))
			s.cloud.heard(time.Time{})
			s.open(t)
			synctest.Wait()
			require.Equal(t, catalogue.NoticeOfflineNoLimits.Text(), s.tap(t, "k1", card).Notice)
		})
	})
	t.Run("NoMoreThanAStartTakesUp", func(t *testing.T) {
		for open, refused := range map[int]catalogue.Phrase{journal.OpenMax/2 - 1: catalogue.None, journal.OpenMax / 2: catalogue.RefuseTooManyOpen} {
			offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
				require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k1", card).Sale.State)
				s.stop()
				s.journal.multiply(t, open)
				s.open(t)
				synctest.Wait()
				_, err := s.start("k2", 1250)
				if refused == catalogue.None {
					require.NoError(t, err)
					return
				}
				requireRefused(t, err, refused)
			})
		}
	})
	t.Run("NothingWhileTheNewestMayBeLeftOut", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k1", card).Sale.State)
			s.stop()
			s.journal.multiply(t, journal.OpenMax+1)
			s.open(t)
			synctest.Wait()
			require.Equal(t, catalogue.RefuseLeftOpen.Text(), *s.refusing(t))
			_, err := s.start("k2", 1250)
			requireRefused(t, err, catalogue.RefuseLeftOpen)
		})
	})
	t.Run("WithAConnectionTheCloudIsAsked", func(t *testing.T) {
		offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
			s.cloud.disconnect(false)
			require.Equal(t, checkout.Approved, s.tap(t, "k1", card).Sale.State)
			require.Empty(t, s.offlineRecords(t))
		})
	})
}
