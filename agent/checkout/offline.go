package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// acceptOffline takes a hard wallet's payment without the cloud: request and outcome are one commit (SPEC.md 7.8.3). It
// is never taken back, and it goes up in its turn: nobody waits for the answer.
func (r Rules) acceptOffline(s Sale, now time.Time) (Sale, []Effect) {
	s.Method, s.State, s.Offline = message.Method_METHOD_TAP, ApprovedOffline, true
	s.RequestedAt, s.AskedAt, s.HeardAt, s.Deadline = now, now, now, now
	s.Unprinted |= bothCopies
	body := r.requestBody(s)
	body.Offline = s.Card.Accepted
	s.Card.Accepted = nil
	// The outcome is the last record of the commit: the request's sequence is the one before (resume).
	return s, []Effect{
		Commit{Type: record.PaymentRequested, Body: body, Begun: true}, commitOutcome(s, nil),
		Print{Copies: bothCopies}, Show{}, Arm{}, r.timer(s),
	}
}

// offlineResult takes the cloud's answer to a payment that the till accepted. What is not final changes nothing. One that
// the operator does not honour is recorded, shown and told; the sale stands (SPEC.md 7.8.4).
func (r Rules) offlineResult(s Sale, result *message.PaymentResult, now time.Time) (Sale, []Effect) {
	if !matches(s, result) {
		return s, []Effect{Warn{What: "answer with another amount"}, Show{Notice: catalogue.NoticeMismatch}}
	}
	if result.GetStage() != message.Stage_STAGE_FINAL {
		s.HeardAt = now
		return s, nil
	}
	notice := catalogue.NoticeOfflineSettled
	switch result.GetOutcome() {
	case message.Outcome_OUTCOME_APPROVED:
		s.State = Approved
	case message.Outcome_OUTCOME_DECLINED, message.Outcome_OUTCOME_REVERSED:
		s.State, notice = NotHonoured, catalogue.NoticeNotHonoured
	default:
		return s, []Effect{Warn{What: "final answer without a definite outcome"}}
	}
	s.Result = result
	effects := []Effect{commitOutcome(s, result), Show{Notice: notice}, Forget{Sequence: s.PaymentSequence}}
	if s.State == NotHonoured {
		effects = append(effects, Warn{What: "an offline payment was not honoured"})
	}
	return s, effects
}
