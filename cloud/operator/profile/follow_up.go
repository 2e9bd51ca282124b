package profile

import (
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// FollowUpBody is the body of follow-up.
type FollowUpBody struct {
	FollowUp string `json:"follow_up"`
	Order    string `json:"order"`
	Merchant string `json:"merchant"`
	Kind     string `json:"kind"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Undoes   string `json:"undoes,omitempty"`
	Last     bool   `json:"last,omitempty"`
}

// FollowUpAnswerBody is the body of its answer with status 200.
type FollowUpAnswerBody struct {
	FollowUp  string `json:"follow_up"`
	Order     string `json:"order"`
	Status    string `json:"status"`
	Reason    string `json:"reason,omitempty"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// EncodeFollowUp returns the body of follow-up.
func EncodeFollowUp(f operator.FollowUp) ([]byte, error) {
	wire := FollowUpBody{FollowUp: f.ID.String(), Order: f.OrderID.String(), Merchant: f.Merchant, Kind: f.Kind.String(),
		Amount: f.Amount, Currency: f.Currency, Last: f.Last}
	if f.Kind == operator.KindUndo {
		wire.Undoes = f.Undoes.String()
	}
	return encode(wire)
}

// DecodeFollowUp reads and checks the body of follow-up. Error: ErrBody.
func DecodeFollowUp(body []byte) (operator.FollowUp, error) {
	var wire FollowUpBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.FollowUp{}, err
	}
	id, order, err := parseIDs(wire.FollowUp, wire.Order)
	if err != nil {
		return operator.FollowUp{}, err
	}
	kind, err := operator.ParseFollowUpKind(wire.Kind)
	if err != nil {
		return operator.FollowUp{}, fmt.Errorf("%w: kind", ErrBody)
	}
	if wire.Amount <= 0 || len(wire.Currency) < 3 || wire.Merchant == "" {
		return operator.FollowUp{}, fmt.Errorf("%w: amount, currency or merchant", ErrBody)
	}
	if (kind == operator.KindUndo) != (wire.Undoes != "") || wire.Last && kind != operator.KindComplete {
		return operator.FollowUp{}, fmt.Errorf("%w: undoes or last does not fit the kind", ErrBody)
	}
	var undoes operator.FollowUpID
	if wire.Undoes != "" {
		if undoes, err = operator.ParseFollowUpID(wire.Undoes); err != nil {
			return operator.FollowUp{}, fmt.Errorf("%w: undoes", ErrBody)
		}
	}
	return operator.FollowUp{ID: id, OrderID: order, Merchant: wire.Merchant, Kind: kind, Amount: wire.Amount,
		Currency: wire.Currency, Undoes: undoes, Last: wire.Last}, nil
}

// EncodeFollowUpAnswer returns the body of an answer with status 200.
func EncodeFollowUpAnswer(a operator.FollowUpAnswer) ([]byte, error) {
	return encode(FollowUpAnswerBody{FollowUp: a.ID.String(), Order: a.OrderID.String(), Status: a.Status.String(),
		Reason: a.Reason.String(), Amount: a.Amount, Currency: a.Currency, Reference: a.Reference})
}

// DecodeFollowUpAnswer reads and checks an answer's body; millis is the time of its header. Error: ErrBody.
func DecodeFollowUpAnswer(body []byte, millis int64) (operator.FollowUpAnswer, error) {
	var wire FollowUpAnswerBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.FollowUpAnswer{}, err
	}
	id, order, err := parseIDs(wire.FollowUp, wire.Order)
	if err != nil {
		return operator.FollowUpAnswer{}, err
	}
	status, err := operator.ParseFollowUpStatus(wire.Status)
	if err != nil {
		return operator.FollowUpAnswer{}, fmt.Errorf("%w: status", ErrBody)
	}
	reason, err := operator.ParseReason(wire.Reason)
	if err != nil {
		reason = operator.ReasonOther // of a later version: the refusal is definite all the same
	}
	if wire.Amount < 0 || status == operator.FollowUpDone && (wire.Amount == 0 || len(wire.Currency) < 3) {
		return operator.FollowUpAnswer{}, fmt.Errorf("%w: amount or currency", ErrBody)
	}
	if len(wire.Reference) > referenceMax {
		return operator.FollowUpAnswer{}, fmt.Errorf("%w: field too long", ErrBody)
	}
	return operator.FollowUpAnswer{ID: id, OrderID: order, Status: status, Reason: reason, Amount: wire.Amount,
		Currency: wire.Currency, Reference: wire.Reference, At: time.UnixMilli(millis).UTC()}, nil
}

func parseIDs(followUp, order string) (operator.FollowUpID, operator.OrderID, error) {
	id, err := operator.ParseFollowUpID(followUp)
	if err != nil {
		return operator.FollowUpID{}, operator.OrderID{}, fmt.Errorf("%w: follow_up", ErrBody)
	}
	of, err := operator.ParseOrderID(order)
	if err != nil {
		return operator.FollowUpID{}, operator.OrderID{}, fmt.Errorf("%w: order", ErrBody)
	}
	return id, of, nil
}
