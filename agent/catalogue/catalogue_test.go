package catalogue_test

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
)

// ranges are the named phrases, first to last.
func ranges() [][2]catalogue.Phrase {
	return [][2]catalogue.Phrase{
		{catalogue.TitleWaiting, catalogue.TitleAbandoned},
		{catalogue.StepPresent, catalogue.StepCardDebited},
		{catalogue.NoticeWeChat, catalogue.NoticePaperLow},
		{catalogue.RefuseSaleOpen, catalogue.RefuseDrawer},
		{catalogue.AfterFinishSale, catalogue.AfterLessCash},
		{catalogue.TitleApprovedOffline, catalogue.NoticeReturnNotDone},
		{catalogue.TitleHeld, catalogue.StepPresentHold},
		{catalogue.TitleFollowUpAsking, catalogue.NoticeFollowUpMismatch},
		{catalogue.RefuseNotApproved, catalogue.RefuseManyReturns},
		{catalogue.TitleOrderWaits, catalogue.RefuseOrderNoPerson},
	}
}

func requireBoth(t *testing.T, text catalogue.Text, name any) {
	t.Helper()
	hasHan := false
	for _, r := range text.Chinese {
		hasHan = hasHan || unicode.Is(unicode.Han, r)
	}
	require.True(t, hasHan, "%v: Chinese is %q", name, text.Chinese)
	require.NotEmpty(t, text.English, "%v", name)
	for _, r := range text.English {
		require.Less(t, r, rune(0x80), "%v: English is %q", name, text.English)
	}
}

func TestEveryPhraseIsInBothLanguages(t *testing.T) {
	chinese := map[string]catalogue.Phrase{}
	for _, r := range ranges() {
		for p := r[0]; p <= r[1]; p++ {
			text := p.Text()
			requireBoth(t, text, p)
			other, taken := chinese[text.Chinese]
			require.False(t, taken, "phrases %d and %d read the same", p, other)
			chinese[text.Chinese] = p
		}
		require.Equal(t, catalogue.Text{}, (r[1] + 1).Text(), "the phrase after %d", r[1])
	}
}

func TestNoneSaysNothing(t *testing.T) {
	require.Equal(t, catalogue.Text{}, catalogue.None.Text())
}

func TestEveryReasonIsInBothLanguages(t *testing.T) {
	for number, name := range message.Reason_name {
		text := catalogue.Reason(message.Reason(number))
		if number == 0 {
			require.Equal(t, catalogue.Text{}, text)
			continue
		}
		requireBoth(t, text, name)
	}
}

// refusals are all of them.
func refusals() []catalogue.Phrase {
	var all []catalogue.Phrase
	for p := catalogue.RefuseSaleOpen; p <= catalogue.RefuseKeyUnclean; p++ {
		all = append(all, p)
	}
	for p := catalogue.RefuseNotApproved; p <= catalogue.RefuseUndecided; p++ {
		all = append(all, p)
	}
	return all
}

func TestEveryRefusalHasANextStep(t *testing.T) {
	for _, p := range refusals() {
		requireBoth(t, catalogue.NextAfter(p).Text(), p)
	}
}

// TestOnlyAMistakeIsCorrected: "correct it and send it again" helps where the request was wrong, and nowhere else.
func TestOnlyAMistakeIsCorrected(t *testing.T) {
	var corrected []catalogue.Phrase
	for _, p := range refusals() {
		if catalogue.NextAfter(p) == catalogue.AfterCorrect {
			corrected = append(corrected, p)
		}
	}
	require.ElementsMatch(t, []catalogue.Phrase{
		catalogue.RefuseKeyMissing, catalogue.RefuseKeyTooLong, catalogue.RefuseKeyUnclean, catalogue.RefuseAmount, catalogue.RefuseCurrency,
		catalogue.RefuseInvalid, catalogue.RefuseTooLarge, catalogue.RefuseCount, catalogue.RefuseCash, catalogue.RefuseLookupText,
	}, corrected)
}

func TestNextStepsFitTheirReasons(t *testing.T) {
	for refusal, next := range map[catalogue.Phrase]catalogue.Phrase{
		catalogue.RefuseState: catalogue.AfterStanding, catalogue.RefuseKeyReused: catalogue.AfterNewKey,
		catalogue.RefuseNoSale: catalogue.AfterCheckOrder, catalogue.RefuseLookupNothing: catalogue.AfterCheckNumber,
		catalogue.RefuseNoFollowUp: catalogue.AfterCheckFollowUp, catalogue.RefuseNotApproved: catalogue.AfterNoMoney,
		catalogue.RefuseHoldEnded: catalogue.AfterNewHold, catalogue.RefuseMoreThanLeft: catalogue.AfterLess, catalogue.RefuseNothingLeft: catalogue.AfterFind,
		catalogue.RefuseShiftOpen: catalogue.AfterCloseShift, catalogue.RefuseToken: catalogue.AfterToken,
		catalogue.RefuseJournal: catalogue.AfterCallSupport, catalogue.RefuseFollowUpOpen: catalogue.AfterWait, catalogue.RefuseUndecided: catalogue.AfterWait,
		catalogue.RefuseManyReturns: catalogue.AfterCheckNetwork,
		catalogue.RefuseShiftClosed: catalogue.AfterRefund, catalogue.RefuseNoBatch: catalogue.AfterBatch,
		catalogue.RefuseShiftNoFloat: catalogue.AfterCashIn, catalogue.RefuseDrawer: catalogue.AfterLessCash,
	} {
		require.Equal(t, next, catalogue.NextAfter(refusal), "%v", refusal.Text())
	}
}

func TestEveryFollowUpHasAName(t *testing.T) {
	for number, name := range message.FollowUp_name {
		text := catalogue.FollowUpName(message.FollowUp(number))
		if number == 0 {
			require.Equal(t, catalogue.Text{}, text)
			continue
		}
		requireBoth(t, text, name)
	}
}
