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
	Class                 string // approved, declined, unknown or reversed
	State, StateEnglish   string
	Merchant, Amount      string
	Time, Reference       string
	Wallet, PayerOperator string
	Terminal              string
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
	return shown, nil
}

func stateText(p payment.Payment) (chinese, english string) {
	switch {
	case p.Refunded():
		return "已退回顾客", "paid late and returned to the customer"
	case p.Outcome() == payment.OutcomeApproved:
		return "支付成功", "paid"
	case p.Outcome() == payment.OutcomeDeclined:
		return "未支付", "not paid"
	case p.Outcome() == payment.OutcomeReversed:
		return "已撤销", "reversed, not paid"
	default:
		return "结果未知，请稍后再查", "not known yet, look again shortly"
	}
}
