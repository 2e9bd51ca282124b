package api

import (
	_ "embed"
	"encoding/base32"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/money"
)

//go:embed receipt.html
var receiptPage string

// tokenSize is the length of a receipt's token: 16 bytes in Crockford's base 32. Whoever does not have the receipt
// would have to guess the 74 random bits of its order id.
const tokenSize = 26

// page is what the receipt page shows.
type page struct {
	Found                 bool
	Class                 string // approved, declined, unknown, reversed or held
	State, StateEnglish   string
	Merchant, Amount      string
	Time, Reference       string
	Wallet, PayerOperator string
	Terminal              string
	// Paid, Returned and Held are what is definite, shown where the amount alone does not say it; Pending says that more
	// is under way.
	Paid, Returned, Held string
	Pending              bool
}

// receipts serves the page that says what a receipt is worth. It is public: the token on the receipt is the key.
func (a *api) receipts() http.Handler {
	encoding := base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)
	parsed := template.Must(template.New("receipt").Parse(receiptPage)) // a constant of this package
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown, status := page{}, http.StatusNotFound
		token := r.PathValue("token")
		id, err := encoding.DecodeString(token)
		if err == nil && len(token) == tokenSize && encoding.EncodeToString(id) == token {
			shown, err = a.page(r, store.OrderID(id))
			switch {
			case err == nil:
				status = http.StatusOK
			case !errors.Is(err, store.ErrNotFound):
				a.Logger.LogAttrs(r.Context(), slog.LevelError, "show receipt", slog.Any("cause", err))
				writeText(w, http.StatusInternalServerError, "暂时无法查询，请稍后再试 / please try again later\n")
				return
			}
		}
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		header.Set("Cache-Control", "no-store")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Robots-Tag", "noindex")
		w.WriteHeader(status)
		if err := parsed.Execute(w, shown); err != nil {
			a.Logger.LogAttrs(r.Context(), slog.LevelDebug, "write receipt", slog.Any("cause", err))
		}
	})
}

func (a *api) page(r *http.Request, order store.OrderID) (page, error) {
	p, err := a.find(r.Context(), order)
	if err != nil {
		return page{}, err
	}
	shop, err := a.Store.Merchant(r.Context(), p.Merchant)
	if err != nil {
		return page{}, err
	}
	amount, err := money.Of(p.Amount, p.Currency)
	if err != nil {
		return page{}, err
	}
	at := p.CreatedAt
	if !p.DecidedAt.IsZero() {
		at = p.DecidedAt
	}
	shown := page{Found: true, Class: p.Outcome().String(), Merchant: shop.Name, Amount: amount.Display(),
		Time:      at.In(time.FixedZone("CST", 8*60*60)).Format("2006-01-02 15:04:05"),
		Reference: p.Reference, Wallet: p.WalletMasked, Terminal: p.Terminal}
	if p.PayerOperator != "" {
		shown.PayerOperator = a.Registry(p.PayerOperator)
	}
	shown.State, shown.StateEnglish = stateText(p)
	return shown, shown.settle(p)
}

// settle adds what was done after the approval.
func (shown *page) settle(p payment.Payment) error {
	s := p.Settlement()
	shown.Pending = s.Pending || returning(p)
	switch approved := p.Outcome() == payment.OutcomeApproved; {
	case returning(p):
		shown.Class = payment.OutcomeUnknown.String() // the sale is void, but the customer does not have the money yet
	case approved && s.Paid == s.Returned && s.StillHeld == 0:
		shown.Class = payment.OutcomeReversed.String()
	case approved && s.Paid == 0:
		shown.Class = "held"
	}
	for _, line := range []struct {
		into   *string
		amount int64
		show   bool
	}{{&shown.Paid, s.Paid, p.Hold}, {&shown.Returned, s.Returned, true}, {&shown.Held, s.StillHeld, true}} {
		if line.amount == 0 || !line.show {
			continue
		}
		amount, err := money.Of(line.amount, p.Currency)
		if err != nil {
			return err
		}
		*line.into = amount.Display()
	}
	return nil
}

// returning reports whether the sale is void and its money, or some of it, is not with the customer yet.
func returning(p payment.Payment) bool { return p.Refunded() && !p.State.Final() }

func stateText(p payment.Payment) (chinese, english string) {
	switch {
	case returning(p):
		return "未成交，正在退款，款项尚未退到", "not sold; the money is on its way back and not returned yet"
	case p.Refunded():
		return "已退回顾客", "paid late and returned to the customer"
	case p.Outcome() == payment.OutcomeApproved && p.Hold:
		return holdText(p)
	case p.Outcome() == payment.OutcomeApproved:
		return paidText(p.Settlement())
	case p.Outcome() == payment.OutcomeDeclined:
		return "未支付", "not paid"
	case p.Outcome() == payment.OutcomeReversed:
		return "已撤销", "reversed, not paid"
	default:
		return "结果未知，请稍后再查", "not known yet, look again shortly"
	}
}

func paidText(s payment.Settlement) (chinese, english string) {
	switch {
	case s.Voided:
		return "已撤销", "voided"
	case s.Returned == s.Paid:
		return "已全额退款", "refunded in full"
	case s.Returned > 0:
		return "支付成功，部分退款", "paid, refunded in part"
	default:
		return "支付成功", "paid"
	}
}

func holdText(p payment.Payment) (chinese, english string) {
	s := p.Settlement()
	switch {
	case s.Paid > 0 && s.Returned == s.Paid && s.StillHeld == 0:
		return "已全额退款", "refunded in full"
	case s.Paid == 0 && s.StillHeld == 0:
		return "预授权已解除，未扣款", "released, not paid"
	case s.Paid == 0:
		return "预授权，未扣款", "held, not paid"
	case s.StillHeld == 0:
		return "预授权已完成", "paid out of a hold"
	default:
		return "预授权部分完成", "paid in part out of a hold"
	}
}
