package station

import (
	"context"
	"net/http"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/protocol/money"
)

const (
	pathShifts = "/v1/shifts"
	pathShift  = "/v1/shifts/current"
)

// OpenShiftBody is the request to begin a shift.
type OpenShiftBody struct {
	Float    int64  `json:"float" minimum:"0" maximum:"1000000000000" doc:"cash in the drawer, minor units"`
	Currency string `json:"currency,omitempty" default:"CNY" maxLength:"8"`
	Cashier  string `json:"cashier,omitempty" maxLength:"40"`
}

// CashBody is the request to record cash put in or taken out.
type CashBody struct {
	Amount  int64  `json:"amount" doc:"minor units; below zero for cash that is taken out"`
	Cashier string `json:"cashier,omitempty" maxLength:"40"`
	Note    string `json:"note,omitempty" maxLength:"100" doc:"what for"`
}

// ReportBody is the request for an X report.
type ReportBody struct {
	Print bool `json:"print" doc:"on paper as well"`
}

// CloseShiftBody is the request to end the shift.
type CloseShiftBody struct {
	Cashier    string           `json:"cashier,omitempty" maxLength:"40"`
	Counted    map[string]int64 `json:"counted" doc:"what was counted by method, minor units; cash must be among them"`
	ApprovedBy string           `json:"approved_by,omitempty" maxLength:"40" doc:"needed while something has no result"`
}

// KeyInput is what every intent has.
type KeyInput struct {
	Key string `header:"Idempotency-Key" doc:"1 to 64 printable ASCII characters, new for every intent"`
}

type openShiftInput struct {
	KeyInput
	Body OpenShiftBody
}

type cashInput struct {
	KeyInput
	Body CashBody
}

type reportInput struct {
	KeyInput
	Body *ReportBody `required:"false"`
}

type closeShiftInput struct {
	KeyInput
	Body CloseShiftBody
}

type shiftsInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20"`
}

type shiftOutput struct{ Body Shift }
type shiftsOutput struct{ Body []Shift }

// shiftDesk is the station for a till that keeps shifts.
type shiftDesk struct {
	*Station
	shifts Shifts
}

// shiftRoutes are the operations on shifts.
func (s *Station) shiftRoutes(shifts Shifts) []route {
	d := shiftDesk{Station: s, shifts: shifts}
	return []route{{
		id: "open-shift", method: http.MethodPost, path: pathShifts, status: http.StatusCreated,
		summary: "开班 Open a shift", description: sentAgain, errors: []int{400, 409, 422, 503, 507}, endpoint: handle(d.open),
	}, {
		id: "get-shift", method: http.MethodGet, path: pathShift, summary: "当前班次 The open shift",
		errors: []int{409}, endpoint: handle(d.current),
	}, {
		id: "list-shifts", method: http.MethodGet, path: pathShifts, summary: "班次列表 The latest shifts, newest first",
		endpoint: handle(d.list),
	}, {
		id: "move-cash", method: http.MethodPost, path: pathShift + "/cash",
		summary: "存入或取出现金 Put cash in or take it out", description: sentAgain,
		errors: []int{400, 409, 422, 503}, endpoint: handle(d.cash),
	}, {
		id: "report-shift", method: http.MethodPost, path: pathShift + "/report",
		summary: "X 报表 X report: look, change nothing", errors: []int{400, 409, 503}, endpoint: handle(d.report),
	}, {
		id: "close-shift", method: http.MethodPost, path: pathShift + "/close",
		summary: "交班（Z 报表） Close the shift: Z report", description: sentAgain,
		errors: []int{400, 409, 422, 503}, endpoint: handle(d.end),
	}}
}

func (d shiftDesk) open(ctx context.Context, in *openShiftInput) (*shiftOutput, error) {
	float, err := money.Of(in.Body.Float, in.Body.Currency)
	if err != nil {
		return nil, newProblem(catalogue.RefuseCurrency, catalogue.NoCurrency(in.Body.Currency))
	}
	return d.shift(ctx, in.KeyInput, "open-shift", in.Body, func() (Shift, error) {
		return d.shifts.OpenShift(ctx, Opening{Key: in.Key, Cashier: tidy(in.Body.Cashier), Float: float})
	})
}

func (d shiftDesk) current(ctx context.Context, _ *struct{}) (*shiftOutput, error) {
	current, err := d.shifts.CurrentShift(ctx, false)
	if err != nil {
		return nil, d.fail(ctx, err)
	}
	return &shiftOutput{Body: current}, nil
}

func (d shiftDesk) list(ctx context.Context, in *shiftsInput) (*shiftsOutput, error) {
	list, err := d.shifts.ShiftList(ctx, in.Limit)
	if err != nil {
		return nil, d.fail(ctx, err)
	}
	return &shiftsOutput{Body: list}, nil
}

func (d shiftDesk) cash(ctx context.Context, in *cashInput) (*shiftOutput, error) {
	cash := Cash{Key: in.Key, Amount: in.Body.Amount, Cashier: tidy(in.Body.Cashier), Note: tidy(in.Body.Note)}
	return d.shift(ctx, in.KeyInput, "move-cash", in.Body, func() (Shift, error) { return d.shifts.MoveCash(ctx, cash) })
}

func (d shiftDesk) report(ctx context.Context, in *reportInput) (*shiftOutput, error) {
	body := valueOr(in.Body, ReportBody{})
	return d.shift(ctx, in.KeyInput, "report-shift", body, func() (Shift, error) {
		return d.shifts.CurrentShift(ctx, body.Print)
	})
}

func (d shiftDesk) end(ctx context.Context, in *closeShiftInput) (*shiftOutput, error) {
	count := shift.Count{
		Key: in.Key, Cashier: tidy(in.Body.Cashier), Methods: in.Body.Counted, ApprovedBy: tidy(in.Body.ApprovedBy),
	}
	return d.shift(ctx, in.KeyInput, "close-shift", in.Body, func() (Shift, error) { return d.shifts.CloseShift(ctx, count) })
}

// shift carries out an intent about shifts, once a key.
func (d shiftDesk) shift(ctx context.Context, in KeyInput, name string, body any, act func() (Shift, error)) (*shiftOutput, error) {
	digest, err := digestOf(name, body)
	if err != nil {
		return nil, d.fail(ctx, err)
	}
	// A report is of its moment, also when it is sent again.
	answer, _, err := d.Station.shifts.once(in.Key, digest, act)
	if err != nil {
		return nil, d.fail(ctx, err)
	}
	return &shiftOutput{Body: answer}, nil
}
