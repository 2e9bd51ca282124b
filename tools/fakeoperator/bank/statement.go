package bank

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

var (
	// ErrDayOpen says that the day of a statement is not over, or that there is no such page.
	ErrDayOpen = errors.New("bank: the day is not over")
	// ErrNotDisputable says that there is not so much of the order to take back.
	ErrNotDisputable = errors.New("bank: the order is not paid, or not so much of it")
)

// Dispute is a customer who has his bank take money back from the merchant.
type Dispute struct {
	OrderID operator.OrderID
	Amount  int64 // minor units
}

// movement is one line of the statements to come.
type movement struct {
	order     *order
	followUp  *followUp // nil for the order itself and for a dispute
	kind      operator.LineKind
	amount    int64
	reference string
	at        int64 // Unix milliseconds
}

func (b *Bank) moved(o *order, f *followUp, kind operator.LineKind, amount int64, reference string) {
	if amount > 0 {
		b.movements = append(b.movements, movement{o, f, kind, amount, reference, b.now.UnixMilli()})
	}
}

// StatementPage is one page of a day's statement. Errors: ErrDayOpen, also for a page that there is not; ErrDaybook.
func (b *Bank) StatementPage(request operator.StatementRequest, rule Rule) (page operator.StatementPage, err error) {
	if request.Page == 1 { // a look at the books decides whatever was due on the day
		if failed := b.durably(deed{}, func() { b.books() }); failed != nil {
			return operator.StatementPage{}, failed
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.config.Now()
	page, err = b.statementPage(request)
	if rule.Do == DoPartial && len(page.Lines) > 0 {
		page.Lines = page.Lines[:len(page.Lines)-1]
	}
	return page, err
}

func (b *Bank) statementPage(request operator.StatementRequest) (operator.StatementPage, error) {
	if b.now.Before(request.Day.End()) {
		return operator.StatementPage{}, ErrDayOpen
	}
	page := operator.StatementPage{StatementRequest: request, Pages: 1}
	first := (request.Page - 1) * operator.StatementLinesMax
	for i := range b.movements {
		line := b.movements[i].line()
		if operator.DayOf(line.At) != request.Day {
			continue
		}
		if at := page.Trailer.Count; at >= first && at < first+operator.StatementLinesMax {
			page.Lines = append(page.Lines, line)
		}
		page.Trailer.Add(line)
	}
	if page.Trailer.Count > 0 {
		page.Pages = (page.Trailer.Count + operator.StatementLinesMax - 1) / operator.StatementLinesMax
	}
	if request.Page > page.Pages {
		return operator.StatementPage{}, fmt.Errorf("%w: page %d of %d", ErrDayOpen, request.Page, page.Pages)
	}
	return page, nil
}

func (m *movement) line() operator.StatementLine {
	line := operator.StatementLine{OrderID: m.order.id, Reference: m.reference, Kind: m.kind, Amount: m.amount,
		Currency: m.order.currency, At: time.UnixMilli(m.at).UTC()}
	if m.followUp != nil {
		line.FollowUp = m.followUp.request.ID
	}
	return line
}

// Dispute takes money of an order back from the merchant; what is disputed can be neither reversed nor refunded any more.
// Errors: ErrNotDisputable, ErrDaybook.
func (b *Bank) Dispute(d Dispute) error {
	_, err := b.answered(deed{Dispute: &d}, func() (operator.Answer, error) { return operator.Answer{}, b.dispute(d) })
	return err
}

func (b *Bank) dispute(d Dispute) error {
	o := b.orders[d.OrderID]
	if o == nil || d.Amount <= 0 || d.Amount > o.debited-o.credited {
		return ErrNotDisputable
	}
	b.sequence++
	b.account(o.wallet).balance += d.Amount
	o.credited += d.Amount
	o.disputed += d.Amount
	b.moved(o, nil, operator.LineDispute, d.Amount, fmt.Sprintf("%sD%013d", b.config.Operator, b.sequence))
	return nil
}
