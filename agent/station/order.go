package station

import (
	"context"
	"net/http"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
)

// OrderBody is the shop's order that a sale pays for, in the request to begin the sale.
type OrderBody struct {
	Reference    string `json:"reference,omitempty" maxLength:"64" doc:"the shop's own number; stands on the receipt"`
	AcceptWithin *int64 `json:"accept_within,omitempty" minimum:"5" maximum:"600" doc:"seconds from the payment, 60 when left out"`
}

// within is how long the order has to be accepted after the payment; zero where there is none.
func (o *OrderBody) within() time.Duration {
	if o == nil {
		return 0
	}
	return time.Duration(valueOr(o.AcceptWithin, int64(checkout.AcceptDefault/time.Second))) * time.Second
}

// AcceptanceBody is what the shop says of an order.
type AcceptanceBody struct {
	Decision string `json:"decision" enum:"accepted,rejected,settled" doc:"settled: a person has seen to an order that the till could neither take for accepted nor pay back"`
	Cashier  string `json:"cashier,omitempty" maxLength:"40" doc:"who, where it is settled"`
}

type acceptanceInput struct {
	IntentInput
	Body AcceptanceBody
}

// ShopOrder is the shop's order that a sale pays for.
type ShopOrder struct {
	Reference string     `json:"reference,omitempty" doc:"the shop's own number"`
	State     string     `json:"state" enum:"waiting,accepted,not-accepted,gone-back,person,settled" doc:"not-accepted: the money is on its way back; person: neither accepted nor paid back, and the till cannot do anything about it"`
	Until     *time.Time `json:"until,omitempty" doc:"not accepted by then, the money goes back; absent before the payment"`
	SettledBy string     `json:"settled_by,omitempty"`
}

func newShopOrder(s checkout.Sale) *ShopOrder {
	if s.Order.Within == 0 {
		return nil
	}
	order := &ShopOrder{Reference: s.Order.Reference, SettledBy: s.Order.SettledBy, State: orderState(s.Order.Standing)}
	if s.AwaitsOrder() {
		order.Until = optionalTime(s.Order.Until)
	}
	return order
}

func orderState(standing checkout.OrderStanding) string {
	switch standing {
	case message.OrderStanding_ORDER_STANDING_ACCEPTED:
		return decisionAccepted
	case message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED:
		return "not-accepted"
	case message.OrderStanding_ORDER_STANDING_GONE_BACK:
		return "gone-back"
	case message.OrderStanding_ORDER_STANDING_PERSON:
		return "person"
	case message.OrderStanding_ORDER_STANDING_SETTLED:
		return decisionSettled
	default:
		return "waiting"
	}
}

const (
	decisionAccepted = "accepted"
	decisionSettled  = "settled"
)

func (s *Station) acceptanceRoute() route {
	return route{
		id: "accept-order", method: http.MethodPost, path: pathSale + "/acceptance",
		summary: "接受或拒绝订单 Accept or reject the order",
		description: "For a sale that was begun with an order, once it is paid. Ask again until there is an answer; only an answer that says " +
			"accepted means that the order may be made. Rejected, or not accepted in time, its money goes back. " + pressedAgain,
		errors: []int{400, 404, 409, 422}, endpoint: handle(s.acceptance),
	}
}

func (s *Station) acceptance(ctx context.Context, in *acceptanceInput) (*saleOutput, error) {
	decided := checkout.OrderDecided{Standing: message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED}
	switch in.Body.Decision {
	case decisionAccepted:
		decided.Standing = message.OrderStanding_ORDER_STANDING_ACCEPTED
	case decisionSettled:
		decided.Standing, decided.SettledBy = message.OrderStanding_ORDER_STANDING_SETTLED, tidy(in.Body.Cashier)
		if decided.SettledBy == "" {
			var found mistakes
			found.add(atBody+".cashier", catalogue.FieldMissing())
			return nil, invalid(http.StatusUnprocessableEntity, Words{}, found)
		}
	}
	return s.press(ctx, in.IntentInput, "acceptance", in.Body, decided)
}
