// Package catalogue is every sentence that people read on screens and consoles: a phrase's name comes in, or a function's
// values where a sentence needs some, its Chinese and English text leave. What stands on paper is package receipt's.
package catalogue

// Text is one sentence in both languages; Chinese is shown first and larger.
type Text struct {
	Chinese string `json:"zh" doc:"Chinese"`
	English string `json:"en" doc:"English"`
}

// With is the text with more behind it, which explains it; an empty one adds nothing.
func (t Text) With(more Text) Text {
	if more == (Text{}) {
		return t
	}
	return Text{Chinese: t.Chinese + "：" + more.Chinese, English: t.English + ": " + more.English}
}

// And is a sentence of two parts: what it is about, and what is said of it.
func (t Text) And(said Text) Text {
	return Text{Chinese: t.Chinese + said.Chinese, English: t.English + " " + said.English}
}

// Listed is several texts as one.
func Listed(texts ...Text) Text {
	var all Text
	for i, text := range texts {
		if i > 0 {
			all.Chinese, all.English = all.Chinese+"；", all.English+"; "
		}
		all.Chinese, all.English = all.Chinese+text.Chinese, all.English+text.English
	}
	return all
}

// Phrase names a sentence.
type Phrase uint16

// None is the absence of a sentence: both its texts are empty.
const None Phrase = 0

// Titles: what is going on with a sale.
const (
	TitleWaiting Phrase = iota + 1
	TitleTapping
	TitleCardUnknown
	TitleAuthorising
	TitlePassword
	TitleShown
	TitleQuerying
	TitleReversing
	TitleApproved
	TitleDeclined
	TitleReversed
	TitleAbandoned
)

// Steps: the one thing to do next.
const (
	StepPresent Phrase = iota + 100
	StepHoldCard
	StepSameCard
	StepWait
	StepPassword
	StepScanShown
	StepUnknown
	StepReversing
	StepHandOver
	StepOtherMeans
	StepNoMoney
	StepCardInDoubt
	StepRefunded
	StepNewSale
	StepSuperseded
	StepCardDebited
)

// Notices: something that happened beside the sale's progress.
const (
	NoticeWeChat Phrase = iota + 200
	NoticeAlipay
	NoticeUnionPay
	NoticeGoods
	NoticeNotPayment
	NoticeUnreadable
	NoticeSecondScan
	NoticeScanIdle
	NoticeSecondCard
	NoticeTwoCards
	NoticeCardLying
	NoticeCardFunds
	NoticeCardLimit
	NoticeCardBlocked
	NoticeCardForeign
	NoticeCardRefused
	NoticeCardAway
	NoticeCardOther
	NoticeJournal
	NoticeMismatch
	NoticePaidTakenBack
	NoticeCancelDuringTap
	NoticeAlreadyDecided
	NoticeRestarted
	NoticeReceiptUnsure
	NoticePaper
	NoticePrinterGone
	NoticePrintUnsure
	NoticePrinted
	NoticePrinterAway
	NoticeScannerGone
	NoticeReaderGone
	NoticeReaderSilent
	NoticeCardOnline
	NoticeTwin
	NoticeDeviceBack
	NoticeShiftPaper
	NoticeShiftComplete
	NoticeSuperseding
	NoticePrintAltered
	NoticeRecordRefused
	NoticeOldCopy
	NoticeRecordAnew
	NoticeReversalWithdrawn
	NoticePaidAfterAll
	NoticeOfflineRefused
	NoticeFollowUpRefused
	NoticeStrangeAnswer
	NoticeCardPaidLate
	NoticeCloudOldCopy
	NoticePaperOut
	NoticeCoverOpen
	NoticeCutterJam
	NoticePrinterTrouble
	NoticePaperLow
)

// Refusals: why the station did not do what it was asked.
const (
	RefuseSaleOpen Phrase = iota + 300
	RefuseNoSale
	RefuseKeyMissing
	RefuseKeyReused
	RefuseAmount
	RefuseCurrency
	RefuseJournal
	RefuseNoRoom
	RefuseTooManyOpen
	RefuseState
	RefuseHost
	RefuseOrigin
	RefuseToken
	RefuseTooLarge
	RefuseInvalid
	RefuseStopping
	RefusePrinter
	RefuseInternal
	RefuseNotSignedIn
	RefuseStopped
	RefuseSetAside
	RefuseBlocked
	RefuseOtherCopy
	RefuseJournalMoved
	RefuseNoShift
	RefuseShiftOpen
	RefuseShiftApproval
	RefuseCount
	RefuseCash
	RefuseKeyTooLong
	RefuseNoAddress
	RefuseMethod
	RefuseListeners
	RefuseLeftOpen
	RefuseJournalDamaged
	RefuseKeyUnclean
	RefuseShiftNoFloat
	RefuseDrawer
)

// What to do after a refusal.
const (
	AfterFinishSale Phrase = iota + 400
	AfterCorrect
	AfterFreeDisk
	AfterCheckNetwork
	AfterWait
	AfterCallSupport
	AfterKeepRunning
	AfterOpenShift
	AfterApproval
	AfterCheckOrder
	AfterCheckNumber
	AfterCheckFollowUp
	AfterNewKey
	AfterStanding
	AfterNoMoney
	AfterOtherKind
	AfterLess
	AfterNewHold
	AfterCompletions
	AfterCloseShift
	AfterOwnAddress
	AfterOwnProgram
	AfterToken
	AfterDescription
	AfterListeners
	AfterFind
	AfterOldCopy
	AfterOldCopyWhole
	AfterTwin
	AfterRefund
	AfterBatch
	AfterCashIn
	AfterLessCash
)

// Text returns the phrase's sentence, or empty texts for None and for numbers that name nothing.
func (p Phrase) Text() Text {
	switch {
	case p >= orderFirst:
		return p.order()
	case p >= TitleApprovedOffline:
		return p.offline()
	case p < StepPresent:
		return p.title()
	case p < NoticeWeChat:
		return p.step()
	case p < NoticeTwoCards:
		return p.scanNotice()
	case p < RefuseSaleOpen:
		return p.notice()
	case p < AfterFinishSale:
		return p.refusal()
	case p < followUpFirst:
		return p.after()
	default:
		return p.followUp()
	}
}
