package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// ErrBody marks a body that is not what the profile says.
var ErrBody = errors.New("profile: invalid body")

// The error codes of answers with a status of 400 and above.
const (
	CodeBadSignature    = "bad_signature"    // 401
	CodeUnknownKey      = "unknown_key"      // 401
	CodeStale           = "stale"            // 401: the time is outside the window
	CodeMalformed       = "malformed"        // 400
	CodeUnknownMerchant = "unknown_merchant" // 403
	CodeReplayed        = "replayed"         // 409: this nonce was used before
	CodeOrderConflict   = "order_conflict"   // 409: the order exists with other content
	CodeDayOpen         = "day_open"         // 409: the statement's day is not over
	CodeBusy            = "busy"             // 503
	CodeInternal        = "internal"         // 500
)

// NeverProcessed reports whether an error code, coming with a valid signature, states that the request was turned away
// before anything happened. A replay is not among them: its first copy may have been carried out.
func NeverProcessed(code string) bool {
	switch code {
	case CodeBadSignature, CodeUnknownKey, CodeStale, CodeMalformed, CodeUnknownMerchant:
		return true
	default:
		return false
	}
}

// PaymentBody is the body of authorise and order.
type PaymentBody struct {
	Order    string `json:"order"`
	Merchant string `json:"merchant"`
	Terminal string `json:"terminal"`
	Method   string `json:"method"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Code     string `json:"code,omitempty"`
	Card     []byte `json:"card,omitempty"`
	Hold     bool   `json:"hold,omitempty"`
	Verify   bool   `json:"verify,omitempty"`
	Offline  bool   `json:"offline,omitempty"`
}

// InquiryBody is the body of query, reverse and refund.
type InquiryBody struct {
	Order    string `json:"order"`
	Merchant string `json:"merchant"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// AnswerBody is the body of an answer with status 200.
type AnswerBody struct {
	Order         string `json:"order"`
	Status        string `json:"status"`
	Reason        string `json:"reason,omitempty"`
	Amount        int64  `json:"amount"`
	Currency      string `json:"currency,omitempty"`
	Reference     string `json:"reference,omitempty"`
	AuthCode      string `json:"auth_code,omitempty"`
	PayerOperator string `json:"payer_operator,omitempty"`
	Wallet        string `json:"wallet,omitempty"`
	ShownCode     string `json:"shown_code,omitempty"`
}

// ErrorBody is the body of every other answer.
type ErrorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// EncodeRequest returns the body of authorise or order.
func EncodeRequest(r operator.Request) ([]byte, error) {
	return encode(PaymentBody{Order: r.OrderID.String(), Merchant: r.Merchant, Terminal: r.Terminal, Method: r.Method.String(),
		Amount: r.Amount, Currency: r.Currency, Code: r.Code, Card: r.Card, Hold: r.Hold,
		Verify: r.Verify, Offline: r.Offline})
}

// DecodeRequest reads and checks the body of authorise or order. Error: ErrBody; it never quotes the body.
func DecodeRequest(body []byte) (operator.Request, error) {
	var wire PaymentBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.Request{}, err
	}
	id, err := operator.ParseOrderID(wire.Order)
	if err != nil {
		return operator.Request{}, fmt.Errorf("%w: order", ErrBody)
	}
	method, err := operator.ParseMethod(wire.Method)
	if err != nil {
		return operator.Request{}, fmt.Errorf("%w: method", ErrBody)
	}
	if wire.Amount <= 0 || len(wire.Currency) < 3 || wire.Merchant == "" || wire.Terminal == "" {
		return operator.Request{}, fmt.Errorf("%w: amount, currency, merchant or terminal", ErrBody)
	}
	if (method == operator.MethodCode) != (wire.Code != "") || (method == operator.MethodTap) != (len(wire.Card) != 0) {
		return operator.Request{}, fmt.Errorf("%w: code or card does not fit the method", ErrBody)
	}
	if wire.Offline && method != operator.MethodTap {
		return operator.Request{}, fmt.Errorf("%w: offline does not fit the method", ErrBody)
	}
	return operator.Request{OrderID: id, Merchant: wire.Merchant, Terminal: wire.Terminal, Method: method,
		Amount: wire.Amount, Currency: wire.Currency, Code: wire.Code, Card: wire.Card, Hold: wire.Hold,
		Verify: wire.Verify, Offline: wire.Offline}, nil
}

// EncodeInquiry returns the body of query, reverse or refund.
func EncodeInquiry(i operator.Inquiry) ([]byte, error) {
	return encode(InquiryBody{Order: i.OrderID.String(), Merchant: i.Merchant, Amount: i.Amount, Currency: i.Currency})
}

