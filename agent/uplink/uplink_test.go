package uplink_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
)

// run starts the uplink; it ends with the test or with stop.
func (tl *till) run() {
	tl.t.Helper()
	u, err := uplink.New(tl.config, tl.journal, tl.ring)
	require.NoError(tl.t, err)
	tl.uplink = u
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- u.Run(ctx) }()
	stopped := false
	tl.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(tl.t, <-done)
	}
	tl.t.Cleanup(tl.stop)
}

func (tl *till) add(entries ...journal.Entry) []record.Record {
	tl.t.Helper()
	records, err := tl.journal.Append(context.Background(), entries...)
	require.NoError(tl.t, err)
	return records
}

func (tl *till) faults(n int) {
	tl.t.Helper()
	for range n {
		tl.add(journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: "paper out"}})
	}
}

// pay commits a payment and sends it with the customer's code.
func (tl *till) pay(n byte, code string) record.Record {
	tl.t.Helper()
	r := tl.add(payment(n))[0]
	require.NoError(tl.t, tl.uplink.SendNow(r, []byte(code)))
	return r
}

func payment(n byte) journal.Entry {
	return journal.Entry{Type: record.PaymentRequested, Body: &message.PaymentRequested{
		OrderId: []byte{n, 15: 0}, Method: message.Method_METHOD_CODE, Amount: int64(n), Currency: "CNY",
	}}
}

func (tl *till) until(what string, condition func(uplink.Status) bool) {
	tl.t.Helper()
	require.Eventually(tl.t, func() bool { return condition(tl.uplink.Status()) }, patience, time.Millisecond, what)
}

func (tl *till) result() *message.PaymentResult {
	tl.t.Helper()
	select {
	case result := <-tl.uplink.Results():
		return result
	case <-time.After(patience):
		require.FailNow(tl.t, "no result")
		return nil
	}
}

func sequence(t testing.TB, r record.Record) uint64 {
	t.Helper()
	header, err := record.ParseHeader(r)
	require.NoError(t, err)
	return header.Sequence
}

func address(b *broker) string { return fmt.Sprintf("127.0.0.1:%d", b.port) }

// unhurried stops the clock by which the till loses patience: nothing is sent again, or elsewhere, because the machine
// that runs the test is slow. What is sent twice all the same is sent twice for no reason.
func (tl *till) unhurried() {
	now := time.Now()
	tl.config.Steady = func() time.Time { return now }
}

// world is a broker, a cloud and a till that has signed in.
func world(t testing.TB, prepare ...func(*till)) (*broker, *cloud, *till) {
	t.Helper()
	authority := enrolmenttest.NewAuthority(t)
	b := startBroker(t, authority, -1, &admission{})
	c := newCloud(t)
	c.attach(b)
	tl := newTill(t, authority, address(b))
	for _, change := range prepare {
		change(tl)
	}
	tl.run()
	tl.until("signed in and all sent", func(s uplink.Status) bool { return s.Epoch == 1 && s.Unsent == 0 })
	return b, c, tl
}

