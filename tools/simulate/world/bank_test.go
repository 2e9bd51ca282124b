package world

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
)

// askedFor is an operator that is asked for one payment, and the till that has asked.
func askedFor(amount int64, password time.Duration) (*bank, operator.Request) {
	t := counter()
	w, p := t.world, t.world.list[0]
	w.tills, w.codes = []*till{t}, map[string]*customer{"code": p.customer}
	p.amount, p.customer.password = amount, password
	t.evidence.requested[p.order] = true
	b := newBank(w, "ICBC")
	w.banks = []*bank{b}
	return b, operator.Request{OrderID: p.order, Method: operator.MethodCode, Code: "code", Amount: amount}
}

func TestPasswordBeforeALargeDebit(t *testing.T) {
	for name, c := range map[string]struct {
		amount   int64
		verify   bool
		password time.Duration
		state    bankState
		broken   []string
	}{
		"BelowTheCap":     {noPasswordMax, false, 0, bankApproved, nil},
		"Asked":           {noPasswordMax + 1, true, 0, bankApproved, nil},
		"AskedAndSlow":    {noPasswordMax + 1, true, 20 * time.Second, bankApproved, nil},
		"TooSlow":         {noPasswordMax + 1, true, 50 * time.Second, bankDeclined, nil},
		"Never":           {noPasswordMax + 1, true, -1, bankDeclined, nil},
		"NotAsked":        {noPasswordMax + 1, false, 0, bankApproved, []string{"debited-unverified"}},
		"AskedByItself":   {noPasswordMax + 1, false, time.Second, bankApproved, nil},
		"NeverByItself":   {noPasswordMax, false, -1, bankPassword, nil},
		"AskedForALittle": {100, true, 0, bankApproved, []string{"password-needless"}},
		"AskedAtTheCap":   {noPasswordMax, true, 0, bankApproved, []string{"password-needless"}},
	} {
		t.Run(name, func(t *testing.T) {
			b, request := askedFor(c.amount, c.password)
			request.Verify = c.verify
			o := b.authorise(request)
			for b.world.loop.step(time.Hour) {
			}
			require.Equal(t, c.state, o.state)
			require.Equal(t, c.broken, broken(b.world.tills[0]))
			require.Equal(t, o.state == bankApproved, o.net() == c.amount)
		})
	}
}

// TestLateDebitNeedsItsPassword: even an operator that debits what was taken back debits nothing that only a password allows.
func TestLateDebitNeedsItsPassword(t *testing.T) {
	for name, c := range map[string]struct {
		amount   int64
		password time.Duration
		net      int64
	}{
		"SmallSum":    {noPasswordMax, -1, noPasswordMax},
		"NeverTyped":  {noPasswordMax + 1, -1, 0},
		"NotTypedYet": {noPasswordMax + 1, 20 * time.Second, 0},
		"TypedInTime": {noPasswordMax + 1, 5 * time.Second, 0}, // debited before, and given back
	} {
		t.Run(name, func(t *testing.T) {
			b, request := askedFor(c.amount, c.password)
			request.Verify = c.amount > noPasswordMax
			b.mood = mood{late: 100}
			o := b.authorise(request)
			b.world.loop.after(10*time.Second, nil, func() { b.reverse(operator.Inquiry{OrderID: request.OrderID, Amount: c.amount}) })
			for b.world.loop.step(24 * time.Hour) {
			}
			require.Equal(t, c.net, o.net())
			require.Nil(t, broken(b.world.tills[0]))
		})
	}
}

func TestNobodyPaysForAnother(t *testing.T) {
	b, request := askedFor(100, 0)
	stranger := &customer{name: "stranger 0000"}
	b.world.codes["code"] = stranger
	b.authorise(request)
	require.Equal(t, []string{"debited-twice", "debited-twice"}, broken(b.world.tills[0]), "who agreed to nothing is out of something, and for another's sale")
}