// DecodeInquiry reads and checks the body of query, reverse or refund. Error: ErrBody.
func DecodeInquiry(body []byte) (operator.Inquiry, error) {
	var wire InquiryBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.Inquiry{}, err
	}
	id, err := operator.ParseOrderID(wire.Order)
	if err != nil || wire.Merchant == "" || wire.Amount <= 0 || len(wire.Currency) < 3 {
		return operator.Inquiry{}, fmt.Errorf("%w: order, merchant, amount or currency", ErrBody)
	}
	return operator.Inquiry{OrderID: id, Merchant: wire.Merchant, Amount: wire.Amount, Currency: wire.Currency}, nil
}

// EncodeAnswer returns the body of an answer with status 200.
func EncodeAnswer(a operator.Answer) ([]byte, error) {
	return encode(AnswerBody{Order: a.OrderID.String(), Status: a.Status.String(), Reason: a.Reason.String(), Amount: a.Amount,
		Currency: a.Currency, Reference: a.Reference, AuthCode: a.AuthCode, PayerOperator: a.PayerOperator,
		Wallet: a.WalletMasked, ShownCode: a.ShownCode})
}

// DecodeAnswer reads and checks an answer's body; millis is the time of its header. Error: ErrBody.
func DecodeAnswer(body []byte, millis int64) (operator.Answer, error) {
	var wire AnswerBody
	if err := decodeStrict(body, &wire); err != nil {
		return operator.Answer{}, err
	}
	id, err := operator.ParseOrderID(wire.Order)
	if err != nil {
		return operator.Answer{}, fmt.Errorf("%w: order", ErrBody)
	}
	status, err := operator.ParseStatus(wire.Status)
	if err != nil {
		return operator.Answer{}, fmt.Errorf("%w: status", ErrBody)
	}
	reason, err := operator.ParseReason(wire.Reason)
	if err != nil {
		// A reason of a later version must not turn a definite decline into an unknown outcome.
		reason = operator.ReasonOther
	}
	if err := wire.check(status); err != nil {
		return operator.Answer{}, err
	}
	return operator.Answer{OrderID: id, Status: status, Reason: reason, Amount: wire.Amount, Currency: wire.Currency,
		Reference: wire.Reference, AuthCode: wire.AuthCode, PayerOperator: wire.PayerOperator, WalletMasked: wire.Wallet,
		ShownCode: wire.ShownCode, At: time.UnixMilli(millis).UTC()}, nil
}

// Lengths of an answer's fields; a longer one would not fit receipt and store.
const (
	referenceMax = 64
	authCodeSize = 6
	payerMax     = 16
	walletSize   = 16
	shownMax     = 1024
)

func (w AnswerBody) check(status operator.Status) error {
	switch {
	case w.Amount < 0:
		return fmt.Errorf("%w: amount", ErrBody)
	case len(w.Reference) > referenceMax || len(w.PayerOperator) > payerMax || len(w.ShownCode) > shownMax:
		return fmt.Errorf("%w: field too long", ErrBody)
	case len(w.AuthCode) != 0 && len(w.AuthCode) != authCodeSize:
		return fmt.Errorf("%w: auth_code", ErrBody)
	case w.Wallet != "" && !isMasked(w.Wallet):
		return fmt.Errorf("%w: wallet", ErrBody)
	case status == operator.StatusApproved && (w.Reference == "" || w.AuthCode == ""):
		return fmt.Errorf("%w: approved without reference or auth_code", ErrBody)
	}
	return nil
}

// isMasked reports whether text is 6 digits, 6 asterisks and 4 digits. A full wallet id is refused at the door, so that
// it can reach neither store nor log.
func isMasked(text string) bool {
	if len(text) != walletSize {
		return false
	}
	for i := range len(text) {
		hidden := i >= 6 && i < 12
		if hidden != (text[i] == '*') || (!hidden && (text[i] < '0' || text[i] > '9')) {
			return false
		}
	}
	return true
}

// EncodeError returns the body of a refusal.
func EncodeError(code, message string) ([]byte, error) {
	return encode(ErrorBody{Code: code, Message: message})
}

// DecodeError reads the body of a refusal. Error: ErrBody.
func DecodeError(body []byte) (ErrorBody, error) {
	var wire ErrorBody
	if err := decodeStrict(body, &wire); err != nil {
		return ErrorBody{}, err
	}
	if wire.Code == "" {
		return ErrorBody{}, fmt.Errorf("%w: code", ErrBody)
	}
	return wire, nil
}

func encode(v any) ([]byte, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	return body, nil
}

// decodeStrict takes exactly one JSON object without unknown fields. The decoder's own message is dropped because it
// may quote a payment code.
func decodeStrict(body []byte, into any) error {
	if len(body) > BodyMax {
		return fmt.Errorf("%w: %d bytes", ErrBody, len(body))
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%w: not the expected JSON object", ErrBody)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: trailing bytes", ErrBody)
	}
	return nil
}
