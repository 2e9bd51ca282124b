package station

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// Problem is an error answer (RFC 9457) in both languages.
type Problem struct {
	Title  string        `json:"title" doc:"in English; the same for every problem of its kind"`
	Status int           `json:"status"`
	Detail string        `json:"detail,omitempty" doc:"for the integrator, in English"`
	Text   Words         `json:"text" doc:"for people: what is wrong, with its amounts and limits"`
	Next   Words         `json:"next" doc:"the one thing to do next"`
	Sale   string        `json:"sale,omitempty" doc:"the sale that stands in the way"`
	Errors []FieldDetail `json:"errors,omitempty"`
}

// FieldDetail is one mistake in a request.
type FieldDetail struct {
	Message  string `json:"message" doc:"what it must be, in English"`
	Location string `json:"location" doc:"where: body.amount, query.limit"`
	Text     Words  `json:"text" doc:"what it must be"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Title }

// mistakesTold bounds the mistakes that a problem's sentence names; its errors name all.
const mistakesTold = 4

// statusOf is the one table of what a refusal is in HTTP.
func statusOf(phrase catalogue.Phrase) int {
	switch phrase {
	case catalogue.RefuseSaleOpen, catalogue.RefuseKeyReused, catalogue.RefuseState, catalogue.RefuseNotApproved, catalogue.RefuseUndecided,
		catalogue.RefuseKindUnfit, catalogue.RefuseMoreThanLeft, catalogue.RefuseNothingLeft, catalogue.RefuseFollowUpOpen, catalogue.RefuseHoldEnded,
		catalogue.RefuseShiftClosed, catalogue.RefuseNoBatch,
		catalogue.RefuseNoCompletion, catalogue.RefuseShiftOpen, catalogue.RefuseNoShift, catalogue.RefuseShiftApproval,
		catalogue.RefuseShiftNoFloat, catalogue.RefuseDrawer,
		catalogue.RefuseNoOrder, catalogue.RefuseOrderUnpaid, catalogue.RefuseOrderGoesBack, catalogue.RefuseOrderAccepted,
		catalogue.RefuseOrderGivenBack, catalogue.RefuseOrderNoPerson:
		return http.StatusConflict
	case catalogue.RefuseNoSale, catalogue.RefuseNoFollowUp, catalogue.RefuseLookupNothing, catalogue.RefuseNoAddress:
		return http.StatusNotFound
	case catalogue.RefuseMethod:
		return http.StatusMethodNotAllowed
	case catalogue.RefuseKeyMissing, catalogue.RefuseKeyTooLong, catalogue.RefuseKeyUnclean:
		return http.StatusBadRequest
	case catalogue.RefuseAmount, catalogue.RefuseCurrency, catalogue.RefuseInvalid, catalogue.RefuseLookupText,
		catalogue.RefuseCount, catalogue.RefuseCash:
		return http.StatusUnprocessableEntity
	case catalogue.RefuseNoRoom:
		return http.StatusInsufficientStorage
	case catalogue.RefuseJournal, catalogue.RefuseJournalMoved, catalogue.RefuseJournalDamaged, catalogue.RefuseLeftOpen, catalogue.RefuseNotSignedIn,
		catalogue.RefuseStopped,
		catalogue.RefuseStopping, catalogue.RefuseSetAside, catalogue.RefuseBlocked, catalogue.RefuseOtherCopy,
		catalogue.RefuseTooManyOpen, catalogue.RefusePrinter, catalogue.RefuseManyFollowUps, catalogue.RefuseManyReturns, catalogue.RefuseLookupSilent,
		catalogue.RefuseLookupBusy, catalogue.RefuseListeners:
		return http.StatusServiceUnavailable
	case catalogue.RefuseHost:
		return http.StatusMisdirectedRequest
	case catalogue.RefuseOrigin:
		return http.StatusForbidden
	case catalogue.RefuseToken:
		return http.StatusUnauthorized
	case catalogue.RefuseTooLarge:
		return http.StatusRequestEntityTooLarge
	default:
		return http.StatusInternalServerError
	}
}

// newProblem says no with a phrase and what explains it, which may be empty.
func newProblem(phrase catalogue.Phrase, more Words) *Problem {
	text := phrase.Text()
	return &Problem{
		Title: text.English, Status: statusOf(phrase), Detail: more.English, Text: text.With(more),
		Next: catalogue.NextAfter(phrase).Text(),
	}
}

// invalid is a problem with the request itself: with the whole of it, or with what was found in its fields.
func invalid(status int, whole Words, found mistakes) *Problem {
	told := make([]Words, 0, mistakesTold+1)
	if whole != (Words{}) {
		told = append(told, whole)
	}
	for _, mistake := range found {
		if len(told) == mistakesTold {
			told = append(told, Words{Chinese: "…", English: "..."})
			break
		}
		told = append(told, catalogue.Field(fieldAt(mistake.Location)).And(mistake.Text))
	}
	problem := newProblem(catalogue.RefuseInvalid, catalogue.Listed(told...))
	problem.Status, problem.Errors = status, found
	return problem
}

// problemOf turns the till's answer into one for HTTP. What is not a refusal is logged by the caller, not told.
func problemOf(err error) *Problem {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return newProblem(catalogue.RefuseInternal, Words{})
	}
	problem := newProblem(refusal.Phrase, refusal.More)
	if problem.Detail == "" {
		problem.Detail = refusal.Detail
	}
	if refusal.Sale != ([16]byte{}) {
		problem.Sale = refusal.Sale.String()
	}
	return problem
}

// write sends the problem.
func (p *Problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(p) // a client that has gone needs no answer
}
