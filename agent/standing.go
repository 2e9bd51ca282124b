package agent

import (
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

// standing is whether the cloud takes this terminal's payments (SPEC.md 7.5). The zero value says that it does.
type standing struct {
	phrase catalogue.Phrase // why it does not
	// refused is the refused record's sequence while that was not acknowledged, else 0; last was the journal's end.
	refused, last uint64
}

// note takes a refusal, and reports whether it is news that new payments are not taken.
func (s *standing) note(refusal *message.Refusal, j Recorder) bool {
	tail := j.Tail()
	phrase := catalogue.None
	switch refusal.GetCause() {
	case message.Refusal_CAUSE_CHAIN:
		phrase = catalogue.RefuseSetAside
	case message.Refusal_CAUSE_TERMINAL:
		phrase = catalogue.RefuseBlocked
	case message.Refusal_CAUSE_OTHER_BYTES:
		// An older record's is said at every repetition, long after the sign-in that settled it.
		if refusal.GetEpoch() == tail.Epoch {
			phrase = catalogue.RefuseOtherCopy
		}
	default: // EPOCH signs in by itself; TAG and MALFORMED are about one message
	}
	if phrase == catalogue.None {
		return false
	}
	news := s.phrase != phrase
	*s = standing{phrase: phrase, last: tail.Sequence}
	if sequence := refusal.GetSequence(); j.Waiting(sequence, sequence) > 0 {
		s.refused = sequence
	}
	return news
}

// now returns why new payments are not taken. They are again once the cloud has acknowledged the refused record or the
// journal's end as it grew since: a sign-in appends a record, so one that was taken is seen here.
func (s *standing) now(j Recorder) catalogue.Phrase {
	if s.phrase == catalogue.None {
		return catalogue.None
	}
	end := j.Tail().Sequence
	taken := s.refused != 0 && j.Waiting(s.refused, s.refused) == 0
	if taken || end > s.last && j.Waiting(end, end) == 0 {
		*s = standing{}
	}
	return s.phrase
}

// barred returns why no payment may be asked for that has not been yet, or nil. Payments that have been go on being
// asked about and taken back. The lock is held.
func (t *till) barred() *station.Refusal {
	uplink := t.parts.Uplink.Status()
	if uplink.Stopped != "" {
		return &station.Refusal{Phrase: catalogue.RefuseStopped, Detail: uplink.Stopped}
	}
	if uplink.Barred {
		return &station.Refusal{Phrase: catalogue.RefuseBlocked}
	}
	if phrase := t.standing.now(t.parts.Journal); phrase != catalogue.None {
		return &station.Refusal{Phrase: phrase}
	}
	return nil
}
