package collector_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// stored returns what the store has of the terminal, once a head of that height is there.
func (w *world) stored() []store.Record {
	records, err := w.store.Records(w.tb.Context(), terminalID, 0, 10_000)
	require.NoError(w.tb, err)
	return records
}

func (w *world) alarms() map[string]uint64 {
	rows, err := w.store.Alarms(w.tb.Context(), 100)
	require.NoError(w.tb, err)
	counts := make(map[string]uint64, len(rows))
	for _, row := range rows {
		counts[row.Kind] = row.Count
	}
	return counts
}

// detail is what the latest alarm of a kind says.
func (w *world) detail(kind string) string {
	rows, err := w.store.Alarms(w.tb.Context(), 100)
	require.NoError(w.tb, err)
	for _, row := range rows {
		if row.Kind == kind {
			return row.Detail
		}
	}
	return ""
}

// eventually waits for what the collector does without an answer.
func (w *world) eventually(check func() bool, what string) {
	w.tb.Helper()
	require.Eventually(w.tb, check, patience, time.Millisecond, what)
}

func TestSignIn(t *testing.T) {
	t.Run("EpochsRise", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		answer := till.signIn()
		require.Zero(t, answer.GetHighWater())
		require.Equal(t, w.clock.Now().UnixMicro(), answer.GetCloudTime())
		w.clock.advance(time.Minute)
		till.signIn()
		require.EqualValues(t, 2, till.current.Epoch)
		epochs, err := w.store.Epochs(t.Context(), terminalID)
		require.NoError(t, err)
		require.Len(t, epochs, 2, "durable before the answer left")
	})
	t.Run("TellsWhatIsStored", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		till.send(topic.Up, till.fault("a"), till.fault("b"))
		till.acknowledged(3)
		w.clock.advance(time.Minute)
		w.restart()
		answer := till.signIn()
		require.EqualValues(t, 3, answer.GetHighWater())
		require.EqualValues(t, 3, answer.GetHighest())
		require.Equal(t, till.link[:], answer.GetHighestLink())
		require.Empty(t, w.alarms())
	})
	t.Run("OtherJournalRaisesAnAlarm", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		till.link[0] ^= 1
		w.clock.advance(time.Minute)
		till.signIn()
		require.Contains(t, w.alarms(), "journal-differs")
	})
	t.Run("WrongTagIsNotAnswered", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		request := till.signInRequest([16]byte{7})
		request[len(request)-1] ^= 1
		w.deliver(topic.SignIn, request)
		w.eventually(func() bool { return w.alarms()["sign-in"] == 1 }, "alarm")
		require.Empty(t, w.wire.messages)
	})
	t.Run("StormMakesFewEpochs", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		for i := range 50 {
			w.deliver(topic.SignIn, till.signInRequest([16]byte{byte(i)}))
		}
		w.deliver(topic.Now, []byte("its refusal shows that the storm is over"))
		for range 3 {
			w.next()
		}
		w.clock.advance(time.Minute)
		till.signIn()
		epochs, err := w.store.Epochs(t.Context(), terminalID)
		require.NoError(t, err)
		require.Len(t, epochs, 3)
	})
}

