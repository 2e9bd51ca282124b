package bank

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Daybook keeps what the bank was asked to do where it outlives the process: a bank that was killed does it all again,
// at the times of then, and so comes back with everything that it has answered. Lines keep their order.
type Daybook interface {
	// Write takes a line, which is the caller's again afterwards, and returns its number.
	Write(line []byte) (uint64, error)
	// Sync returns once the lines up to a number are durable.
	Sync(number uint64) error
}

var (
	// ErrDaybook says that something could not be made durable: nobody may be told of it.
	ErrDaybook = errors.New("bank: daybook takes no line")
	// ErrDaybookLine marks a line that no bank has written.
	ErrDaybookLine = errors.New("bank: line of another daybook")
)

// deed is one line: something the bank was asked to do, and when. One of the pointers is set, or none of them for a look
// at the books, which decides whatever is due.
type deed struct {
	At      int64              `json:"at"` // Unix nanoseconds
	Opening int64              `json:"opening"`
	Rule    Rule               `json:"rule,omitzero"`
	Place   *placing           `json:"place,omitempty"`
	Query   *operator.Inquiry  `json:"query,omitempty"`
	Reverse *operator.Inquiry  `json:"reverse,omitempty"`
	Refund  *operator.Inquiry  `json:"refund,omitempty"`
	Follow  *operator.FollowUp `json:"follow,omitempty"`
	Pay     *payShown          `json:"pay,omitempty"`
	Balance *setBalance        `json:"balance,omitempty"`
	Class   *setClass          `json:"class,omitempty"`
	Verify  *Verification      `json:"verify,omitempty"`
	Dispute *Dispute           `json:"dispute,omitempty"`
}

type payShown struct {
	Code  string `json:"code"`
	Payer string `json:"payer"`
}

type setBalance struct {
	Payer   string `json:"payer"`
	Balance int64  `json:"balance"`
}

// durably writes a deed down, does its work under the lock, and returns once what the answer rests on is durable.
func (b *Bank) durably(d deed, work func()) error {
	b.mu.Lock()
	b.now, b.opening = b.config.Now(), b.config.Opening
	if b.config.Daybook == nil {
		defer b.mu.Unlock()
		work()
		return nil
	}
	d.At, d.Opening = b.now.UnixNano(), b.opening
	number, err := b.write(d)
	if err == nil {
		work()
	}
	b.mu.Unlock()
	if err == nil {
		err = b.config.Daybook.Sync(number)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDaybook, err)
	}
	return nil
}

// answered is durably for work that has an answer.
func (b *Bank) answered(d deed, work func() (operator.Answer, error)) (answer operator.Answer, err error) {
	if failed := b.durably(d, func() { answer, err = work() }); failed != nil {
		return operator.Answer{}, failed
	}
	return answer, err
}

func (b *Bank) write(d deed) (uint64, error) {
	line, err := json.Marshal(d)
	if err != nil {
		return 0, err
	}
	return b.config.Daybook.Write(line)
}

// Restore does again what a line of the daybook says, before the bank serves anybody; lines come in the order they were
// written. Error: ErrDaybookLine.
func (b *Bank) Restore(line []byte) error {
	var d deed
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields() // a deed that this bank does not know would be a look at the books
	if err := decoder.Decode(&d); err != nil {
		return fmt.Errorf("%w: %w", ErrDaybookLine, err)
	}
	if d.At == 0 {
		return fmt.Errorf("%w: no time", ErrDaybookLine)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now, b.opening = time.Unix(0, d.At), d.Opening
	// What went wrong then goes wrong again in the same way, and has been told to whoever asked.
	switch {
	case d.Place != nil:
		_, _ = b.place(*d.Place, d.Rule)
	case d.Query != nil:
		_, _ = b.query(*d.Query, d.Rule)
	case d.Reverse != nil:
		_, _ = b.reverse(*d.Reverse, d.Rule)
	case d.Refund != nil:
		_, _ = b.refund(*d.Refund, d.Rule)
	case d.Follow != nil:
		_, _ = b.follow(*d.Follow, d.Rule)
	case d.Pay != nil:
		_ = b.payShown(d.Pay.Code, d.Pay.Payer)
	case d.Balance != nil:
		b.setBalance(d.Balance.Payer, d.Balance.Balance)
	case d.Class != nil:
		b.account(d.Class.Payer).class = d.Class.Class
	case d.Verify != nil:
		_ = b.verify(*d.Verify)
	case d.Dispute != nil:
		_ = b.dispute(*d.Dispute)
	default:
		b.books()
	}
	return nil
}