func TestSignIn(t *testing.T) {
	t.Run("opens an epoch and sets the clock offset", func(t *testing.T) {
		_, c, tl := world(t)
		status := tl.uplink.Status()
		require.True(t, status.Connected)
		require.Equal(t, tl.config.Brokers[0], status.Broker)
		require.InDelta(t, time.Hour, status.ClockOffset, float64(time.Minute))
		require.False(t, status.LastAck.IsZero())
		require.Empty(t, status.Stopped)
		first, err := tl.journal.Get(context.Background(), 1)
		require.NoError(t, err)
		require.Equal(t, c.records[1], first)
		newest, ok := tl.ring.Current()
		require.True(t, ok)
		require.Equal(t, uint32(1), newest.Number)
	})
	t.Run("is repeated until the cloud answers", func(t *testing.T) {
		authority := enrolmenttest.NewAuthority(t)
		b := startBroker(t, authority, -1, &admission{})
		c := newCloud(t)
		c.silent = true
		c.attach(b)
		tl := newTill(t, authority, address(b))
		tl.run()
		c.until("three attempts", func() bool { return c.signIns >= 3 })
		_, known := tl.uplink.ClockOffset()
		require.False(t, known, "nobody has told the time")
		c.set(func() { c.silent = false })
		tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 1 && s.Unsent == 0 })
	})
	t.Run("is made anew at each start, and tells how far the clocks are apart", func(t *testing.T) {
		_, c, tl := world(t)
		tl.stop()
		tl.config.Clock = func() time.Time { return time.Now().Add(-30 * time.Minute) }
		tl.run()
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 })
		require.Equal(t, 2, c.signIns)
		offset, known := tl.uplink.ClockOffset()
		require.True(t, known)
		require.InDelta(t, 90*time.Minute, offset, float64(time.Minute))
	})
	t.Run("is made anew when records are on their way and nothing comes down", func(t *testing.T) {
		_, c, tl := world(t)
		tl.stop()
		tl.config.Timings.Deaf = time.Second
		tl.run()
		tl.until("signed in", func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 })
		c.set(func() { c.silent = true })
		time.Sleep(1500 * time.Millisecond)
		c.set(func() { require.Equal(t, 2, c.signIns, "with nothing on its way silence is no sign") })
		tl.faults(1)
		c.until("a sign-in", func() bool { return c.signIns > 2 })
		c.set(func() { c.silent = false })
		tl.until("all is sent", func(s uplink.Status) bool { return s.Unsent == 0 })
	})
	t.Run("is repeated when the epoch is a day old, without a pause in sending", func(t *testing.T) {
		_, c, tl := world(t)
		tl.stop()
		var ahead atomic.Int64
		tl.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		tl.run()
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 })
		ahead.Store(int64(25 * time.Hour))
		tl.faults(2)
		tl.until("third epoch", func(s uplink.Status) bool { return s.Epoch == 3 && s.Unsent == 0 })
		require.Equal(t, 3, c.signIns)
	})
	t.Run("is repeated when the cloud no longer knows the epoch", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.ended = 1 })
		r := tl.pay(1, "code")
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 && s.Refused > 0 })
		require.Equal(t, message.Refusal_CAUSE_EPOCH, (<-tl.uplink.Refusals()).Cause)
		require.Equal(t, sequence(t, r), tl.uplink.Status().LastRefusal.Sequence)
	})
	t.Run("is repeated when answers come under an epoch that another copy opened", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() {
			c.epoch++
			c.keys[c.epoch] = c.keys[c.epoch-1]
			c.acknowledge()
		})
		tl.until("third epoch", func(s uplink.Status) bool { return s.Epoch == 3 && s.Unsent == 0 })
		c.set(func() {
			c.keys[9] = c.keys[3]
			c.send(9, record.Acknowledgement, &message.Acknowledgement{})
		})
		tl.until("rejected", func(s uplink.Status) bool { return s.Rejected == 2 })
		tl.faults(1)
		tl.until("all sent", func(s uplink.Status) bool { return s.Unsent == 0 })
		require.Equal(t, uint32(3), tl.uplink.Status().Epoch, "numbers that nobody vouches for make no storm")
	})
	t.Run("brings an old copy of the journal behind the cloud's books", func(t *testing.T) {
		_, c, tl := world(t)
		tl.faults(4)
		c.until("all records", func() bool { return c.high == 5 })
		tl.stop()
		tl.loseAll()
		tl.run()
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 })
		report, err := tl.journal.Verify(context.Background())
		require.NoError(t, err)
		require.Equal(t, []journal.Range{{First: 1, Last: 5}}, report.Lost)
		require.False(t, tl.uplink.Status().OldCopyAt.IsZero())
		require.Zero(t, tl.uplink.Status().Gone, "the cloud has them")
		require.Zero(t, tl.uplink.Status().TwinAt, "nobody else need have made them")
		tl.faults(1)
		c.until("records after the gap", func() bool { return c.high == 7 })
		opened := new(message.EpochOpened)
		require.NoError(t, proto.Unmarshal(c.records[6].Body(), opened))
		require.Equal(t, uint64(1), opened.LostFrom)
	})
	t.Run("tells of an old copy of which the cloud knows only that there was more", func(t *testing.T) {
		_, c, tl := world(t)
		tl.faults(4)
		c.until("all records", func() bool { return c.high == 5 })
		require.True(t, tl.uplink.Status().OldCopyAt.IsZero())
		tl.stop()
		c.set(func() { c.named = 9 })
		tl.run()
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 })
		require.False(t, tl.uplink.Status().OldCopyAt.IsZero())
		require.Equal(t, journal.Range{First: 6, Last: 9}, tl.uplink.Status().Gone)
	})
	t.Run("tells of a cloud whose books were put back from an older copy", func(t *testing.T) {
		_, c, tl := world(t)
		tl.faults(4)
		tl.until("all acknowledged", func(s uplink.Status) bool { return s.Unsent == 0 })
		require.Zero(t, tl.uplink.Status().Lacking)
		tl.stop()
		kept := map[uint64]record.Record{}
		c.set(func() {
			kept[4], kept[5] = c.records[4], c.records[5]
			delete(c.records, 4)
			delete(c.records, 5)
			c.high, c.top = 3, 3
		})
		tl.run()
		tl.until("told", func(s uplink.Status) bool {
			return s.Lacking == journal.Range{First: 4, Last: 5} && !s.LackingAt.IsZero()
		})
		tl.faults(1)
		tl.until("what is made since is acknowledged all the same", func(s uplink.Status) bool { return s.Unsent == 0 })
		require.EqualValues(t, 5, tl.journal.Acknowledged(), "the mark never falls")
		c.set(func() { c.records[4], c.records[5] = kept[4], kept[5] })
		tl.faults(1)
		tl.until("told no more", func(s uplink.Status) bool { return s.Lacking == journal.Range{} && s.Unsent == 0 })
	})
	t.Run("notices it without a sign-in of its own accord", func(t *testing.T) {
		b, c, tl := world(t)
		tl.faults(4)
		tl.until("all acknowledged", func(s uplink.Status) bool { return s.Unsent == 0 })
		b.stop()
		c.set(func() {
			delete(c.records, 3)
			delete(c.records, 4)
			delete(c.records, 5)
			c.high, c.top = 2, 2
		})
		c.attach(startBroker(t, tl.authority, b.port, &admission{}))
		tl.until("told", func(s uplink.Status) bool { return s.Lacking.First == 3 && s.Epoch == 2 })
		c.set(func() { require.NotNil(t, c.records[5], "the last record was sent once more") })
	})
	t.Run("sends on although the cloud will never have some of what an old copy lost", func(t *testing.T) {
		_, c, tl := world(t)
		tl.faults(4)
		c.until("all records", func() bool { return c.high == 5 })
		tl.stop()
		c.set(func() { // 6 and 7 never came, 8 overtook them
			c.records[8] = record.Record(make([]byte, 100))
			c.top = 8
		})
		tl.loseAll()
		tl.run()
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 })
		tl.faults(3)
		c.until("records after the gap", func() bool { return c.top == 12 })
		tl.until("nothing unsent", func(s uplink.Status) bool { return s.Unsent == 0 })
		c.set(func() { require.EqualValues(t, 5, c.high) })
	})
	t.Run("records that an old copy made on its own are offered, not taken for sent", func(t *testing.T) {
		_, c, tl := world(t)
		tl.stop()
		tl.faults(2)   // 2 and 3, never sent
		c.set(func() { // the cloud has others under these numbers, and more
			c.base, c.baseEnd = 9, seal.Hash{5}
			for n := uint64(2); n <= 9; n++ {
				c.records[n] = record.Record(make([]byte, 100))
			}
			c.high, c.top = 9, 9
		})
		tl.run()
		tl.until("refusals", func(s uplink.Status) bool { return s.Refused >= 2 })
		c.until("both offered", func() bool { return c.seen[2] > 0 && c.seen[3] > 0 && c.high == 10 })
		require.Equal(t, message.Refusal_CAUSE_OTHER_BYTES, (<-tl.uplink.Refusals()).Cause)
		require.Equal(t, uint32(2), tl.uplink.Status().Epoch)
		require.Zero(t, tl.uplink.Status().TwinAt, "this terminal may have made the others itself, before its journal was put back")
	})
	t.Run("is certain of another machine when there is more than it has made since the sign-in before", func(t *testing.T) {
		_, c, tl := world(t)
		tl.faults(2)
		c.until("all records", func() bool { return c.high == 3 })
		require.Zero(t, tl.uplink.Status().TwinAt)
		c.set(func() {
			c.base, c.baseEnd = 9, seal.Hash{5}
			for n := uint64(4); n <= 9; n++ {
				c.records[n] = record.Record(make([]byte, 100))
			}
			c.high, c.top, c.ended = 9, 9, 1
		})
		tl.faults(1)
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 })
		tl.until("another machine", func(s uplink.Status) bool { return !s.TwinAt.IsZero() })
		require.False(t, tl.uplink.Status().OldCopyAt.IsZero())
	})
	t.Run("is certain of another machine when it is refused a number that was free at its sign-in", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.refused[2] = message.Refusal_CAUSE_OTHER_BYTES })
		tl.faults(1)
		tl.until("another machine", func(s uplink.Status) bool { return !s.TwinAt.IsZero() })
		require.True(t, tl.uplink.Status().OldCopyAt.IsZero())
	})
	t.Run("is not certain of it by what an old copy of the journal lacks, at later sign-ins either", func(t *testing.T) {
		_, c, tl := world(t)
		tl.stop()
		c.set(func() {
			c.base, c.baseEnd = 9, seal.Hash{5}
			for n := uint64(2); n <= 9; n++ {
				c.records[n] = record.Record(make([]byte, 100))
			}
			c.high, c.top = 9, 9
		})
		var ahead atomic.Int64
		tl.config.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		tl.run()
		tl.until("second epoch", func(s uplink.Status) bool { return s.Epoch == 2 && s.Unsent == 0 })
		require.False(t, tl.uplink.Status().OldCopyAt.IsZero())
		ahead.Store(int64(25 * time.Hour))
		tl.faults(1)
		tl.until("third epoch", func(s uplink.Status) bool { return s.Epoch == 3 && s.Unsent == 0 })
		require.Zero(t, tl.uplink.Status().TwinAt)
	})
	t.Run("stops when the books contradict the journal", func(t *testing.T) {
		_, c, tl := world(t)
		tl.stop()
		c.set(func() { c.forged = true })
		tl.config.Clock = func() time.Time { return time.Now().Add(25 * time.Hour) }
		tl.run()
		tl.until("stopped", func(s uplink.Status) bool { return s.Stopped != "" })
		require.Equal(t, uint32(1), tl.uplink.Status().Epoch)
	})
}

