package api

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/store"
)

// Reconciliation is how an operator's statement of a day compares with the ledger. Amounts are minor units.
type Reconciliation struct {
	Operator    string       `json:"operator" doc:"its code"`
	Day         string       `json:"day" doc:"business day in China, such as 2026-11-23"`
	State       string       `json:"state" enum:"waiting,agrees,differs,forgone" doc:"waiting: the statement is asked for until it is whole; forgone: a person gave it up"`
	Attempts    uint32       `json:"attempts,omitempty" doc:"that came to nothing"`
	NextAt      *time.Time   `json:"next_at,omitempty" doc:"of the next attempt"`
	Detail      string       `json:"detail,omitempty" doc:"why the last attempt came to nothing, in English; of a day given up by whom, why, and what was not compared"`
	Lines       uint32       `json:"lines" doc:"of the statement"`
	Paid        int64        `json:"paid"`
	Returned    int64        `json:"returned"`
	Disputed    int64        `json:"disputed"`
	Count       int          `json:"count" doc:"of differences; the first 2000 are listed"`
	Differences []Difference `json:"differences"`
	Carried     int          `json:"carried" doc:"amounts that only one side has so far; they are compared again with the next day"`
	At          time.Time    `json:"at" doc:"of the comparison, or of the last attempt"`
}

// Difference is one order on which an operator and the ledger do not agree.
type Difference struct {
	Kind      string     `json:"kind"`
	Title     alarm.Text `json:"title" doc:"what is wrong"`
	Next      alarm.Text `json:"next" doc:"the one thing to do"`
	Order     string     `json:"order"`
	Day       string     `json:"day" doc:"on which it began"`
	Ours      int64      `json:"ours" doc:"what the order came to in the ledger; minor units"`
	Theirs    int64      `json:"theirs" doc:"and in the operator's books; of a dispute what was disputed"`
	Currency  string     `json:"currency"`
	Reference string     `json:"reference,omitempty" doc:"the operator's"`
}

// NewReconciliation writes a comparison for people. Error: reconcile.ErrBody.
func NewReconciliation(row store.Reconciliation) (Reconciliation, error) {
	body, err := reconcile.ReadBody(row.Body)
	if err != nil {
		return Reconciliation{}, err
	}
	r := Reconciliation{Operator: row.Operator, Day: operator.Day(row.Day).String(), State: row.State.String(), Attempts: row.Attempts,
		NextAt: known(row.NextAt), Detail: row.Detail, Lines: row.Lines, Paid: row.Paid, Returned: row.Returned, Disputed: row.Disputed,
		Count: body.Count, Differences: make([]Difference, 0, len(body.Differences)), Carried: len(body.Carried), At: row.At}
	for _, d := range body.Differences {
		entry := alarm.Of("reconcile-" + string(d.Kind))
		r.Differences = append(r.Differences, Difference{Kind: string(d.Kind), Title: entry.Title, Next: entry.Next, Order: d.Order.String(),
			Day: d.Day.String(), Ours: d.Ours, Theirs: d.Theirs, Currency: d.Currency, Reference: d.Reference})
	}
	return r, nil
}

type reconciliationsInput struct {
	Operator string `query:"operator" maxLength:"16" doc:"of one operator; of all when left out"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"31"`
}

// reconciliations lists comparisons, the latest day first.
func (a *api) reconciliations(ctx context.Context, in *reconciliationsInput) (*body[[]Reconciliation], error) {
	rows, err := a.Store.Reconciliations(ctx, in.Operator, in.Limit)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &body[[]Reconciliation]{make([]Reconciliation, 0, len(rows))}
	for _, row := range rows {
		one, err := NewReconciliation(row)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		out.Body = append(out.Body, one)
	}
	return out, nil
}
