package world

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
)

// paidTo is an operator that has a payment of 100.00, or holds it, and is in a mood from then on.
func paidTo(t *testing.T, hold bool, m mood) (*bank, *bankOrder) {
	t.Helper()
	b, request := askedFor(100_00, 0)
	b.world.list[0].amount, request.Hold, b.world.cloud = 100_00, hold, &cloud{}
	o := b.authorise(request)
	require.Equal(t, bankApproved, o.state)
	b.mood = m
	return b, o
}

func (b *bank) asked(o *bankOrder, id byte, kind operator.FollowUpKind, amount int64) operator.FollowUpStatus {
	return b.followUp(operator.FollowUp{ID: operator.FollowUpID{id}, OrderID: o.id, Kind: kind, Amount: amount, Undoes: operator.FollowUpID{1}}).Status
}

// stands is what an operator's statement says of an order.
func (b *bank) stands() int64 {
	var sum operator.StatementTrailer
	for _, line := range b.stated {
		sum.Add(line)
	}
	return sum.Paid - sum.Returned
}

func TestLiesAboutWhatFollows(t *testing.T) {
	const done, no = operator.FollowUpDone, operator.FollowUpRefused
	type step struct {
		kind   operator.FollowUpKind
		amount int64
		status operator.FollowUpStatus
		net    int64 // what the customer is out of then
	}
	for name, c := range map[string]struct {
		about lie
		hold  bool
		steps []step
	}{
		"Truth":             {"", false, []step{{operator.KindRefund, 40_00, done, 60_00}, {operator.KindRefund, 60_00, done, 0}}},
		"SaidToBeGivenBack": {lieRefundDone, false, []step{{operator.KindRefund, 40_00, done, 100_00}, {operator.KindVoid, 100_00, done, 100_00}}},
		"GivenBackUnsaid": {lieRefundRefused, false, []step{{operator.KindRefund, 40_00, no, 60_00}, {operator.KindRefund, 40_00, no, 20_00},
			{operator.KindRefund, 40_00, no, 0}}},
		"NoRefundsOfAHold":  {lieRefundDone, true, []step{{operator.KindComplete, 40_00, done, 40_00}, {operator.KindRefund, 30_00, done, 10_00}}},
		"SaidToBeCompleted": {lieCompleted, true, []step{{operator.KindComplete, 40_00, done, 0}, {operator.KindUndo, 40_00, done, 0}, {operator.KindCancel, 100_00, done, 0}}},
		"SaidToBeReleased":  {lieReleased, true, []step{{operator.KindComplete, 40_00, done, 40_00}, {operator.KindCancel, 60_00, done, 100_00}}},
		"OtherMatters":      {lieReleased, false, []step{{operator.KindRefund, 40_00, done, 60_00}}},
	} {
		t.Run(name, func(t *testing.T) {
			b, o := paidTo(t, c.hold, mood{lie: c.about})
			for i, s := range c.steps {
				require.Equal(t, s.status, b.asked(o, byte(i+1), s.kind, s.amount), "step %d", i)
				require.Equal(t, s.status, b.asked(o, byte(i+1), s.kind, s.amount), "asked again it says the same")
				require.Equal(t, s.net, o.net(), "step %d", i)
				require.Equal(t, s.net, b.stands(), "its statement is the truth")
			}
			require.Empty(t, broken(b.world.tills[0]))
		})
	}
	t.Run("GivesNoMoreThanItHas", func(t *testing.T) {
		b, o := paidTo(t, false, mood{lie: lieRefundRefused})
		require.Equal(t, no, b.asked(o, 1, operator.KindRefund, 70_00))
		b.mood = mood{}
		require.Equal(t, done, b.asked(o, 2, operator.KindRefund, 100_00))
		require.Zero(t, o.net())
	})
	t.Run("ReversesWhatIsLeft", func(t *testing.T) {
		b, o := paidTo(t, false, mood{lie: lieRefundRefused})
		require.Equal(t, no, b.asked(o, 1, operator.KindRefund, 70_00))
		b.reverse(operator.Inquiry{OrderID: o.id})
		require.Zero(t, o.net())
		require.Zero(t, b.stands())
	})
}

func TestLiesAboutAPayment(t *testing.T) {
	for name, c := range map[string]struct {
		mood    mood
		tap     bool
		offline bool
		amount  int64
		status  operator.Status
		net     int64
	}{
		"AFenMore":        {mood{lie: lieAmount, off: 1}, false, false, 100, operator.StatusApproved, 101},
		"LessThanAsked":   {mood{lie: lieAmount, off: -99}, false, false, 100, operator.StatusApproved, 1},
		"NothingIsNoLess": {mood{lie: lieAmount, off: -100}, false, false, 100, operator.StatusApproved, 100},
		"CreditsNothing":  {mood{lie: lieTapApproved}, true, false, 100, operator.StatusApproved, 0},
		"CreditsUnsaid":   {mood{lie: lieTapDeclined}, true, false, 100, operator.StatusDeclined, 100},
		"NotWhatIsTaken":  {mood{lie: lieTapDeclined}, true, true, 100, operator.StatusApproved, 100},
		"NotACode":        {mood{lie: lieTapDeclined}, false, false, 100, operator.StatusApproved, 100},
	} {
		t.Run(name, func(t *testing.T) {
			b, request := askedFor(c.amount, 0)
			b.mood = c.mood
			request.Offline = c.offline
			o := b.add(request)
			if o.payer, o.state = b.world.list[0].customer, bankPending; c.tap {
				o.request.Method = operator.MethodTap
			}
			b.decide(o)
			answer := b.answer(o, o.status())
			require.Equal(t, c.status, answer.Status)
			require.Equal(t, c.amount, answer.Amount, "as asked")
			require.Equal(t, c.net, o.net())
			require.Equal(t, c.net, b.stands())
			require.Empty(t, broken(b.world.tills[0]))
			require.Equal(t, c.net != c.amount || c.status != operator.StatusApproved, o.lie != "")
		})
	}
}

func TestALieHasItsName(t *testing.T) {
	for name, c := range map[string]struct {
		lie   lie
		short bool
		names []string
		named bool
	}{
		"AsItIs":                       {lieRefundDone, false, []string{"reversed-not-there"}, true},
		"SomethingCameBehindIt":        {lieRefundDone, false, []string{"amount-differs", "reversed-not-there"}, true},
		"ByAnotherName":                {lieRefundDone, false, []string{"amount-differs"}, false},
		"NotAtAll":                     {lieRefundDone, false, nil, false},
		"NotCompleted":                 {lieCompleted, false, []string{"missing-there"}, true},
		"NotCompletedAndNothingCame":   {lieCompleted, false, []string{"returned-there"}, false},
		"NotCompletedAndLessCame":      {lieCompleted, true, []string{"returned-there"}, true},
		"AnotherLieAndLessCameForThat": {lieAmount, true, []string{"returned-there"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.named, (&bankOrder{lie: c.lie, short: c.short}).named(c.names))
		})
	}
}

// TestGivesWhatThereIs: whoever lied about an order gives back what it has, which is noted where that is less.
func TestGivesWhatThereIs(t *testing.T) {
	o := &bankOrder{lie: lieCompleted, lien: &lien{paid: 40}}
	require.EqualValues(t, 40, o.gives(40))
	require.False(t, o.short)
	require.EqualValues(t, 40, o.gives(60))
	require.True(t, o.short)
	honest := &bankOrder{lien: &lien{paid: 40}}
	require.EqualValues(t, 60, honest.gives(60), "its own limit is not what is tested")
	require.False(t, honest.short)
}
