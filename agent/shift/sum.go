package shift

import (
	"slices"

	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
)

// methodCount is how many methods there are lines for.
const methodCount = 7

// Line sums up one method; amounts are minor units.
type Line struct {
	Sales, Refunds             uint32
	SalesAmount, RefundsAmount int64
}

// Expected is what came in and did not go back.
func (l Line) Expected() int64 { return l.SalesAmount - l.RefundsAmount }

// OpenItem is a payment or follow-up without a definite outcome.
type OpenItem struct {
	Requested
	Sequence uint64 // of the record that asked for it
}

// Sum is what a shift's records say. It is a value: what is in it is never changed in place.
type Sum struct {
	// UpTo is the last record that was looked at.
	UpTo uint64
	// Lines are by the place of their method in closing.Methods.
	Lines [methodCount]Line
	// Open has no definite outcome yet, oldest first.
	Open []OpenItem
	// CashMoved is cash put in and taken out.
	CashMoved int64
}

// Line returns a method's line.
func (s Sum) Line(method string) Line {
	if i := slices.Index(closing.Methods(), method); i >= 0 {
		return s.Lines[i]
	}
	return Line{}
}

// Step adds what the record at a sequence says; nil says nothing. Records come in order: one that was looked at before
// changes nothing. What was requested outside the shift is not the shift's, whenever it is decided.
func (s Shift) Step(sequence uint64, fact Fact) Shift {
	if sequence <= s.Sum.UpTo {
		return s
	}
	s.Sum.UpTo = sequence
	switch f := fact.(type) {
	case Requested:
		if s.holds(sequence) {
			s.Sum.Open = append(slices.Clone(s.Sum.Open), OpenItem{Requested: f, Sequence: sequence})
		}
	case Decided:
		s.Sum = s.Sum.decide(f)
	case CashMoved:
		if s.holds(sequence) && f.Shift == s.ID {
			s.Sum.CashMoved += f.Amount
		}
	}
	return s
}

// decide moves an open item into its line. The first definite outcome is the one that counts: what comes later of an
// order, such as money that went back of a reversed one, changes no line.
func (s Sum) decide(f Decided) Sum {
	i := slices.IndexFunc(s.Open, func(o OpenItem) bool { return o.Item == f.Item })
	if i < 0 {
		return s
	}
	open := s.Open[i]
	s.Open = slices.Delete(slices.Clone(s.Open), i, i+1)
	place := slices.Index(closing.Methods(), open.Method)
	if f.Outcome != message.Outcome_OUTCOME_APPROVED || place < 0 {
		return s
	}
	amount := open.Amount
	if f.Amount != 0 {
		amount = f.Amount
	}
	line := &s.Lines[place]
	switch open.Side {
	case Sales:
		line.Sales++
		line.SalesAmount += amount
	case Refunds:
		line.Refunds++
		line.RefundsAmount += amount
	case Neither:
	}
	return s
}
