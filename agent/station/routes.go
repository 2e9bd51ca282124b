package station

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/money"
)

// The paths.
const (
	pathSales = "/v1/sales"
	pathSale  = "/v1/sales/{id}"
)

// sentAgain describes what an intent's repetition answers.
const sentAgain = "Sent again with the same Idempotency-Key and body, it does nothing, and answers with the same status code and " +
	"what it is about as that stands now. With another body the key is refused, and so is the key of a sale or follow-up for " +
	"what is done with a shift, and the other way round; opening, cash and closing each have keys of their own. The key counts " +
	"for ever: whatever was done since, and over restarts."

// pressedAgain is the same for an intent that leaves no key in the journal: by then its sale is beyond it.
const pressedAgain = "Sent again with the same Idempotency-Key and body, it does nothing, and answers with the same status code and " +
	"what it is about as that stands now. With another body the key is refused. The key counts until 128 others have been used " +
	"or the till was restarted; from then on the sale's state says whether there is anything to do."

// printedAgain is the same for paper.
const printedAgain = "Sent again with the same Idempotency-Key and body, it prints nothing, and answers with the same status code and " +
	"what it is about as that stands now. With another body the key is refused. The key counts until 128 others have been used " +
	"or the till was restarted; from then on it prints once more."

// The copies as the API names them.
const (
	copyMerchant = "merchant"
	copyCustomer = "customer"
)

// StartBody is the request to begin a sale.
type StartBody struct {
	Amount   int64  `json:"amount" minimum:"1" doc:"minor units: 1250 is ¥12.50"`
	Currency string `json:"currency,omitempty" default:"CNY" maxLength:"8"`
	Cashier  string `json:"cashier,omitempty" maxLength:"40" doc:"who asks; stands on the receipt"`
	Note     string `json:"note,omitempty" maxLength:"100" doc:"stands on the receipt"`

	ShopOrder *OrderBody `json:"shop_order,omitempty" doc:"the shop's order that is paid for, which has to be accepted after the payment: else the money goes back by itself"`

	Hold        bool       `json:"hold,omitempty" doc:"the amount is held and not paid (预授权)"`
	HoldExpires *time.Time `json:"hold_expires,omitempty" doc:"when what is still held goes back by itself; left out for the plan's usual time"`
}

// CancelBody is the request to end or take back a sale.
type CancelBody struct {
	Cashier string `json:"cashier,omitempty" maxLength:"40"`
	Reason  string `json:"reason,omitempty" enum:"cashier,timeout" doc:"cashier when left out; timeout: the program has waited long enough for a customer who does not pay"`
}

// reasonTimeout is the one reason for which no cashier cancels.
const reasonTimeout = "timeout"

// ReprintBody is the request for paper.
type ReprintBody struct {
	Copies []string `json:"copies,omitempty" maxItems:"2" enum:"merchant,customer" doc:"the customer's when empty"`
}

type startInput struct {
	Key  string `header:"Idempotency-Key" doc:"1 to 64 printable ASCII characters, new for every sale"`
	Body StartBody
}

type saleInput struct {
	ID string `path:"id"`
}

// IntentInput is what every intent about a sale has.
type IntentInput struct {
	ID  string `path:"id"`
	Key string `header:"Idempotency-Key" doc:"1 to 64 printable ASCII characters, new for every intent"`
}

type cancelInput struct {
	IntentInput
	Body *CancelBody `required:"false"`
}

type reprintInput struct {
	IntentInput
	Body *ReprintBody `required:"false"`
}

type saleOutput struct{ Body Sale }

// saleRoutes are the operations on the till's own sales.
func (s *Station) saleRoutes() []route {
	return []route{{
		id: "start-sale", method: http.MethodPost, path: pathSales, status: http.StatusCreated,
		summary:     "开始收款 Start a sale",
		description: sentAgain,
		errors:      []int{400, 409, 422, 503, 507}, endpoint: handle(s.start),
	}, {
		id: "get-sale", method: http.MethodGet, path: pathSale, summary: "查询收款 Get a sale",
		errors: []int{404}, endpoint: handle(s.get),
	}, {
		id: "cancel-sale", method: http.MethodPost, path: pathSale + "/cancel",
		summary:     "取消或撤销 Cancel, or take back",
		description: pressedAgain, errors: []int{400, 404, 409}, endpoint: handle(s.cancel),
	}, {
		id: "show-code", method: http.MethodPost, path: pathSale + "/show-code",
		summary:     "出示收款码 Show our code to the customer",
		description: pressedAgain, errors: []int{400, 404, 409}, endpoint: handle(s.showCode),
	}, {
		id: "reprint", method: http.MethodPost, path: pathSale + "/reprint",
		summary:     "重印签购单 Print the receipt again",
		description: printedAgain, errors: []int{400, 404, 409, 503}, endpoint: handle(s.reprint),
	}, s.acceptanceRoute()}
}