func TestPayment(t *testing.T) {
	t.Run("goes at once with its secret and brings a result", func(t *testing.T) {
		_, c, tl := world(t, (*till).unhurried)
		r := tl.pay(7, "280012345678901234")
		result := tl.result()
		require.Equal(t, int64(7), result.Amount)
		require.Equal(t, message.Outcome_OUTCOME_APPROVED, result.Outcome)
		c.set(func() {
			require.Equal(t, "280012345678901234", c.secrets[sequence(t, r)])
			require.Equal(t, []topic.Lane{topic.Now}, c.lanes[sequence(t, r)], "and not in the other lane as well")
		})
		tl.until("acknowledged", func(s uplink.Status) bool { return s.Unsent == 0 })
	})
	t.Run("asking again repeats the same bytes and secret", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.results = false })
		r := tl.pay(1, "code-1")
		c.until("stored", func() bool { return c.records[sequence(t, r)] != nil })
		c.set(func() { c.results = true; clear(c.secrets) })
		require.NoError(t, tl.uplink.SendNow(r, nil))
		require.Equal(t, int64(1), tl.result().Amount)
		c.set(func() { require.Equal(t, "code-1", c.secrets[sequence(t, r)]) })
		require.ErrorIs(t, tl.uplink.SendNow(r, []byte("code-2")), uplink.ErrSecret)

		tl.uplink.Forget(sequence(t, r))
		c.set(func() { clear(c.secrets) })
		require.NoError(t, tl.uplink.SendNow(r, nil))
		require.Equal(t, int64(1), tl.result().Amount)
		c.set(func() { require.Empty(t, c.secrets, "forgotten") })
	})
	t.Run("waits through a lost connection and goes first when it is back", func(t *testing.T) {
		b, c, tl := world(t)
		b.stop()
		tl.until("offline", func(s uplink.Status) bool { return !s.Connected })
		tl.faults(30)
		r := tl.add(payment(9))[0]
		require.ErrorIs(t, tl.uplink.SendNow(r, []byte("code-9")), uplink.ErrOffline)
		require.Equal(t, uint64(31), tl.uplink.Status().Unsent)
		require.NotEmpty(t, tl.uplink.Status().LastError)

		again := startBroker(t, tl.authority, b.port, &admission{}) // empty: nothing survived in the broker
		c.attach(again)
		require.Equal(t, int64(9), tl.result().Amount)
		tl.until("all sent", func(s uplink.Status) bool { return s.Connected && s.Unsent == 0 })
		c.set(func() {
			require.Equal(t, "code-9", c.secrets[sequence(t, r)])
			require.Equal(t, topic.Now, c.lanes[sequence(t, r)][0])
		})
	})
	t.Run("refuses what cannot be a record or secret", func(t *testing.T) {
		_, _, tl := world(t)
		require.ErrorIs(t, tl.uplink.SendNow(record.Record("x"), nil), record.ErrShort)
		r := tl.add(payment(1))[0]
		require.ErrorIs(t, tl.uplink.SendNow(r, make([]byte, record.SecretMax+1)), record.ErrTooLong)
	})
}
