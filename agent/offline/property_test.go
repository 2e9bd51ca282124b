package offline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/offline"
	"github.com/yuantill/yuantill/protocol/message"
)

// journal is what survives a restart: the payments with what the cloud has of them, and the records' times.
type journal struct {
	payments []offline.Payment
	acked    map[uint64]bool
	trace    offline.Trace
}

// record notes a record's time, as the journal's walk finds it later.
func (j *journal) record(at time.Time) {
	j.trace.Passed += max(at.Sub(j.trace.Last), 0)
	j.trace.Last = at
}

func (j *journal) waits(sequence uint64) bool { return !j.acked[sequence] }

// TestExposure plays sales, acknowledgements, restarts, clocks that are set and new limits in any order, and holds an
// account of its own: what the cloud has not got never exceeds the caps that it signed, by the true hours.
func TestExposure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits, truth := offline.Limits{}, time.Duration(0) // truth: since the cloud was heard
		// lost: the till restarted after somebody had set its clock back, which no till without a clock of its own can see.
		clock, jumpedBack, lost := noon, false, false
		j := &journal{acked: make(map[uint64]bool)}
		taken, age := &offline.Taken{}, offline.Age{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			passed := time.Duration(rapid.Int64Range(0, int64(60*time.Hour)).Draw(t, "pass"))
			clock, truth = clock.Add(passed), truth+passed
			age = age.At(at(clock))
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0: // the cloud is heard and gives limits
				limits, truth, jumpedBack, lost = drawLimits(t), 0, false, false
				j.trace = offline.Trace{Heard: clock, Last: clock}
				age = offline.Heard(at(clock))
			case 1: // it acknowledges some
				for _, p := range j.payments {
					j.acked[p.Sequence] = j.acked[p.Sequence] || rapid.Bool().Draw(t, "acked")
				}
			case 2:
				taken = &offline.Taken{}
				for _, p := range j.payments {
					if j.waits(p.Sequence) {
						taken.Add(p)
					}
				}
				lost = lost || jumpedBack
				age = offline.Resumed(j.trace, at(clock), time.Minute)
				if j.trace.Heard.IsZero() {
					age = offline.Age{}
				}
			case 3: // people set the clock
				jump := time.Duration(rapid.Int64Range(-int64(300*time.Hour), int64(300*time.Hour)).Draw(t, "jump"))
				clock, jumpedBack = clock.Add(jump), jumpedBack || jump < 0
				age = age.At(at(clock))
			default:
				sell(t, limits, taken, age, j)
				j.record(clock)
			}
			taken.Settle(clock, func(p offline.Payment) bool { return j.waits(p.Sequence) })
			if reckoned, known := age.Unheard(); known && !lost {
				require.GreaterOrEqual(t, reckoned, truth, "never fewer hours than really passed")
			}
		}
	})
}

// sell takes a payment when it may be taken, and checks what is out then.
func sell(t *rapid.T, limits offline.Limits, taken *offline.Taken, age offline.Age, j *journal) {
	w := offline.Wish{
		Wallet: wallet(fmt.Sprintf("%02d", rapid.IntRange(0, 2).Draw(t, "wallet"))), Counter: uint32(len(j.payments) + 1),
		Amount: rapid.Int64Range(1, 700).Draw(t, "amount"), Currency: "CNY",
	}
	if limits.Judge(taken, age, w) != offline.Allowed {
		return
	}
	p := offline.Payment{Sequence: uint64(len(j.payments) + 1), Wallet: w.Wallet, Counter: w.Counter, Amount: w.Amount}
	j.payments = append(j.payments, p)
	taken.Add(p)
	// The account of its own: from the journal, not from Taken.
	var all, own int64
	var count, ownCount int
	for _, other := range j.payments {
		if j.acked[other.Sequence] {
			continue
		}
		all, count = all+other.Amount, count+1
		if other.Wallet == w.Wallet {
			own, ownCount = own+other.Amount, ownCount+1
		}
	}
	hours, known := age.Unheard()
	require.True(t, known)
	require.LessOrEqual(t, hours, limits.Within)
	require.LessOrEqual(t, all, limits.Total(hours))
	require.LessOrEqual(t, all, limits.TerminalMax)
	require.LessOrEqual(t, count, limits.TerminalCountMax)
	require.LessOrEqual(t, own, limits.WalletMax)
	require.LessOrEqual(t, ownCount, limits.WalletCountMax)
	require.LessOrEqual(t, w.Amount, limits.PaymentMax)
}

func drawLimits(t *rapid.T) offline.Limits {
	l, err := offline.Parse(&message.OfflineLimits{
		LimitsId: append(make([]byte, 15), 1), PaymentMax: rapid.Int64Range(0, 600).Draw(t, "payment max"),
		WalletMax: rapid.Int64Range(0, 1500).Draw(t, "wallet max"), WalletCountMax: rapid.Uint32Range(0, 4).Draw(t, "wallet count"),
		TerminalMax: rapid.Int64Range(0, 4000).Draw(t, "terminal max"), TerminalCountMax: rapid.Uint32Range(0, 8).Draw(t, "count"),
		Currency: "CNY", HoursMax: rapid.Int64Range(0, 720).Draw(t, "hours"),
		Shares: []*message.OfflineShare{{Hours: 24, Percent: 60}, {Hours: 100, Percent: 15}},
	})
	require.NoError(t, err)
	return l
}
