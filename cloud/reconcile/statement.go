// Package reconcile holds what operators state of a day against the cloud's own ledger: pages of statements and movements of
// the ledger come in, differences, alarms and the day's result leave. It moves no money but for disputes, which it hands to
// their payments.
package reconcile

import (
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/cloud/operator"
)

// ErrPartial marks pages that are no whole statement: nothing of it is believed.
var ErrPartial = errors.New("reconcile: statement is not whole")

// Statement is an operator's whole statement of a day.
type Statement struct {
	Day     operator.Day
	Trailer operator.StatementTrailer
	Lines   []operator.StatementLine
}

// Assemble makes a statement of all pages of a day in their order. The trailer must agree with itself on each page, and with the
// lines. Error: ErrPartial.
func Assemble(day operator.Day, pages []operator.StatementPage) (Statement, error) {
	if len(pages) == 0 || len(pages) != pages[0].Pages {
		return Statement{}, fmt.Errorf("%w: %d pages", ErrPartial, len(pages))
	}
	s := Statement{Day: day, Trailer: pages[0].Trailer}
	var sum operator.StatementTrailer
	for i, page := range pages {
		if page.Day != day || page.Page != i+1 || page.Pages != len(pages) || page.Trailer != s.Trailer {
			return Statement{}, fmt.Errorf("%w: page %d does not belong to the first", ErrPartial, i+1)
		}
		for _, line := range page.Lines {
			if !sum.Add(line) || operator.DayOf(line.At) != day {
				return Statement{}, fmt.Errorf("%w: a line of page %d is not of the day, or has no amount", ErrPartial, i+1)
			}
		}
		s.Lines = append(s.Lines, page.Lines...)
	}
	if sum != s.Trailer {
		return Statement{}, fmt.Errorf("%w: %d lines over %d, %d and %d, and its trailer says %d over %d, %d and %d", ErrPartial,
			sum.Count, sum.Paid, sum.Returned, sum.Disputed, s.Trailer.Count, s.Trailer.Paid, s.Trailer.Returned, s.Trailer.Disputed)
	}
	return s, nil
}
