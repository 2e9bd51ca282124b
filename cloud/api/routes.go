package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// Payment is one payment. Times are absent until they are known; amounts are minor units.
type Payment struct {
	Order             string     `json:"order" doc:"order id, 32 hexadecimal digits"`
	Terminal          string     `json:"terminal"`
	Sequence          uint64     `json:"sequence" doc:"of the terminal's record"`
	Merchant          string     `json:"merchant"`
	Method            string     `json:"method" enum:"code,tap,shown"`
	Amount            int64      `json:"amount" doc:"minor units"`
	Fee               int64      `json:"fee" doc:"minor units"`
	Currency          string     `json:"currency"`
	State             string     `json:"state"`
	Outcome           string     `json:"outcome" enum:"approved,declined,unknown,reversed"`
	Refunded          bool       `json:"refunded" doc:"taken back although money had moved; it is going or went back"`
	Reason            string     `json:"reason,omitempty"`
	Operator          string     `json:"operator,omitempty"`
	Reference         string     `json:"reference"`
	OperatorReference string     `json:"operator_reference,omitempty"`
	Authorisation     string     `json:"authorisation,omitempty"`
	PayerOperator     string     `json:"payer_operator,omitempty"`
	Wallet            string     `json:"wallet,omitempty" doc:"first 6 and last 4 digits"`
	CreatedAt         time.Time  `json:"created_at"`
	DecidedAt         *time.Time `json:"decided_at,omitempty"`
	NextAt            *time.Time `json:"next_at,omitempty" doc:"when the cloud looks at it again"`
	Batch             uint32     `json:"batch,omitempty" doc:"the terminal's shift"`
	Voucher           uint32     `json:"voucher,omitempty"`
	Standing          *Standing  `json:"standing,omitempty" doc:"once approved"`
	FollowUps         []FollowUp `json:"follow_ups,omitempty"`
}

// Standing is how an approved payment stands; what is under way counts as done. Amounts are minor units.
type Standing struct {
	Hold        bool       `json:"hold" doc:"the amount was held and not paid"`
	Paid        int64      `json:"paid"`
	Refunded    int64      `json:"refunded"`
	Held        int64      `json:"held" doc:"the first amount and what was added"`
	HoldExpires *time.Time `json:"hold_expires,omitempty"`
	Closed      bool       `json:"closed" doc:"voided, or a hold of which nothing is held any more"`
}

// FollowUp is what was done with a payment after its approval.
type FollowUp struct {
	ID                string     `json:"id" doc:"32 hexadecimal digits"`
	Kind              string     `json:"kind" enum:"void,refund,top_up,complete,cancel,undo,dispute" doc:"dispute: the customer's bank took it back, as the operator states"`
	Outcome           string     `json:"outcome" enum:"approved,declined,unknown"`
	Reason            string     `json:"reason,omitempty"`
	Amount            int64      `json:"amount" doc:"minor units"`
	Fee               int64      `json:"fee" doc:"charged by a completion, given back by everything else; minor units"`
	Terminal          string     `json:"terminal,omitempty" doc:"who asked; empty for the cloud itself"`
	Reference         string     `json:"reference,omitempty"`
	OperatorReference string     `json:"operator_reference,omitempty"`
	Attempts          uint32     `json:"attempts" doc:"how often the operator was asked"`
	CreatedAt         time.Time  `json:"created_at"`
	DecidedAt         *time.Time `json:"decided_at,omitempty"`
	NextAt            *time.Time `json:"next_at,omitempty"`
}

// Terminal is one terminal and how far its journal is stored.
type Terminal struct {
	ID        string    `json:"id"`
	Merchant  string    `json:"merchant"`
	Serial    string    `json:"serial"`
	State     string    `json:"state" enum:"active,blocked,quarantined,retired"`
	Enrolled  time.Time `json:"enrolled_at"`
	HighWater uint64    `json:"high_water" doc:"all records up to here are stored"`
	Highest   uint64    `json:"highest"`
	Records   uint64    `json:"records"`
	Missing   uint64    `json:"missing" doc:"records missing below the highest"`
}