func (s *Station) cancel(ctx context.Context, in *cancelInput) (*saleOutput, error) {
	body := valueOr(in.Body, CancelBody{})
	return s.press(ctx, in.IntentInput, "cancel", body, checkout.CancelPressed{
		Cashier: tidy(body.Cashier), TimedOut: body.Reason == reasonTimeout,
	})
}

func (s *Station) showCode(ctx context.Context, in *IntentInput) (*saleOutput, error) {
	return s.press(ctx, *in, "show-code", struct{}{}, checkout.CodeWanted{})
}

func (s *Station) reprint(ctx context.Context, in *reprintInput) (*saleOutput, error) {
	body := valueOr(in.Body, ReprintBody{})
	return s.press(ctx, in.IntentInput, "reprint", body, checkout.ReprintPressed{Copies: copies(body.Copies)})
}

func (s *Station) start(ctx context.Context, in *startInput) (*saleOutput, error) {
	amount, err := money.Of(in.Body.Amount, in.Body.Currency)
	if err != nil {
		return nil, newProblem(catalogue.RefuseCurrency, catalogue.NoCurrency(in.Body.Currency))
	}
	if in.Body.HoldExpires != nil && !in.Body.Hold {
		var found mistakes
		found.add(atBody+".hold_expires", catalogue.OnlyOfHold())
		return nil, invalid(http.StatusUnprocessableEntity, Words{}, found)
	}
	digest, err := digestOf("start", in.Body)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.once(ctx, in.Key, digest, func() (checkout.View, error) {
		return s.desk.Start(ctx, Start{
			Amount: amount, Cashier: tidy(in.Body.Cashier), Note: tidy(in.Body.Note),
			Origin: checkout.Origin{Key: in.Key, Digest: digest},
			Hold:   in.Body.Hold, HoldExpires: valueOr(in.Body.HoldExpires, time.Time{}),
			OrderReference: tidy(valueOr(in.Body.ShopOrder, OrderBody{}).Reference), AcceptWithin: in.Body.ShopOrder.within(),
		})
	})
}

// press gives an intent to a sale, once a key.
func (s *Station) press(ctx context.Context, in IntentInput, name string, body any, intent Intent) (*saleOutput, error) {
	id, err := parseOrder(in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	digest, err := digestOf(name+"/"+in.ID, body)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.once(ctx, in.Key, digest, func() (checkout.View, error) { return s.desk.Press(ctx, id, intent) })
}

// once carries out an intent about a sale, once a key. Whoever sends it again gets the sale as it stands now: what it was
// at the first answer, a sale that waits perhaps, would tell of one that is paid since as if it were not.
func (s *Station) once(
	ctx context.Context, key string, digest [sha256.Size]byte, carryOut func() (checkout.View, error),
) (*saleOutput, error) {
	sale, again, err := s.memory.once(key, digest, func() (Sale, error) {
		view, err := carryOut()
		return NewSale(view, s.clock()), err
	})
	switch {
	case err != nil:
		return nil, s.fail(ctx, err)
	case again:
		return s.get(ctx, &saleInput{ID: sale.ID})
	default:
		return &saleOutput{Body: sale}, nil
	}
}

func (s *Station) get(ctx context.Context, in *saleInput) (*saleOutput, error) {
	id, err := parseOrder(in.ID)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	view, err := s.desk.Sale(ctx, id)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &saleOutput{Body: NewSale(view, s.clock())}, nil
}

// fail turns an error into an answer; what the client is not told goes to the log.
func (s *Station) fail(ctx context.Context, err error) error {
	problem := problemOf(err)
	if problem.Status == http.StatusInternalServerError {
		s.logger.LogAttrs(ctx, slog.LevelError, "intent failed", slog.Any("error", err))
	}
	return problem
}

// digestOf tells requests with the same key apart; the body is encoded again so that white space does not matter.
func digestOf(operation string, body any) ([sha256.Size]byte, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("encode request: %w", err)
	}
	return sha256.Sum256(append([]byte(operation+"\x00"), encoded...)), nil
}

func copies(names []string) checkout.Copies {
	if len(names) == 0 {
		return checkout.CustomerCopy
	}
	var set checkout.Copies
	for _, name := range names {
		switch name {
		case copyMerchant:
			set |= checkout.MerchantCopy
		case copyCustomer:
			set |= checkout.CustomerCopy
		}
	}
	return set
}

// tidy removes what cannot stand on a receipt or in a log line: controls, line separators, and the format characters, of
// which some turn the text behind them around and others make two texts look the same.
func tidy(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
}

func valueOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
