package operator

import (
	"context"
	"fmt"
	"time"
)

// Bounds of a statement.
const (
	// StatementLinesMax is the most lines of one page, StatementPagesMax the most pages of one day.
	StatementLinesMax = 200
	StatementPagesMax = 10_000
)

// StatementReader is a connector that tells what the operator has in its books of a day that is over.
type StatementReader interface {
	// StatementPage returns one page of a day's statement. Errors as for Connector; asking changes nothing and may be
	// repeated. A page alone proves nothing: only with all the others and the trailer it is a statement.
	StatementPage(ctx context.Context, request StatementRequest) (StatementPage, error)
}

// StatementRequest names one page.
type StatementRequest struct {
	Day  Day
	Page int // from 1 to StatementPage.Pages
}

// StatementPage is a part of an operator's authenticated statement of a day. A day without lines has one page.
type StatementPage struct {
	StatementRequest
	Pages   int
	Trailer StatementTrailer // of the whole day, the same on each page
	Lines   []StatementLine
}

// StatementTrailer adds the whole day up; amounts in minor units, none below zero.
type StatementTrailer struct {
	Count int // of lines
	// Paid sums payments and completions, Returned what went back to customers, Disputed what their banks took back.
	Paid, Returned, Disputed int64
}

// Add counts a line. It reports whether the line can be counted: its kind is known and the sums stay in range.
func (t *StatementTrailer) Add(line StatementLine) bool {
	into := map[LineKind]*int64{LinePayment: &t.Paid, LineCompletion: &t.Paid, LineReturn: &t.Returned, LineDispute: &t.Disputed}[line.Kind]
	if into == nil || line.Amount <= 0 || *into+line.Amount < *into {
		return false
	}
	*into += line.Amount
	t.Count++
	return true
}

// StatementLine is one movement of money in the operator's books.
type StatementLine struct {
	OrderID  OrderID
	FollowUp FollowUpID // whose it is; zero for that of the order itself and for a dispute
	// Reference is the operator's own number of the movement; of a dispute it names the dispute for ever.
	Reference string
	Kind      LineKind
	Amount    int64 // minor units, above zero
	Currency  string
	At        time.Time // within the day
}

// LineKind is what a line of a statement says.
type LineKind uint8

// The kinds of line. Holds move no money and are on no statement.
const (
	LinePayment    LineKind = iota + 1 // the wallet was debited
	LineReturn                         // a reversal, refund, void or undone completion: the wallet has it back
	LineCompletion                     // paid out of what was held
	LineDispute                        // a chargeback (拒付): the customer's bank took it back from the merchant
)

// String returns the kind's name on the wire.
func (k LineKind) String() string {
	switch k {
	case LinePayment:
		return "payment"
	case LineReturn:
		return "return"
	case LineCompletion:
		return "completion"
	case LineDispute:
		return "dispute"
	default:
		return "invalid"
	}
}

// ParseLineKind reads what String writes.
func ParseLineKind(text string) (LineKind, error) {
	for k := LinePayment; k <= LineDispute; k++ {
		if k.String() == text {
			return k, nil
		}
	}
	return 0, fmt.Errorf("operator: unknown line of a statement %q", text)
}