func TestRecords(t *testing.T) {
	t.Run("StoredOnceAndAcknowledged", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		for i := range 20 {
			till.send(topic.Up, till.fault(fmt.Sprint(i)), till.fault("x"))
		}
		ack := till.acknowledged(41)
		require.Empty(t, ack.GetGaps())
		stored := w.stored()
		require.Len(t, stored, 41)
		for i, r := range stored {
			require.Equal(t, till.records[i], r.Bytes, "the stored bytes are the terminal's own")
		}
	})
	t.Run("SentAgainIsAcknowledgedAgain", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		a, b := till.fault("a"), till.fault("b")
		till.send(topic.Up, a, b)
		till.acknowledged(3)
		for range 3 {
			till.send(topic.Now, a)
			till.acknowledged(3)
		}
		w.restart()
		till.send(topic.Up, a, b, b)
		till.acknowledged(3)
		require.Len(t, w.stored(), 3)
		require.Empty(t, w.alarms())
	})
	t.Run("UrgentOvertakesTheBacklog", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		var backlog []record.Record
		for range 5 {
			backlog = append(backlog, till.fault("backlog"))
		}
		till.send(topic.Now, till.fault("urgent"))
		ack := till.acknowledgement()
		require.EqualValues(t, 1, ack.GetHighWater())
		require.EqualValues(t, 7, ack.GetHighest())
		require.Len(t, ack.GetGaps(), 1)
		require.EqualValues(t, 2, ack.GetGaps()[0].GetFirst())
		require.EqualValues(t, 6, ack.GetGaps()[0].GetLast())

		w.restart() // the gap is remembered
		till.send(topic.Up, backlog[3], backlog[4])
		require.EqualValues(t, 4, till.acknowledgement().GetGaps()[0].GetLast())
		till.send(topic.Up, backlog[:3]...)
		require.Empty(t, till.acknowledged(7).GetGaps())
	})
	t.Run("EpochIsKnownByItsUse", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		old := till.current
		w.clock.advance(time.Minute)
		till.signIn()
		first := till.epochOpened()
		till.send(topic.Now, till.fault("under the new keys, ahead of the record that opens them"))
		require.EqualValues(t, 3, till.acknowledgement().GetHighest())
		till.send(topic.Up, first)
		till.acknowledged(3)
		copied := till.forge(old, 4, till.link, record.DeviceFault, &message.DeviceFault{Device: "a copy"})
		till.send(topic.Up, copied)
		refusal := till.refusal()
		require.Equal(t, message.Refusal_CAUSE_EPOCH, refusal.GetCause())
		require.EqualValues(t, 4, refusal.GetSequence())
		till.send(topic.Up, till.records[0]) // an old record sent again is still the old record
		till.acknowledged(3)
	})
	t.Run("RestoredJournalGoesOnAndIsTold", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		till.send(topic.Up, till.fault("lost"))
		till.acknowledged(2)
		w.clock.advance(time.Minute)
		till.signIn()
		till.send(topic.Up, till.record(record.EpochOpened, &message.EpochOpened{Epoch: 2, LostFrom: 2}))
		till.acknowledged(3)
		require.Contains(t, w.alarms(), "journal-restored")
	})
}

// TestOldCopyOfWhichNothingCame: what a sign-in names is all that the cloud hears of records that were lost on the terminal
// before any of them was sent.
func TestOldCopyOfWhichNothingCame(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	link, sequence := till.link, till.sequence
	till.fault("made while nothing could be sent")
	w.clock.advance(time.Minute)
	till.signIn()
	require.NotContains(t, w.alarms(), "journal-restored")
	w.restart() // it is not only remembered
	till.link, till.sequence = link, sequence
	w.clock.advance(time.Minute)
	require.EqualValues(t, sequence+1, till.signIn().GetNamed(), "the till is told, so that it can say so")
	require.EqualValues(t, 1, w.alarms()["journal-restored"])
	require.Zero(t, till.signIn().GetNamed())
}

// TestMissingJournal is told as that, and not as an old copy.
func TestMissingJournal(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	w.clock.advance(time.Minute)
	till.signIn() // names what it has
	w.clock.advance(time.Minute)
	link, sequence := till.link, till.sequence
	till.link, till.sequence = record.Genesis(till.engine, till.id), 0
	till.signIn()
	require.Contains(t, w.detail("journal-restored"), "with an empty journal, after record 1 the time before: its journal is missing")
	till.link, till.sequence = link, sequence
	till.send(topic.Up, till.record(record.EpochOpened, &message.EpochOpened{Epoch: 3, LostFrom: 1}))
	till.acknowledged(sequence + 1)
	require.Contains(t, w.detail("journal-restored"), "it began a new one")
}

