package protocol_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// offlineFile holds the hard wallet's two payments of the outage, one a line: signatures are never the same twice.
const offlineFile = "testdata/offline.hex"

// limits are what the cloud lets the terminal accept by itself.
func limits(id byte, given int64) *message.OfflineLimits {
	return &message.OfflineLimits{LimitsId: bytes.Repeat([]byte{id}, 16), PaymentMax: 10_000, WalletMax: 20_000,
		WalletCountMax: 5, TerminalMax: 100_000, TerminalCountMax: 50, Currency: "CNY", GivenAt: given, HoursMax: 72,
		Shares: []*message.OfflineShare{{Hours: 4, Percent: 50}, {Hours: 24, Percent: 10}}}
}

// limitsBlocking are the same without a wallet.
func limitsBlocking(id byte, given int64, paid hardwallet.Transaction) *message.OfflineLimits {
	l := limits(id, given)
	digest := seal.Portable().Sum(paid.Certificate.Wallet[:])
	l.BlockedWallets = [][]byte{digest[:]}
	return l
}

// offline is the outage: two payments that the terminal accepts by itself, and a part of the first one back.
func (d *day) offline(t *testing.T, limitsID []byte) (first, second *message.PaymentRequested, back *message.FollowUpRequested) {
	t.Helper()
	heard := micro(d.at)
	total := int64(0)
	var taken []*message.PaymentRequested
	for i, amount := range []int64{600, 300} {
		body := d.pay(0x0b+byte(i), byTap, amount)
		total += amount
		body.GiveUp, body.CardTransaction = 0, offlineTaps(t)[i]
		body.Offline = &message.Offline{LimitsId: limitsID, Total: total, Count: uint32(i + 1), Since: heard}
		d.did(t, record.PaymentRequested, body)
		d.did(t, record.OutcomeShown, &message.OutcomeShown{OrderId: body.GetOrderId(), Outcome: message.Outcome_OUTCOME_APPROVED})
		taken = append(taken, body)
	}
	back = d.asks(t, 0x0d, taken[0].GetOrderId(), refund, 200, func(f *message.FollowUpRequested) { f.Offline = true })
	d.did(t, record.FollowUpShown, &message.FollowUpShown{FollowUpId: back.GetFollowUpId(), OrderId: back.GetOrderId(),
		Outcome: message.Outcome_OUTCOME_APPROVED})
	return taken[0], taken[1], back
}

// comesBack is what the cloud says of the outage: the first is honoured and its part goes back; the wallet has signed
// something else under the second one's counter.
func (d *day) comesBack(t *testing.T, first, second *message.PaymentRequested, back *message.FollowUpRequested) {
	t.Helper()
	d.at += 60_000
	wallet := func(r *message.PaymentResult) { r.WalletMasked = "001122******6677" }
	d.decided(t, first, func(r *message.PaymentResult) { wallet(r); r.Standing = &message.Standing{Paid: 600} })
	d.decided(t, second, func(r *message.PaymentResult) {
		wallet(r)
		declined(message.Reason_REASON_DOUBLE_SPENT)(r)
		r.OperatorCode, r.PayerOperator, r.Revision = "", "", 1
	})
	d.does(t, back, 200, &message.Standing{Paid: 600, Refunded: 200})
}

// cardKeys are those of the hard wallets' golden file.
func cardKeys(t *testing.T) (issuer, card *sign.Key) {
	t.Helper()
	text, err := os.ReadFile("hardwallet/testdata/golden.json")
	require.NoError(t, err)
	var g struct{ IssuerPrivate, CardPrivate string }
	require.NoError(t, json.Unmarshal(text, &g))
	issuer, err = sign.NewKey(bytes.NewReader(unhex(t, g.IssuerPrivate)))
	require.NoError(t, err)
	card, err = sign.NewKey(bytes.NewReader(unhex(t, g.CardPrivate)))
	require.NoError(t, err)
	return issuer, card
}

// tapTwice has the hard wallet of the story pay twice more.
func tapTwice(t *testing.T) string {
	t.Helper()
	_, card := cardKeys(t)
	before := transactionOf(t, transaction(t))
	var lines strings.Builder
	for i, amount := range []int64{600, 300} {
		next := before
		next.Request.Order, next.Request.Amount = [16]byte(orderID(0x0b+byte(i))), amount
		next.Request.Time, next.Request.Nonce = at(1_100_000).Unix()+int64(i), [8]byte{0: byte(i + 1)}
		next.Debit.Counter, next.Debit.Balance = before.Debit.Counter+1, before.Debit.Balance-amount
		signed, err := next.Sign(card)
		require.NoError(t, err)
		data, err := signed.MarshalBinary()
		require.NoError(t, err)
		lines.WriteString(hex.EncodeToString(data) + "\n")
		before = signed
	}
	return lines.String()
}

// offlineTaps are the two payments' bytes.
func offlineTaps(t *testing.T) [][]byte {
	t.Helper()
	text, err := os.ReadFile(offlineFile)
	if *update && os.IsNotExist(err) {
		text = []byte(tapTwice(t))
		err = os.WriteFile(offlineFile, text, 0o644)
	}
	require.NoError(t, err)
	var taps [][]byte
	for line := range strings.Lines(string(text)) {
		taps = append(taps, unhex(t, line))
	}
	require.Len(t, taps, 2)
	return taps
}

func transactionOf(t *testing.T, data []byte) hardwallet.Transaction {
	t.Helper()
	var paid hardwallet.Transaction
	require.NoError(t, paid.UnmarshalBinary(data))
	return paid
}

// TestOfflineTaps holds the outage's payments to the profile and to what their records say.
func TestOfflineTaps(t *testing.T) {
	issuer, _ := cardKeys(t)
	pool, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	before := transactionOf(t, transaction(t))
	taps := 0
	for _, v := range readGolden(t).Records {
		body, is := bodyOf(t, v).(*message.PaymentRequested)
		if !is || body.GetOffline() == nil {
			continue
		}
		paid := transactionOf(t, body.GetCardTransaction())
		require.NoError(t, paid.Verify(pool))
		require.Equal(t, body.GetOrderId(), paid.Request.Order[:])
		require.Equal(t, body.GetAmount(), paid.Request.Amount)
		require.Equal(t, merchantID, paid.Request.Merchant)
		require.Equal(t, before.Certificate.Wallet, paid.Certificate.Wallet)
		require.Equal(t, before.Debit.Counter+1, paid.Debit.Counter)
		require.Equal(t, before.Debit.Balance-paid.Request.Amount, paid.Debit.Balance)
		before = paid
		taps++
	}
	require.Equal(t, 2, taps)
}
