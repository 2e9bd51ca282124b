package station

import (
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
)

// Sale is a sale as the API shows it. Amounts are in the currency's minor unit; times are UTC.
type Sale struct {
	ID       string `json:"id" doc:"order id, 32 hexadecimal digits"`
	State    string `json:"state" enum:"waiting,tapping,card-unknown,authorising,awaiting-password,awaiting-scan,querying,reversing,approved,declined,reversed,abandoned,approved-offline,not-honoured"`
	Outcome  string `json:"outcome" enum:"none,approved,declined,unknown,reversed" doc:"none before a payment was asked for"`
	Final    bool   `json:"final" doc:"nothing changes any more"`
	Holds    bool   `json:"holds_till" doc:"no other sale can start meanwhile"`
	Amount   int64  `json:"amount" doc:"minor units, such as fen"`
	Currency string `json:"currency"`
	Text     string `json:"amount_text" doc:"the amount with its symbol"`
	Cashier  string `json:"cashier,omitempty"`
	Note     string `json:"note,omitempty"`
	Method   string `json:"method,omitempty" enum:"code,tap,shown"`
	Batch    uint32 `json:"batch"`
	Voucher  uint32 `json:"voucher"`

	Title  Words  `json:"title" doc:"what is going on"`
	Next   Words  `json:"next" doc:"the one thing to do next"`
	Reason *Words `json:"reason,omitempty" doc:"why it ended so"`
	Notice *Words `json:"notice,omitempty" doc:"what happened beside it"`

	StartedAt      time.Time  `json:"started_at"`
	At             time.Time  `json:"at" doc:"the till's clock when this was written"`
	Until          *time.Time `json:"until,omitempty" doc:"end of the countdown: when more is known at the latest"`
	CountdownMS    int64      `json:"countdown_ms,omitempty" doc:"until minus at"`
	ShownCode      string     `json:"shown_code,omitempty" doc:"text of the QR code for the customer to scan, while it may be scanned"`
	ShownCodeUntil *time.Time `json:"shown_code_until,omitempty"`
	Reference      string     `json:"reference,omitempty"`
	Authorisation  string     `json:"authorisation,omitempty"`
	Operator       string     `json:"operator,omitempty" doc:"the payer's"`
	Wallet         string     `json:"wallet,omitempty" doc:"masked"`
	Refunded       bool       `json:"refunded,omitempty" doc:"approved late, after it had been taken back: the money went back"`
	Hold           bool       `json:"hold,omitempty" doc:"approved means held and not paid"`
	Standing       *Standing  `json:"standing,omitempty" doc:"once approved: what was paid, went back, is held"`
	Supersedes     string     `json:"supersedes,omitempty" doc:"the sale whose shown code was taken back because the customer pays this one"`
	SupersededBy   string     `json:"superseded_by,omitempty" doc:"the sale that is paid instead: follow that one"`
	Offline        bool       `json:"offline,omitempty" doc:"accepted by the till itself, without the cloud"`
	ShopOrder      *ShopOrder `json:"shop_order,omitempty" doc:"the shop's order that is paid for and has to be accepted"`
	Unprinted      []string   `json:"unprinted,omitempty" enum:"merchant,customer" doc:"copies given to the printer that has not reported yet"`
	Altered        []string   `json:"altered,omitempty" enum:"merchant,customer" doc:"copies last printed with substitutes for what the printer cannot print"`
	Reprint        *Reprint   `json:"reprint,omitempty" doc:"what became of the copies asked for again lately"`
}

// NewSale writes a view for the API.
func NewSale(v checkout.View, now time.Time) Sale {
	s, r := v.Sale, v.Sale.Result
	sale := Sale{
		ID: s.OrderID.String(), State: s.State.String(), Outcome: outcomeName(s.Outcome()),
		Final: s.State.Final(), Holds: s.HoldsTill(),
		Amount: s.Amount.Minor, Currency: s.Amount.Currency.Code, Text: s.Amount.Display(),
		Cashier: s.Cashier, Note: s.Note, Method: methodName(s.Method), Batch: s.Batch, Voucher: s.Voucher,
		Title: v.Title, Next: v.Next, Reason: optional(v.Reason), Notice: optional(v.Notice),
		StartedAt: s.StartedAt.UTC(), At: now.UTC(), Until: optionalTime(v.Until),
		ShownCode: v.ShownCode, ShownCodeUntil: optionalTime(v.ShownCodeUntil),
		Reference: r.GetReference(), Authorisation: r.GetAuthorisation(),
		Operator: r.GetPayerOperator(), Wallet: r.GetWalletMasked(), Refunded: r.GetRefunded(),
		Hold: s.Hold, Offline: s.Offline, Unprinted: copyNames(s.Unprinted),
		Altered: copyNames(s.Altered), Reprint: newReprint(v.Reprint), ShopOrder: newShopOrder(s),
	}
	if sale.Wallet == "" && s.Offline {
		sale.Wallet = s.Card.Wallet.Masked()
	}
	if s.State == checkout.Approved {
		sale.Standing = newStanding(s.Standing())
	}
	if s.Supersedes != (checkout.OrderID{}) {
		sale.Supersedes = s.Supersedes.String()
	}
	if s.SupersededBy != (checkout.OrderID{}) {
		sale.SupersededBy = s.SupersededBy.String()
	}
	if sale.Until != nil {
		sale.CountdownMS = max(0, v.Until.Sub(now).Milliseconds())
	}
	return sale
}

func outcomeName(outcome message.Outcome) string {
	switch outcome {
	case message.Outcome_OUTCOME_APPROVED:
		return "approved"
	case message.Outcome_OUTCOME_DECLINED:
		return "declined"
	case message.Outcome_OUTCOME_UNKNOWN:
		return "unknown"
	case message.Outcome_OUTCOME_REVERSED:
		return "reversed"
	default:
		return "none"
	}
}

func methodName(method message.Method) string {
	switch method {
	case message.Method_METHOD_CODE:
		return "code"
	case message.Method_METHOD_TAP:
		return "tap"
	case message.Method_METHOD_SHOWN:
		return "shown"
	default:
		return ""
	}
}

func optional(text Words) *Words {
	if text == (Words{}) {
		return nil
	}
	return &text
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
