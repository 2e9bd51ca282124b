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

func TestNobodyPaysForAnother(t *testing.T) {
	b, request := askedFor(100, 0)
	stranger := &customer{name: "stranger 0000"}
	b.world.codes["code"] = stranger
	b.authorise(request)
	require.Equal(t, []string{"debited-twice", "debited-twice"}, broken(b.world.tills[0]), "who agreed to nothing is out of something, and for another's sale")
}
