package world

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
)

const (
	approved = message.Outcome_OUTCOME_APPROVED
	declined = message.Outcome_OUTCOME_DECLINED
	reversed = message.Outcome_OUTCOME_REVERSED
	unknown  = message.Outcome_OUTCOME_UNKNOWN
)

// done is a call that was answered.
func done(kind dealingKind, amount int64, call, end time.Duration, t told) *dealing {
	return &dealing{kind: kind, amount: amount, call: call, end: end, answered: true, told: t}
}

// hanging is a call that nobody has answered.
func hanging(kind dealingKind, amount int64, call time.Duration) *dealing {
	return &dealing{kind: kind, amount: amount, call: call}
}

func stands(paid, refunded int64) told {
	return told{outcome: approved, paid: paid, refunded: refunded}
}

func TestAnswersFitOneOrder(t *testing.T) {
	yes, no, notLeft := told{outcome: approved}, told{outcome: declined}, told{outcome: declined, limit: true}
	sold := done(selling, 100, 0, 2, yes)
	for name, c := range map[string]struct {
		calls []*dealing
		fits  bool
	}{
		"OneAfterTheOther":            {[]*dealing{sold, done(refunding, 60, 3, 4, yes), done(refunding, 40, 5, 6, yes)}, true},
		"BeyondPaid":                  {[]*dealing{sold, done(refunding, 60, 3, 4, yes), done(refunding, 60, 5, 6, yes)}, false},
		"BothAtOnceBeyondPaid":        {[]*dealing{sold, done(refunding, 60, 3, 9, yes), done(refunding, 60, 4, 8, yes)}, false},
		"BothAtOnceAndOneRefused":     {[]*dealing{sold, done(refunding, 60, 3, 9, yes), done(refunding, 60, 4, 5, notLeft)}, true},
		"RefusedForNoReason":          {[]*dealing{sold, done(refunding, 60, 3, 4, notLeft), done(refunding, 60, 5, 6, yes)}, false},
		"RefusedForOneThatFailed":     {[]*dealing{sold, done(refunding, 60, 3, 9, no), done(refunding, 60, 4, 5, notLeft)}, true},
		"RefusedAfterOneThatFailed":   {[]*dealing{sold, done(refunding, 60, 3, 4, no), done(refunding, 60, 5, 6, notLeft)}, false},
		"RefusedForOneThatHangs":      {[]*dealing{sold, hanging(refunding, 60, 3), done(refunding, 60, 4, 5, notLeft)}, true},
		"RefusedBeforeTheOneThatMay":  {[]*dealing{sold, done(refunding, 60, 4, 5, notLeft), hanging(refunding, 60, 6)}, false},
		"BothVoidAndRefund":           {[]*dealing{sold, done(voiding, 0, 3, 9, yes), done(refunding, 10, 4, 8, yes)}, false},
		"VoidWhileARefundIsRefused":   {[]*dealing{sold, done(voiding, 0, 3, 9, yes), done(refunding, 10, 4, 8, notLeft)}, true},
		"VoidRefusedForARefund":       {[]*dealing{sold, done(voiding, 0, 3, 9, notLeft), done(refunding, 10, 4, 8, yes)}, true},
		"VoidTwiceAtOnce":             {[]*dealing{sold, done(voiding, 0, 3, 9, yes), done(voiding, 0, 4, 8, yes)}, false},
		"NothingOfWhatWasDeclined":    {[]*dealing{done(selling, 100, 0, 2, no), done(refunding, 10, 3, 4, yes)}, false},
		"BeforeTheSaleWasTold":        {[]*dealing{done(selling, 100, 0, 9, yes), done(refunding, 10, 3, 4, yes)}, true},
		"BeforeAnybodyKnowsOfTheSale": {[]*dealing{hanging(selling, 100, 0), done(refunding, 10, 3, 4, yes)}, true},
		"BeforeItBegan":               {[]*dealing{done(selling, 100, 5, 9, yes), done(refunding, 10, 3, 4, yes)}, false},

		"SeesWhatWasDone":           {[]*dealing{sold, done(refunding, 60, 3, 4, yes), done(asking, 0, 5, 6, stands(100, 60))}, true},
		"SeesLessThanWasTold":       {[]*dealing{sold, done(refunding, 60, 3, 4, yes), done(asking, 0, 5, 6, stands(100, 0))}, false},
		"SeesEitherMeanwhile":       {[]*dealing{sold, done(refunding, 60, 3, 9, yes), done(asking, 0, 4, 5, stands(100, 0)), done(asking, 0, 6, 7, stands(100, 60))}, true},
		"SeesTheOlderAfterTheNewer": {[]*dealing{sold, done(refunding, 60, 3, 9, yes), done(asking, 0, 4, 5, stands(100, 60)), done(asking, 0, 6, 7, stands(100, 0))}, false},
		"BothSeeTheOtherwayRound":   {[]*dealing{sold, done(refunding, 60, 3, 9, yes), done(asking, 0, 4, 7, stands(100, 60)), done(asking, 0, 5, 8, stands(100, 0))}, true},
		"SeesWhatCountsMeanwhile": {[]*dealing{sold, done(refunding, 60, 3, 9, no), done(asking, 0, 4, 5, stands(100, 60)),
			done(asking, 0, 10, 11, stands(100, 0))}, true},
		"SeesWhatFailedForEver":      {[]*dealing{sold, done(refunding, 60, 3, 9, no), done(asking, 0, 10, 11, stands(100, 60))}, false},
		"SeesWhatHangs":              {[]*dealing{sold, hanging(refunding, 60, 3), done(asking, 0, 100, 101, stands(100, 60))}, true},
		"SeesItTakenTwice":           {[]*dealing{sold, hanging(refunding, 30, 3), done(asking, 0, 100, 101, stands(100, 60))}, false},
		"SeesAnotherAmount":          {[]*dealing{sold, done(asking, 0, 3, 4, stands(101, 0))}, false},
		"SeesNothingYet":             {[]*dealing{done(selling, 100, 0, 9, yes), done(asking, 0, 3, 4, told{})}, true},
		"SeesNothingAnyMore":         {[]*dealing{sold, done(asking, 0, 3, 4, told{})}, false},
		"SeesItUnknownAfterItsEnd":   {[]*dealing{sold, done(asking, 0, 3, 4, told{outcome: unknown})}, false},
		"SeesItApprovedAndIsNotTold": {[]*dealing{done(selling, 100, 0, 9, no), done(asking, 0, 3, 4, stands(100, 0))}, false},
		"SeesItApprovedThenTakenBack": {[]*dealing{done(selling, 100, 0, 9, told{outcome: reversed}), hanging(takingBack, 0, 2),
			done(asking, 0, 3, 4, stands(100, 0))}, true},
		"TakenBackWithoutAsking": {[]*dealing{done(selling, 100, 0, 9, told{outcome: reversed}), done(asking, 0, 3, 4, stands(100, 0))}, false},
		"TakenBackAndGivenBack": {[]*dealing{done(selling, 100, 0, 9, told{outcome: reversed}), hanging(takingBack, 0, 2),
			done(refunding, 10, 3, 4, yes)}, false},
		"RefusedForADisputeAndNotYetSeen": {[]*dealing{sold, hanging(disputing, 1, 3), done(refunding, 100, 4, 5, notLeft), done(asking, 0, 6, 7, stands(100, 0)),
			done(asking, 0, 8, 9, stands(100, 1))}, true},
		"RefusedForADisputeToCome":   {[]*dealing{sold, done(refunding, 100, 4, 5, notLeft), hanging(disputing, 1, 6)}, false},
		"RefusedForTooSmallADispute": {[]*dealing{sold, hanging(disputing, 1, 3), done(refunding, 99, 4, 5, notLeft)}, false},
		"DisputeCountsOnce":          {[]*dealing{sold, hanging(disputing, 40, 3), done(asking, 0, 4, 5, stands(100, 40)), done(refunding, 60, 6, 7, notLeft)}, false},
		"AskedAndNeverAnswered":      {[]*dealing{sold, hanging(asking, 0, 3)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.fits, porcupine.CheckOperations(standingModel(), operationsOf(c.calls)))
		})
	}
}

// TestDealings: a call is begun once, whoever asks again, and its first answer counts.
func TestDealings(t *testing.T) {
	w := &World{loop: &loop{}}
	w.dealings.open = map[string]*dealing{}
	first := w.dealings.begin(w, "f", order{1}, refunding, 10)
	w.loop.now = 5
	require.Same(t, first, w.dealings.begin(w, "f", order{1}, refunding, 10), "asked again")
	other := w.dealings.begin(w, "", order{1}, asking, 0)
	require.NotSame(t, other, w.dealings.begin(w, "", order{2}, asking, 0), "each question is its own")
	require.False(t, first.overlaps(other))
	w.dealings.answer(w, "f", told{outcome: approved})
	w.loop.now = 9
	w.dealings.answer(w, "f", told{outcome: declined})
	w.dealings.answer(w, "nobody began it", told{})
	other.answer(w, stands(1, 1))
	require.Equal(t, &dealing{of: order{1}, kind: refunding, amount: 10, answered: true, end: 5, told: told{outcome: approved}}, first)
	require.False(t, first.overlaps(other), "at its end another begins")
	parts := w.dealings.byOrder()
	require.Len(t, parts, 2)
	require.Equal(t, []*dealing{first, other}, parts[0])
}
