package station

import (
	"context"
	"net/http"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
)

const (
	pathFollowUps = pathSale + "/follow-ups"
	pathFollowUp  = "/v1/follow-ups/{id}"
	pathLookups   = "/v1/lookups"
)

// FollowUpBody is the request to do something with an approved order.
type FollowUpBody struct {
	Kind    string `json:"kind" enum:"void,refund,top-up,complete,cancel,undo"`
	Amount  int64  `json:"amount,omitempty" minimum:"0" doc:"minor units; of a void, cancel or undo it is left out"`
	Last    bool   `json:"last,omitempty" doc:"of a completion: what is held beyond it goes back"`
	Undoes  string `json:"undoes,omitempty" maxLength:"32" doc:"of an undo: the completion's id; left out for the latest of this till"`
	Cashier string `json:"cashier,omitempty" maxLength:"40"`
	Note    string `json:"note,omitempty" maxLength:"100" doc:"why; stands on the slip"`
}

// LookupBody says which order is looked for; one way of the four.
type LookupBody struct {
	Reference string `json:"reference,omitempty" maxLength:"12" doc:"12 digits of the receipt"`
	Order     string `json:"order,omitempty" maxLength:"32" doc:"order id"`
	Batch     uint32 `json:"batch,omitempty" maximum:"999999" doc:"with voucher; the open shift's when left out"`
	Voucher   uint32 `json:"voucher,omitempty" maximum:"999999" doc:"of this till"`
	Text      string `json:"text,omitempty" maxLength:"300" doc:"text of a receipt's QR code"`
	Cashier   string `json:"cashier,omitempty" maxLength:"40"`
}

type followUpInput struct {
	IntentInput
	Body FollowUpBody
}

type followUpReprintInput struct {
	IntentInput
	Body *ReprintBody `required:"false"`
}

type lookupInput struct{ Body LookupBody }

type salesInput struct {
	Limit int  `query:"limit" minimum:"1" maximum:"100" default:"20"`
	Holds bool `query:"holds" doc:"only holds that still hold something"`
}

type followUpOutput struct{ Body FollowUp }
type followUpsOutput struct{ Body []FollowUp }
type orderOutput struct{ Body Order }
type salesOutput struct{ Body []Sale }

// deskRoutes are the operations on orders, wherever they were taken.
func (s *Station) deskRoutes() []route {
	return []route{{
		id: "follow-up", method: http.MethodPost, path: pathFollowUps, status: http.StatusCreated,
		summary:     "撤销、退货、预授权办理 Void, refund, or do something with a hold",
		description: sentAgain, errors: []int{400, 404, 409, 422, 503, 507}, endpoint: handle(s.followUp),
	}, {
		id: "list-follow-ups", method: http.MethodGet, path: pathFollowUps,
		summary: "本机对此单的办理 What was done with it on this till", errors: []int{404}, endpoint: handle(s.followUps),
	}, {
		id: "get-follow-up", method: http.MethodGet, path: pathFollowUp, summary: "查询办理 Get a follow-up",
		errors: []int{404}, endpoint: handle(s.getFollowUp),
	}, {
		id: "reprint-follow-up", method: http.MethodPost, path: pathFollowUp + "/reprint",
		summary:     "重印凭条 Print the slip again",
		description: printedAgain, errors: []int{400, 404, 409, 503}, endpoint: handle(s.reprintFollowUp),
	}, {
		id: "lookup", method: http.MethodPost, path: pathLookups, summary: "查找订单 Find an order",
		description: "In the till's own journal first, else in the cloud, which may take some seconds. It moves nothing.",
		errors:      []int{404, 409, 422, 503}, endpoint: handle(s.lookup),
	}, {
		id: "list-sales", method: http.MethodGet, path: pathSales, summary: "最近收款 The latest sales",
		endpoint: handle(s.sales),
	}}
}

func (s *Station) followUp(ctx context.Context, in *followUpInput) (*followUpOutput, error) {
	order, err := parseOrder(in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	if err := checkKey(in.Key); err != nil {
		return nil, s.fail(ctx, err)
	}
	wish := FollowUpWish{
		Kind: kinds()[in.Body.Kind], Amount: in.Body.Amount, Last: in.Body.Last,
		Cashier: tidy(in.Body.Cashier), Note: tidy(in.Body.Note),
	}
	if in.Body.Undoes != "" {
		if wish.Undoes, err = parseFollowUp(in.Body.Undoes); err != nil {
			return nil, newProblem(catalogue.RefuseNoCompletion, Words{})
		}
	}
	digest, err := digestOf("follow-up/"+in.ID, in.Body)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	wish.Origin = checkout.Origin{Key: in.Key, Digest: digest}
	// The till itself keeps the key, in the journal: the same one is the same follow-up for ever.
	view, err := s.desk.FollowUp(ctx, order, wish)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &followUpOutput{Body: newFollowUp(view, s.clock())}, nil
}

func (s *Station) followUps(ctx context.Context, in *saleInput) (*followUpsOutput, error) {
	order, err := parseOrder(in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	views, err := s.desk.FollowUps(ctx, order)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	all := make([]FollowUp, 0, len(views))
	for _, view := range views {
		all = append(all, newFollowUp(view, s.clock()))
	}
	return &followUpsOutput{Body: all}, nil
}

func (s *Station) getFollowUp(ctx context.Context, in *saleInput) (*followUpOutput, error) {
	id, err := parseFollowUp(in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	view, err := s.desk.Follow(ctx, id)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &followUpOutput{Body: newFollowUp(view, s.clock())}, nil
}

func (s *Station) reprintFollowUp(ctx context.Context, in *followUpReprintInput) (*followUpOutput, error) {
	id, err := parseFollowUp(in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	body := valueOr(in.Body, ReprintBody{})
	digest, err := digestOf("reprint-follow-up/"+in.ID, body)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	written, again, err := s.reprints.once(in.Key, digest, func() (FollowUp, error) {
		view, err := s.desk.ReprintFollowUp(ctx, id, copies(body.Copies))
		return newFollowUp(view, s.clock()), err
	})
	switch {
	case err != nil:
		return nil, s.fail(ctx, err)
	case again:
		return s.getFollowUp(ctx, &saleInput{ID: in.ID})
	default:
		return &followUpOutput{Body: written}, nil
	}
}

func (s *Station) lookup(ctx context.Context, in *lookupInput) (*orderOutput, error) {
	wanted := Wanted{
		Reference: in.Body.Reference, Batch: in.Body.Batch, Voucher: in.Body.Voucher, Text: in.Body.Text,
		Cashier: tidy(in.Body.Cashier),
	}
	if in.Body.Order != "" {
		order, err := parseOrder(in.Body.Order)
		if err != nil {
			return nil, newProblem(catalogue.RefuseLookupText, Words{})
		}
		wanted.Order = order
	}
	found, err := s.desk.Lookup(ctx, wanted)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &orderOutput{Body: newOrder(found, s.clock())}, nil
}

func (s *Station) sales(ctx context.Context, in *salesInput) (*salesOutput, error) {
	views, err := s.desk.Sales(ctx, in.Limit, in.Holds)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	all := make([]Sale, 0, len(views))
	for _, view := range views {
		all = append(all, NewSale(view, s.clock()))
	}
	return &salesOutput{Body: all}, nil
}