// Finding is a broken promise of the books.
type Finding struct {
	Kind   string   `json:"kind"`
	Detail string   `json:"detail"`
	Orders []string `json:"orders"`
}

// CheckResult is what a check of the ledger found.
type CheckResult struct {
	Balanced bool             `json:"balanced"`
	At       time.Time        `json:"at"`
	Entries  uint64           `json:"entries"`
	Sums     map[string]int64 `json:"sums" doc:"of all postings by currency; zero in balance"`
	Findings []Finding        `json:"findings"`
}

// Stats counts everything.
type Stats struct {
	Terminals      uint64            `json:"terminals"`
	Records        uint64            `json:"records" doc:"stored, each once"`
	Acknowledged   uint64            `json:"acknowledged" doc:"records that acknowledgements cover: all that are stored"`
	Gaps           uint64            `json:"gaps" doc:"records missing below their terminal's highest"`
	Quarantined    uint64            `json:"quarantined"`
	Alarms         uint64            `json:"alarms" doc:"that nobody has settled"`
	Entries        uint64            `json:"ledger_entries"`
	LedgerBalanced bool              `json:"ledger_balanced" doc:"at the last check"`
	LedgerChecked  *time.Time        `json:"ledger_checked_at,omitempty"`
	Payments       map[string]uint64 `json:"payments" doc:"by outcome"`
	States         map[string]uint64 `json:"payment_states"`
}

type orderInput struct {
	Order string `path:"order" minLength:"32" maxLength:"32" doc:"order id, 32 hexadecimal digits"`
}

