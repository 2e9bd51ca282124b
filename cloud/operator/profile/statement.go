package profile

import (
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// StatementRequestBody is the body of statement.
type StatementRequestBody struct {
	Day  string `json:"day"`
	Page int    `json:"page"`
}

// StatementBody is the body of its answer with status 200.
type StatementBody struct {
	Day     string               `json:"day"`
	Page    int                  `json:"page"`
	Pages   int                  `json:"pages"`
	Trailer StatementTrailerBody `json:"trailer"`
	Lines   []StatementLineBody  `json:"lines"`
}

// StatementTrailerBody adds the day up.
type StatementTrailerBody struct {
	Count    int   `json:"count"`
	Paid     int64 `json:"paid"`
	Returned int64 `json:"returned"`
	Disputed int64 `json:"disputed"`
}

// StatementLineBody is one movement; at is in Unix milliseconds.
type StatementLineBody struct {
	Order     string `json:"order"`
	FollowUp  string `json:"follow_up,omitempty"`
	Reference string `json:"reference"`
	Kind      string `json:"kind"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	At        int64  `json:"at"`
}

// EncodeStatementRequest returns the body of statement.
func EncodeStatementRequest(r operator.StatementRequest) ([]byte, error) {
	return encode(StatementRequestBody{Day: r.Day.String(), Page: r.Page})
}

// DecodeStatementRequest reads and checks the body of statement. Error: ErrBody.
func DecodeStatementRequest(body []byte) (operator.StatementRequest, error) {
	var wire StatementRequestBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.StatementRequest{}, err
	}
	return parsePage(wire.Day, wire.Page)
}

func parsePage(day string, page int) (operator.StatementRequest, error) {
	of, err := operator.ParseDay(day)
	if err != nil || page < 1 || page > operator.StatementPagesMax {
		return operator.StatementRequest{}, fmt.Errorf("%w: day or page", ErrBody)
	}
	return operator.StatementRequest{Day: of, Page: page}, nil
}

// EncodeStatementPage returns the body of an answer with status 200.
func EncodeStatementPage(p operator.StatementPage) ([]byte, error) {
	wire := StatementBody{Day: p.Day.String(), Page: p.Page, Pages: p.Pages, Trailer: StatementTrailerBody(p.Trailer),
		Lines: make([]StatementLineBody, len(p.Lines))}
	for i, l := range p.Lines {
		wire.Lines[i] = StatementLineBody{Order: l.OrderID.String(), Reference: l.Reference, Kind: l.Kind.String(), Amount: l.Amount,
			Currency: l.Currency, At: l.At.UnixMilli()}
		if l.FollowUp != (operator.FollowUpID{}) {
			wire.Lines[i].FollowUp = l.FollowUp.String()
		}
	}
	return encode(wire)
}

// DecodeStatementPage reads and checks an answer's body. Whether the pages make a statement is for who has all of them.
// Error: ErrBody.
func DecodeStatementPage(body []byte) (operator.StatementPage, error) {
	var wire StatementBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.StatementPage{}, err
	}
	request, err := parsePage(wire.Day, wire.Page)
	if err != nil {
		return operator.StatementPage{}, err
	}
	t := wire.Trailer
	if wire.Pages < 1 || wire.Pages > operator.StatementPagesMax || len(wire.Lines) > operator.StatementLinesMax ||
		t.Count < 0 || t.Paid < 0 || t.Returned < 0 || t.Disputed < 0 {
		return operator.StatementPage{}, fmt.Errorf("%w: pages, lines or trailer out of range", ErrBody)
	}
	page := operator.StatementPage{StatementRequest: request, Pages: wire.Pages, Trailer: operator.StatementTrailer(t)}
	for _, l := range wire.Lines {
		line, err := l.parse()
		if err != nil {
			return operator.StatementPage{}, err
		}
		page.Lines = append(page.Lines, line)
	}
	return page, nil
}

func (w StatementLineBody) parse() (operator.StatementLine, error) {
	id, err := operator.ParseOrderID(w.Order)
	if err != nil {
		return operator.StatementLine{}, fmt.Errorf("%w: order", ErrBody)
	}
	kind, err := operator.ParseLineKind(w.Kind)
	if err != nil {
		return operator.StatementLine{}, fmt.Errorf("%w: kind", ErrBody)
	}
	line := operator.StatementLine{OrderID: id, Reference: w.Reference, Kind: kind, Amount: w.Amount, Currency: w.Currency,
		At: time.UnixMilli(w.At).UTC()}
	if w.Amount <= 0 || len(w.Currency) < 3 || w.Reference == "" || len(w.Reference) > referenceMax {
		return operator.StatementLine{}, fmt.Errorf("%w: amount, currency or reference of a line", ErrBody)
	}
	if w.FollowUp != "" {
		if line.FollowUp, err = operator.ParseFollowUpID(w.FollowUp); err != nil {
			return operator.StatementLine{}, fmt.Errorf("%w: follow_up", ErrBody)
		}
	}
	return line, nil
}