// TestBooksPutBack: a terminal that was acknowledged more than is stored tells that the books are an older copy.
func TestBooksPutBack(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.acked = 1
	till.signIn()
	require.Empty(t, w.alarms())
	require.Empty(t, w.behind)
	till.acked, till.lastEpoch = 5, 9
	w.clock.advance(time.Minute)
	till.signIn()
	require.EqualValues(t, 1, w.alarms()["books-behind"])
	require.Contains(t, w.open()[0].Detail, "acknowledged its records up to 5, and the books lack some from 2 on")
	require.Equal(t, []record.Terminal{terminalID}, w.behind)
	require.EqualValues(t, 10, till.current.Epoch, "above those that these books do not know")
	t.Run("EpochsAreNotUsedUp", func(t *testing.T) {
		till.lastEpoch = math.MaxUint32
		w.clock.advance(time.Minute)
		till.signIn()
		require.EqualValues(t, 11, till.current.Epoch)
	})
}

func TestRefusals(t *testing.T) {
	open := func(t *testing.T) (*world, *till) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		return w, till
	}
	t.Run("OtherBytes", func(t *testing.T) {
		w, till := open(t)
		honest := till.fault("honest")
		till.send(topic.Up, honest)
		till.acknowledged(2)
		till.send(topic.Up, till.forge(till.current, 2, till.records[0].Link(till.engine), record.DeviceFault,
			&message.DeviceFault{Device: "clone"}))
		refusal := till.refusal()
		require.Equal(t, message.Refusal_CAUSE_OTHER_BYTES, refusal.GetCause())
		w.eventually(func() bool { return w.alarms()["other-bytes"] == 1 }, "alarm")
		set, err := w.store.Quarantined(t.Context(), terminalID, 10)
		require.NoError(t, err)
		require.Len(t, set, 1)
		require.Equal(t, honest, w.stored()[1].Bytes)
	})
	// A terminal asks with a refused record for as long as its sale is open. Found by tools/simulate, seed 2337.
	t.Run("RepetitionsLeaveRoomForOthers", func(t *testing.T) {
		w, till := open(t)
		till.send(topic.Up, till.fault("honest"))
		till.acknowledged(2)
		forge := func(device string) record.Record {
			return till.forge(till.current, 2, till.records[0].Link(till.engine), record.DeviceFault, &message.DeviceFault{Device: device})
		}
		again := forge("clone")
		for range 300 {
			w.clock.advance(time.Second)
			till.send(topic.Up, again)
			till.refusal()
		}
		other := forge("another")
		till.send(topic.Up, other)
		till.refusal()
		w.eventually(func() bool {
			set, err := w.store.Quarantined(t.Context(), terminalID, 10)
			return err == nil && len(set) == 2 && string(set[0].Bytes) == string(other)
		}, "both are kept")
	})
	t.Run("Tag", func(t *testing.T) {
		w, till := open(t)
		forged := append(record.Record(nil), till.fault("x")...)
		forged[len(forged)-1] ^= 1
		till.send(topic.Up, forged)
		require.Equal(t, message.Refusal_CAUSE_TAG, till.refusal().GetCause())
		require.Len(t, w.stored(), 1)
	})
	t.Run("Envelope", func(t *testing.T) {
		_, till := open(t)
		batch := till.batch(till.fault("x"))
		batch[len(batch)-1] ^= 1
		till.w.deliver(topic.Up, batch)
		require.Equal(t, message.Refusal_CAUSE_TAG, till.refusal().GetCause())
	})
	t.Run("UnknownEpoch", func(t *testing.T) {
		_, till := open(t)
		batch := till.batch(till.fault("x"))
		batch[8+8+3]++ // the epoch's last byte in the first frame's header
		till.w.deliver(topic.Up, batch)
		require.Equal(t, message.Refusal_CAUSE_EPOCH, till.refusal().GetCause())
	})
	t.Run("Malformed", func(t *testing.T) {
		_, till := open(t)
		till.w.deliver(topic.Up, []byte("not a batch"))
		require.Equal(t, message.Refusal_CAUSE_MALFORMED, till.refusal().GetCause())
	})
	t.Run("BrokenChainSetsTheTerminalAside", func(t *testing.T) {
		w, till := open(t)
		till.link[0] ^= 1
		till.send(topic.Up, till.fault("does not follow"))
		require.Equal(t, message.Refusal_CAUSE_CHAIN, till.refusal().GetCause())
		till.send(topic.Up, till.fault("nor does this"))
		require.Equal(t, message.Refusal_CAUSE_CHAIN, till.refusal().GetCause())
		w.eventually(func() bool {
			row, err := w.store.Terminal(t.Context(), terminalID)
			return err == nil && row.State == store.TerminalQuarantined
		}, "the state is durable")
		require.Contains(t, w.alarms(), "chain")
		require.Len(t, w.stored(), 1)
	})
	t.Run("BlockedTerminal", func(t *testing.T) {
		w, till := open(t)
		row, err := w.store.Terminal(t.Context(), terminalID)
		require.NoError(t, err)
		row.State = store.TerminalBlocked
		require.NoError(t, w.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{row}}))
		w.collector.Refresh(terminalID)
		till.send(topic.Up, till.fault("x"))
		require.Equal(t, message.Refusal_CAUSE_TERMINAL, till.refusal().GetCause())
	})
	t.Run("FloodIsBounded", func(t *testing.T) {
		w, till := open(t)
		for i := range 1000 {
			w.deliver(topic.Up, []byte(fmt.Sprint("garbage ", i)))
		}
		honest := till.fault("after the flood")
		till.send(topic.Up, honest)
		refusals := 0
		for done := false; !done; {
			kind, _ := till.answer()
			done = kind == record.Acknowledgement
			if kind == record.Refusal {
				refusals++
			}
		}
		require.LessOrEqual(t, refusals, 20)
		require.EqualValues(t, 1, w.alarms()["malformed"], "a flood does not fill the disk")
	})
	t.Run("StrangersAreIgnored", func(t *testing.T) {
		w, till := open(t)
		w.collector.Deliver(collector.Message{Subject: "yt.v1.99999999.up", Data: []byte("x")})
		w.collector.Deliver(collector.Message{Subject: "yt.v1.nonsense", Data: []byte("x")})
		till.send(topic.Up, till.fault("x"))
		till.acknowledged(2)
	})
}

