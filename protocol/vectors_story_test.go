package protocol_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
)

const merchantID = "105290054110001"

// transaction is what the hard wallet of the story paid.
func transaction(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile(transactionFile)
	require.NoError(t, err)
	return unhex(t, string(text))
}

func till() *message.TerminalBlock {
	return &message.TerminalBlock{DeviceType: "till", SerialNumber: "SN0001", Location: "+31.23/+121.47", AgentVersion: "1.0.0"}
}

// approved, awaiting, querying and reversed are results in the order they are told.
func approved() *message.PaymentResult {
	return &message.PaymentResult{OrderId: codeOrder, Outcome: message.Outcome_OUTCOME_APPROVED,
		Stage: message.Stage_STAGE_FINAL, Amount: 1250, Currency: "CNY", Reference: "261118000001", Authorisation: "A1B2C3",
		OperatorCode: "ICBC", PayerOperator: "ICBC", WalletMasked: "001200******3456", DecidedAt: micro(10_700), Revision: 2}
}

func querying() *message.PaymentResult {
	return &message.PaymentResult{OrderId: tapOrder, Outcome: message.Outcome_OUTCOME_UNKNOWN,
		Stage: message.Stage_STAGE_QUERYING, Amount: 880, Currency: "CNY", Reference: "261118000002", OperatorCode: "ICBC",
		NextAt: micro(127_600), Revision: 2}
}

func reversed() *message.PaymentResult {
	return &message.PaymentResult{OrderId: tapOrder, Outcome: message.Outcome_OUTCOME_REVERSED,
		Stage: message.Stage_STAGE_FINAL, Reason: message.Reason_REASON_TIMED_OUT, Amount: 880, Currency: "CNY",
		Reference: "261118000002", OperatorCode: "ICBC", PayerOperator: "ICBC", WalletMasked: "001122******6677",
		DecidedAt: micro(166_400), Revision: 4}
}

func awaiting() *message.PaymentResult {
	return &message.PaymentResult{OrderId: ownOrder, Outcome: message.Outcome_OUTCOME_UNKNOWN,
		Stage: message.Stage_STAGE_AWAITING_CUSTOMER, Amount: 3300, Currency: "CNY", Reference: "261118000003",
		OperatorCode: "ICBC", ShownCode: "https://pay.example/q/9F3A", ShownCodeExpires: micro(320_000), NextAt: micro(203_300),
		Revision: 2}
}

// firstLife is what happens on the terminal under its first epoch: a code is paid, a hard wallet's payment is taken
// back, a code of ours is shown.
func firstLife(t *testing.T, e *epoch) []happened {
	t.Helper()
	return []happened{
		{at: 50, kind: record.EpochOpened, body: &message.EpochOpened{Epoch: e.number, TerminalNonce: e.terminalNonce[:],
			CloudNonce: e.cloudNonce[:]}},
		{at: 60, kind: record.AgentStarted, body: &message.AgentStarted{Version: "1.0.0"}},
		{at: 10_000, kind: record.PaymentRequested, secret: "0112345678903456789", body: &message.PaymentRequested{
			OrderId: codeOrder, Method: message.Method_METHOD_CODE, Amount: 1250, Currency: "CNY", MerchantId: merchantID,
			Batch: 1, Voucher: 1, Cashier: "01", Note: "豆浆", CodeTail: "456789", GiveUp: micro(55_000), Terminal: till()}},
		{at: 10_900, kind: record.OutcomeShown, body: &message.OutcomeShown{OrderId: codeOrder,
			Outcome: message.Outcome_OUTCOME_APPROVED, Result: approved()}},
		{at: 12_100, kind: record.ReceiptPrinted, body: &message.ReceiptPrinted{OrderId: codeOrder,
			Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: message.ReceiptPrinted_RESULT_DONE}},
		{at: 60_000, kind: record.DeviceFault, body: &message.DeviceFault{Device: "printer", Fault: "paper out"}},
		{at: 75_000, kind: record.SaleAbandoned, body: &message.SaleAbandoned{OrderId: leftOrder,
			Reason: message.Reason_REASON_CASHIER_CANCELLED, Amount: 500, Currency: "CNY"}},
		{at: 90_000, kind: record.AgentStarted, body: &message.AgentStarted{}}, // a body may be empty
		{at: 91_000, kind: unknownType, extra: []byte{0xff, 0x00, 0x01}},       // kept and acknowledged unread
		{at: 92_000, kind: record.DeviceFault, body: &message.DeviceFault{Device: "reader", Fault: "no answer"},
			extra: []byte{0x7a, 0x03, 'n', 'e', 'w'}}, // field 15, which nobody knows
		{at: 120_000, kind: record.PaymentRequested, body: &message.PaymentRequested{OrderId: tapOrder,
			Method: message.Method_METHOD_TAP, Amount: 880, Currency: "CNY", MerchantId: merchantID, Batch: 1, Voucher: 2,
			Cashier: "01", CardTransaction: transaction(t), GiveUp: micro(165_000), Terminal: till()}},
		{at: 125_000, kind: record.OutcomeShown, body: &message.OutcomeShown{OrderId: tapOrder,
			Outcome: message.Outcome_OUTCOME_UNKNOWN}},
		{at: 165_000, kind: record.ReversalRequested, body: &message.ReversalRequested{OrderId: tapOrder,
			PaymentSequence: 11, Reason: message.Reason_REASON_TIMED_OUT}},
		{at: 166_500, kind: record.OutcomeShown, body: &message.OutcomeShown{OrderId: tapOrder,
			Outcome: message.Outcome_OUTCOME_REVERSED, Result: reversed()}},
		{at: 200_000, kind: record.PaymentRequested, body: &message.PaymentRequested{OrderId: ownOrder,
			Method: message.Method_METHOD_SHOWN, Amount: 3300, Currency: "CNY", MerchantId: merchantID, Batch: 1, Voucher: 3,
			Cashier: "01", GiveUp: micro(320_000), Terminal: till()}},
	}
}

