package protocol_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// dayEnd is the last record of the story: a whole shift under epoch 5, with everything that is done with orders, looked
// up and taken offline in it.
const dayEnd = 79

// Records of the day that something else refers to.
const (
	shiftFirst  = 24 // shift-opened
	shownOrder  = 55
	openRefund  = 63
	shiftLast   = 72
	shiftClose1 = 73
	shiftClose2 = dayEnd
)

// The ids of the day: orders from 05 on, follow-ups, the shift and lookups, told apart by the byte before the last.
func orderID(n byte) []byte    { return append(append([]byte{}, codeOrder[:15]...), n) }
func followUpID(n byte) []byte { return append(append([]byte{}, codeOrder[:14]...), 0x02, n) }
func lookupID(n byte) []byte   { return append(append([]byte{}, codeOrder[:14]...), 0x04, n) }

var shiftID = append(append([]byte{}, codeOrder[:14]...), 0x03, 0x01)

// day tells the story's last part in order: what the terminal records and what the cloud answers.
type day struct {
	w       *world
	g       *golden
	at      int64 // milliseconds
	voucher uint32
	number  int64 // of the last reference
}

// did is a record of the terminal.
func (d *day) did(t *testing.T, kind record.Type, body proto.Message) {
	t.Helper()
	d.more(t, happened{kind: kind, body: body})
}

func (d *day) more(t *testing.T, h happened) {
	t.Helper()
	h.at = d.at
	d.g.Records = append(d.g.Records, d.w.up(t, d.w.second, h))
	d.at += 100
}

// heard is an answer of the cloud; its record is returned.
func (d *day) heard(t *testing.T, kind record.Type, body proto.Message) record.Record {
	t.Helper()
	answer := d.w.down(t, d.w.second, happened{at: d.at, kind: kind, body: body})
	d.g.Answers = append(d.g.Answers, answer)
	d.at += 100
	return unhex(t, answer.Header+answer.Body+answer.Tag)
}

func (d *day) acknowledged(t *testing.T) {
	t.Helper()
	last := d.w.links[d.w.sequence]
	d.heard(t, record.Acknowledgement, &message.Acknowledgement{HighWater: d.w.sequence, HighWaterLink: last[:],
		Highest: d.w.sequence})
}

// pay is a payment of the shift.
func (d *day) pay(order byte, method message.Method, amount int64) *message.PaymentRequested {
	d.voucher++
	d.at += 5_000
	return &message.PaymentRequested{OrderId: orderID(order), Method: method, Amount: amount, Currency: "CNY",
		MerchantId: merchantID, Batch: 2, Voucher: d.voucher, Cashier: "01", GiveUp: micro(d.at + 45_000), Terminal: till()}
}

// scanned records a payment with the customer's code as its secret.
func (d *day) scanned(t *testing.T, body *message.PaymentRequested, code string) {
	t.Helper()
	body.CodeTail = code[len(code)-6:]
	d.more(t, happened{kind: record.PaymentRequested, body: body, secret: code})
}

// decided is the cloud's final word on a payment, taken by the terminal.
func (d *day) decided(t *testing.T, asked *message.PaymentRequested, change func(*message.PaymentResult)) {
	t.Helper()
	d.number++
	result := &message.PaymentResult{OrderId: asked.GetOrderId(), Outcome: message.Outcome_OUTCOME_APPROVED,
		Stage: message.Stage_STAGE_FINAL, Amount: asked.GetAmount(), Currency: "CNY", Reference: reference(d.number),
		OperatorCode: "ICBC", PayerOperator: "ICBC", WalletMasked: "001200******3456", DecidedAt: micro(d.at - 10), Revision: 2}
	change(result)
	if result.GetOutcome() == message.Outcome_OUTCOME_APPROVED {
		result.Authorisation = "A1B2C3"
	}
	d.heard(t, record.PaymentResult, result)
	d.did(t, record.OutcomeShown, &message.OutcomeShown{OrderId: asked.GetOrderId(), Outcome: result.GetOutcome(), Result: result})
}

func paid(standing *message.Standing) func(*message.PaymentResult) {
	return func(r *message.PaymentResult) { r.Standing = standing }
}

func declined(reason message.Reason) func(*message.PaymentResult) {
	return func(r *message.PaymentResult) { r.Outcome, r.Reason = message.Outcome_OUTCOME_DECLINED, reason }
}

// asks records that something is to be done with an order.
func (d *day) asks(t *testing.T, id byte, order []byte, kind message.FollowUp, amount int64,
	change ...func(*message.FollowUpRequested),
) *message.FollowUpRequested {
	t.Helper()
	d.voucher++
	d.at += 5_000
	body := &message.FollowUpRequested{FollowUpId: followUpID(id), OrderId: order, Kind: kind, Amount: amount, Currency: "CNY",
		MerchantId: merchantID, Batch: 2, Voucher: d.voucher, Cashier: "01", Terminal: till()}
	for _, alter := range change {
		alter(body)
	}
	d.did(t, record.FollowUpRequested, body)
	return body
}

// refuses is the cloud declining a follow-up at once, taken by the terminal.
func (d *day) refuses(t *testing.T, asked *message.FollowUpRequested, reason message.Reason) {
	t.Helper()
	d.followed(t, asked, &message.FollowUpResult{Outcome: message.Outcome_OUTCOME_DECLINED, Reason: reason,
		Amount: asked.GetAmount(), DecidedAt: micro(d.at - 10), Revision: 1})
}

// does is the operator's definite answer to a follow-up, taken by the terminal.
func (d *day) does(t *testing.T, asked *message.FollowUpRequested, amount int64, standing *message.Standing) {
	t.Helper()
	d.number++
	d.followed(t, asked, &message.FollowUpResult{Outcome: message.Outcome_OUTCOME_APPROVED, Amount: amount,
		Reference: reference(d.number), OperatorCode: "ICBC", DecidedAt: micro(d.at - 10), Revision: 2, Standing: standing})
}

func (d *day) followed(t *testing.T, asked *message.FollowUpRequested, result *message.FollowUpResult) {
	t.Helper()
	result.FollowUpId, result.OrderId, result.Kind = asked.GetFollowUpId(), asked.GetOrderId(), asked.GetKind()
	result.Currency = asked.GetCurrency()
	d.heard(t, record.FollowUpResult, result)
	d.did(t, record.FollowUpShown, &message.FollowUpShown{FollowUpId: asked.GetFollowUpId(), OrderId: asked.GetOrderId(),
		Result: result, Outcome: result.GetOutcome()})
}