type pageInput struct {
	After string `query:"after" maxLength:"8" doc:"go on behind this terminal"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type checkInput struct {
	Full bool `query:"full" doc:"sum all entries again instead of those added since the last check"`
}

type body[T any] struct{ Body T }

func (a *api) routes(h huma.API) {
	huma.Get(h, "/v1/payments/{order}", a.payment)
	huma.Get(h, "/v1/terminals", a.terminals)
	huma.Get(h, "/v1/shifts", a.shifts)
	huma.Get(h, "/v1/reconciliations", a.reconciliations)
	huma.Get(h, "/v1/alarms", a.alarms)
	huma.Post(h, "/v1/alarms/{number}/settle", a.settle)
	huma.Get(h, "/v1/ledger/check", a.check)
	huma.Get(h, "/v1/stats", a.stats)
}

// problem maps errors to answers; this is the only place.
func (a *api) problem(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound("not found")
	case errors.Is(err, alarm.ErrMoved):
		return huma.Error409Conflict("看过之后又发生了，请重新查看 · " + err.Error())
	case errors.Is(err, alarm.ErrSettlement):
		return huma.Error422UnprocessableEntity("须写明处理人，说明不能过长 · " + err.Error())
	case errors.Is(err, operator.ErrInvalidOrderID), errors.Is(err, record.ErrTerminal):
		return huma.Error422UnprocessableEntity(err.Error())
	default:
		a.Logger.LogAttrs(ctx, slog.LevelError, "answer request", slog.Any("cause", err))
		return huma.NewError(http.StatusInternalServerError, "internal error")
	}
}

func (a *api) find(ctx context.Context, order store.OrderID) (payment.Payment, error) {
	row, err := a.Store.Payment(ctx, order)
	if err != nil {
		return payment.Payment{}, err
	}
	var p payment.Payment
	return p, p.UnmarshalBinary(row.Blob)
}

func (a *api) payment(ctx context.Context, in *orderInput) (*body[Payment], error) {
	order, err := operator.ParseOrderID(in.Order)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	p, err := a.find(ctx, store.OrderID(order))
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	return &body[Payment]{Payment{Order: p.OrderID.String(), Terminal: p.Terminal, Sequence: p.Sequence, Merchant: p.Merchant,
		Method: p.Method.String(), Amount: p.Amount, Fee: p.Fee, Currency: p.Currency, State: p.State.String(),
		Outcome: p.Outcome().String(), Refunded: p.Refunded(), Reason: p.Reason.String(), Operator: p.Operator,
		Reference: p.Reference, OperatorReference: p.OperatorReference, Authorisation: p.AuthCode,
		PayerOperator: p.PayerOperator, Wallet: p.WalletMasked, CreatedAt: p.CreatedAt, DecidedAt: known(p.DecidedAt),
		NextAt: known(p.NextAt), Batch: p.Batch, Voucher: p.Voucher, Standing: standing(p), FollowUps: followUps(p)}}, nil
}

func standing(p payment.Payment) *Standing {
	if !p.Stands() {
		return nil
	}
	s := p.Standing()
	return &Standing{Hold: s.Hold, Paid: s.Paid, Refunded: s.Refunded, Held: s.Held, HoldExpires: known(s.HoldExpires), Closed: s.Closed}
}

func followUps(p payment.Payment) []FollowUp {
	var list []FollowUp
	for _, f := range p.FollowUps {
		list = append(list, FollowUp{ID: f.ID.String(), Kind: f.Kind.String(), Outcome: f.Status.Outcome().String(), Reason: f.Reason.String(),
			Amount: f.Amount, Fee: f.Fee, Terminal: f.Terminal, Reference: f.Reference, OperatorReference: f.OperatorReference,
			Attempts: f.Attempts, CreatedAt: f.CreatedAt, DecidedAt: known(f.DecidedAt), NextAt: known(f.NextAt)})
	}
	return list
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *api) terminals(ctx context.Context, in *pageInput) (*body[[]Terminal], error) {
	var after record.Terminal
	copy(after[:], in.After)
	rows, err := a.Store.Terminals(ctx, after, in.Limit)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &body[[]Terminal]{make([]Terminal, 0, len(rows))}
	for _, row := range rows {
		head, err := a.Store.Head(ctx, row.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, a.problem(ctx, err)
		}
		out.Body = append(out.Body, Terminal{ID: row.ID.String(), Merchant: row.Merchant, Serial: row.SerialNumber,
			State: row.State.String(), Enrolled: row.EnrolledAt, HighWater: head.HighWater, Highest: head.Highest,
			Records: head.Records, Missing: head.Missing()})
	}
	return out, nil
}

func (a *api) check(ctx context.Context, in *checkInput) (*body[CheckResult], error) {
	check := a.Books.Check
	if in.Full {
		check = a.Books.Recheck
	}
	report, err := check(ctx)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	return &body[CheckResult]{NewCheckResult(report)}, nil
}

// NewCheckResult is a report as the API shows it.
func NewCheckResult(report ledger.Report) CheckResult {
	out := CheckResult{Balanced: report.Balanced(), At: report.At, Entries: report.Entries, Sums: report.Sums,
		Findings: make([]Finding, 0, len(report.Findings))}
	for _, f := range report.Findings {
		orders := make([]string, len(f.Orders))
		for i, order := range f.Orders {
			orders[i] = order.String()
		}
		out.Findings = append(out.Findings, Finding{Kind: f.Kind, Detail: f.Detail, Orders: orders})
	}
	return out
}

func (a *api) stats(ctx context.Context, _ *struct{}) (*body[Stats], error) {
	counts, err := a.Store.Counts(ctx)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	latest := a.Books.Latest()
	out := &body[Stats]{Stats{Terminals: counts.Terminals, Records: counts.Records, Acknowledged: counts.Records,
		Gaps: counts.Missing, Quarantined: counts.Quarantined, Alarms: counts.Alarms, Entries: counts.Entries,
		LedgerBalanced: !latest.At.IsZero() && latest.Balanced(), LedgerChecked: known(latest.At),
		Payments: map[string]uint64{"approved": 0, "declined": 0, "unknown": 0, "reversed": 0}, States: map[string]uint64{}}}
	for number, count := range counts.Payments {
		state := payment.State(number)
		out.Body.Payments[state.Outcome().String()] += count
		out.Body.States[state.String()] = count
	}
	return out, nil
}