// consumer notes what it is given and stores an alarm with each record.
type consumer struct {
	told  chan error
	again chan []byte
}

func (c *consumer) Consume(_ context.Context, r collector.Verified, secret []byte) (store.Change, func(error)) {
	change := store.Change{Alarms: []store.Alarm{{Key: "consumed", Kind: "consumed", Detail: string(secret), At: r.Header.Time}}}
	return change, func(err error) { c.told <- err }
}

func (c *consumer) Again(_ context.Context, _ collector.Verified, secret []byte) { c.again <- secret }

func TestConsumer(t *testing.T) {
	c := &consumer{told: make(chan error, 10), again: make(chan []byte, 10)}
	w := newWorld(t, map[record.Type]collector.Consumer{record.PaymentRequested: c})
	till := newTill(w)
	till.open()
	r := till.record(record.PaymentRequested, &message.PaymentRequested{Amount: 1})
	w.deliver(topic.Now, record.AppendBatch(nil, till.frame(r, []byte("secret"))))
	till.acknowledged(2)
	require.NoError(t, <-c.told)
	rows, err := w.store.Alarms(t.Context(), 10)
	require.NoError(t, err)
	require.Equal(t, "secret", rows[0].Detail, "stored in the same commit")
	w.deliver(topic.Now, record.AppendBatch(nil, till.frame(r, []byte("secret"))))
	require.Equal(t, []byte("secret"), <-c.again)
	till.send(topic.Up, till.fault("not its type"))
	till.acknowledged(3)
	require.Empty(t, c.told)
}

