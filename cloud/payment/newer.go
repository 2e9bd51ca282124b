package payment

import (
	"fmt"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

// A terminal may run a later version than the cloud and ask for what this program has no words for, as one that knew no
// holds would have been asked for one: to read what it can and debit the customer is worse than to say no (SPEC.md, Records).

// understood reports whether the request says nothing that this program does not know and that may not be left out.
func understood(body *message.PaymentRequested) bool {
	return message.Understood(body) && (body.GetOffline() == nil || message.Understood(body.GetOffline()))
}

// moved reports whether the money has moved before the cloud is asked: what came of it is booked, whatever else is said.
func moved(body *message.PaymentRequested) bool {
	return body.GetOffline() != nil || len(body.GetCardTransaction()) > 0
}

// newer is the alarm of a request that was not understood; no change when it was.
func (s *Service) newer(r collector.Verified, what string, id fmt.Stringer, understood bool) store.Change {
	if understood {
		return store.Change{}
	}
	terminal := r.Terminal.ID.String()
	return store.Change{Alarms: []store.Alarm{{Key: alarm.NewerTerminal + "/" + terminal + "/" + r.Header.Type.String(),
		Kind: alarm.NewerTerminal, Terminal: terminal, At: s.config.Clock.Now(),
		Detail: fmt.Sprintf("record %d, %s, %s %s, has fields that this cloud does not know: it is declined; what a hard wallet had signed is given back, "+
			"and what was taken offline is booked", r.Header.Sequence, r.Header.Type, what, id)}}}
}