// answersOf is what the cloud said meanwhile.
func answersOf(w *world) []happened {
	five := w.links[5]
	refunded := reversed()
	refunded.Refunded, refunded.Revision = true, 6
	return []happened{
		{at: 10_800, kind: record.PaymentResult, body: approved()},
		{at: 93_000, kind: record.Acknowledgement, body: &message.Acknowledgement{HighWater: 5, HighWaterLink: five[:],
			Highest: 9, Gaps: []*message.Gap{{First: 6, Last: 7}}}},
		{at: 124_600, kind: record.PaymentResult, body: querying()},
		{at: 166_450, kind: record.PaymentResult, body: reversed()},
		{at: 200_300, kind: record.PaymentResult, body: awaiting()},
		{at: 226_400, kind: record.PaymentResult, body: refunded},
		{at: 230_000, kind: record.Refusal, body: &message.Refusal{Sequence: 9, Epoch: 3, Cause: message.Refusal_CAUSE_TAG}},
		{at: 231_000, kind: record.Refusal, body: &message.Refusal{Cause: message.Refusal_CAUSE_MALFORMED}},
		{at: 232_000, kind: unknownType | 0x8000, extra: []byte{0x08, 0x01}}, // a terminal ignores it
	}
}

// secondLife begins with an old copy of the journal.
func secondLife(e *epoch) []happened {
	return []happened{
		{at: 900_050, kind: record.EpochOpened, body: &message.EpochOpened{Epoch: e.number, TerminalNonce: e.terminalNonce[:],
			CloudNonce: e.cloudNonce[:], LostFrom: copyEnd + 1}},
		{at: 900_060, kind: record.AgentStarted, body: &message.AgentStarted{Version: "1.1.0", PreviousVersion: "1.0.0"}},
	}
}

// TestTransactionFile holds the story's hard-wallet payment to the profile, under the issuer of its golden file.
func TestTransactionFile(t *testing.T) {
	// The public key of golden.json's issuer.
	issuer, err := sign.ParsePublicKey(unhex(t, "04852611f744af045689dcfbf4c0437730d2d2de332ab7f0fc02769c5fab8a89437d"+
		"9384f19ab882ed668a28936db92475aa79aef8690ee36f6fb77c69b9b571f8"))
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuer)
	require.NoError(t, err)
	var paid hardwallet.Transaction
	require.NoError(t, paid.UnmarshalBinary(transaction(t)))
	require.NoError(t, paid.Verify(pool))
	require.Equal(t, tapOrder, paid.Request.Order[:])
	require.EqualValues(t, 880, paid.Request.Amount)
	require.Equal(t, merchantID, paid.Request.Merchant)
	require.Equal(t, "10000001", paid.Request.Terminal)
}