// A terminal that was set aside gets the results of what it asked before: open sales must not stay in doubt.
func TestAsideIsStillAnswered(t *testing.T) {
	c := &consumer{told: make(chan error, 10), again: make(chan []byte, 10)}
	w := newWorld(t, map[record.Type]collector.Consumer{record.PaymentRequested: c, record.ReversalRequested: c})
	till := newTill(w)
	till.open()
	payment := till.record(record.PaymentRequested, &message.PaymentRequested{Amount: 1})
	reversal := till.record(record.ReversalRequested, &message.ReversalRequested{PaymentSequence: 2})
	fault := till.fault("stored")
	till.send(topic.Up, payment, reversal, fault)
	till.acknowledged(4)
	honest := till.link
	till.link[0] ^= 1
	till.send(topic.Up, till.fault("does not follow"))
	require.Equal(t, message.Refusal_CAUSE_CHAIN, till.refusal().GetCause())
	chain := func(sequence uint64) {
		t.Helper()
		kind, body := till.answer()
		require.Equal(t, record.Refusal, kind, "nothing is acknowledged")
		var refusal message.Refusal
		require.NoError(t, proto.Unmarshal(body, &refusal))
		require.Equal(t, message.Refusal_CAUSE_CHAIN, refusal.GetCause())
		require.Equal(t, sequence, refusal.GetSequence())
	}
	for range 2 {
		for _, asked := range []record.Record{payment, reversal} {
			till.send(topic.Now, asked)
			require.Eventually(t, func() bool { return len(c.again) == 1 }, patience, time.Millisecond, "answered")
			<-c.again
		}
		till.send(topic.Up, fault)
		chain(4)
		w.restart()
	}
	till.send(topic.Now, till.forge(till.current, 2, till.records[0].Link(till.engine), record.PaymentRequested,
		&message.PaymentRequested{Amount: 2}))
	chain(2)
	till.send(topic.Now, till.forge(till.current, 5, honest, record.PaymentRequested, &message.PaymentRequested{Amount: 3}))
	chain(5)
	require.Empty(t, c.again)
	require.Len(t, w.stored(), 4)
}

func TestDownlink(t *testing.T) {
	w := newWorld(t, nil)
	require.ErrorIs(t, w.downlink.Send(t.Context(), terminalID, record.PaymentResult, &message.PaymentResult{}), collector.ErrNoEpoch)
	require.ErrorIs(t, w.downlink.Send(t.Context(), record.Terminal([]byte("99999999")), record.PaymentResult,
		&message.PaymentResult{}), store.ErrNotFound)
	till := newTill(w)
	till.open()
	for range 3 {
		require.NoError(t, w.downlink.Send(t.Context(), terminalID, record.PaymentResult, &message.PaymentResult{Amount: 5}))
		kind, _ := till.answer() // checks that no sequence comes twice
		require.Equal(t, record.PaymentResult, kind)
		w.restart()
	}
}

func TestNew(t *testing.T) {
	_, err := collector.New(collector.Config{})
	require.Error(t, err)
	_, err = collector.NewDownlink(t.Context(), collector.DownlinkConfig{})
	require.Error(t, err)
}

// BenchmarkIngest is the collector and the store without a network: 50 records a message and 1.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{50, 1} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := newWorld(b, nil)
			till := newTill(w)
			till.open()
			var messages [][]byte
			for i := 0; i < b.N; i += size {
				records := make([]record.Record, size)
				for j := range records {
					records[j] = till.record(record.DeviceFault, &message.DeviceFault{Device: "printer", Fault: string(make([]byte, 100))})
				}
				messages = append(messages, till.batch(records...))
			}
			b.ResetTimer()
			for _, m := range messages {
				w.deliver(topic.Up, m)
			}
			till.acknowledged(till.sequence)
			b.StopTimer()
			b.ReportMetric(float64(till.sequence)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
