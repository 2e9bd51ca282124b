package receipt_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	"github.com/yuantill/yuantill/protocol/money"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sale() receipt.Slip {
	return receipt.Slip{
		Merchant: "西湖龙井茶叶店（湖滨路店）", MerchantID: "105330154110001", Terminal: "33010042",
		Cashier: "01 王芳", Acquirer: "中国建设银行", Operator: "中国工商银行",
		Wallet: "002123******1234", Transaction: receipt.Sale,
		Batch: "000017", Voucher: "000342", Reference: "061234567890", Authorisation: "A1B2C3",
		At:     time.Date(2026, time.November, 23, 2, 4, 28, 0, time.UTC),
		Amount: money.Money{Minor: 123456, Currency: money.CNY}, Note: "明前特级 250 克", Order: "20261123-0342",
		CheckAddress: "https://pay.example.cn/r/Zk3vQ8nT5mXw2LdR",
		Outcome:      receipt.Approved,
	}
}

// unsettled is a sale of which the operator has answered as little as can be.
func unsettled(outcome receipt.Outcome) receipt.Slip {
	slip := sale()
	slip.Outcome, slip.Note = outcome, ""
	slip.Operator, slip.Wallet, slip.Reference, slip.Authorisation = "", "", "", ""
	if outcome == receipt.Declined {
		slip.Reason = "钱包余额不足 Insufficient balance"
	}
	return slip
}

// notAccepted is a sale by hard wallet that was paid, and whose order the shop did not accept.
func notAccepted() receipt.Slip {
	slip := sale()
	slip.Outcome, slip.ShopOrder, slip.CardDebited = receipt.NotAccepted, "A-42", true
	return slip
}

// followUp is the slip of something done with the sale, which another till took.
func followUp(transaction receipt.Transaction, minor int64) receipt.Slip {
	slip, original := sale(), sale()
	slip.Transaction, slip.Authorisation, slip.Note = transaction, "", "顾客要求"
	slip.Voucher, slip.Reference, slip.At = "000351", "061234567999", slip.At.Add(26*time.Hour)
	slip.Amount.Minor = minor
	slip.Original = &receipt.Original{
		Terminal: "33010043", Batch: original.Batch, Voucher: original.Voucher, Reference: original.Reference,
		Authorisation: original.Authorisation, At: original.At, Amount: original.Amount,
	}
	left := money.Money{Minor: original.Amount.Minor - minor, Currency: money.CNY}
	slip.Left = &left
	switch transaction {
	case receipt.HoldTopUp, receipt.HoldCompletion, receipt.HoldCancel, receipt.CompletionUndo:
		slip.Completed = &money.Money{Minor: 80000, Currency: money.CNY}
		slip.Expires = original.At.AddDate(0, 0, 30)
	}
	return slip
}

// unsettledFollowUp is one that is not done, or of which nobody knows.
func unsettledFollowUp(transaction receipt.Transaction, outcome receipt.Outcome) receipt.Slip {
	slip := followUp(transaction, 20000)
	slip.Outcome, slip.Reference, slip.Left, slip.Completed, slip.Expires = outcome, "", nil, nil, time.Time{}
	if outcome == receipt.Declined {
		slip.Reason = "超出可办理的金额"
	}
	return slip
}

func TestComposeGolden(t *testing.T) {
	reprint, refund := sale(), sale()
	reprint.Reprint = true
	unreturned := unsettled(receipt.Unknown)
	unreturned.Transaction = receipt.Refund
	refund.Transaction, refund.Note = receipt.Refund, "顾客退货"
	inDoubt := unsettled(receipt.Reversed)
	inDoubt.CardInDoubt = true
	debited := unsettled(receipt.Reversed)
	debited.CardDebited = true
	offlineRefund := followUp(receipt.Refund, 5000)
	offlineRefund.Offline, offlineRefund.Reference, offlineRefund.Operator = true, "", ""
	reprintedRefund := followUp(receipt.Refund, 5000)
	reprintedRefund.Reprint = true
	holdRefund := followUp(receipt.Refund, 10000)
	holdRefund.Original.Amount.Minor = 30000
	holdRefund.Completed, holdRefund.Left = &money.Money{Minor: 34900, Currency: money.CNY}, &money.Money{Minor: 24900, Currency: money.CNY}
	completionUnknown, topUpDeclined := unsettledFollowUp(receipt.HoldCompletion, receipt.Unknown), unsettledFollowUp(receipt.HoldTopUp, receipt.Declined)
	hold := sale()
	hold.Transaction, hold.Expires = receipt.Hold, hold.At.AddDate(0, 0, 30)
	for name, test := range map[string]struct {
		slip   receipt.Slip
		reader receipt.Copy
	}{
		"debited-customer":         {debited, receipt.CustomerCopy},
		"offline-refund-customer":  {offlineRefund, receipt.CustomerCopy},
		"void-merchant":            {followUp(receipt.Void, 123456), receipt.MerchantCopy},
		"void-customer":            {followUp(receipt.Void, 123456), receipt.CustomerCopy},
		"part-refund-merchant":     {followUp(receipt.Refund, 5000), receipt.MerchantCopy},
		"hold-refund-customer":     {holdRefund, receipt.CustomerCopy},
		"part-refund-reprint":      {reprintedRefund, receipt.CustomerCopy},
		"hold-merchant":            {hold, receipt.MerchantCopy},
		"hold-top-up-customer":     {followUp(receipt.HoldTopUp, 20000), receipt.CustomerCopy},
		"hold-completion-merchant": {followUp(receipt.HoldCompletion, 100000), receipt.MerchantCopy},
		"hold-cancel-merchant":     {followUp(receipt.HoldCancel, 43456), receipt.MerchantCopy},
		"completion-undo-customer": {followUp(receipt.CompletionUndo, 100000), receipt.CustomerCopy},
		"completion-unknown":       {completionUnknown, receipt.CustomerCopy},
		"top-up-declined":          {topUpDeclined, receipt.CustomerCopy},
		"approved-merchant":        {sale(), receipt.MerchantCopy},
		"approved-customer":        {sale(), receipt.CustomerCopy},
		"refund-customer":          {refund, receipt.CustomerCopy},
		"refund-unknown":           {unreturned, receipt.CustomerCopy},
		"reprint-merchant":         {reprint, receipt.MerchantCopy},
		"declined-customer":        {unsettled(receipt.Declined), receipt.CustomerCopy},
		"unknown-merchant":         {unsettled(receipt.Unknown), receipt.MerchantCopy},
		"unknown-customer":         {unsettled(receipt.Unknown), receipt.CustomerCopy},
		"reversed-customer":        {unsettled(receipt.Reversed), receipt.CustomerCopy},
		"not-accepted-customer":    {notAccepted(), receipt.CustomerCopy},
		"in-doubt-customer":        {inDoubt, receipt.CustomerCopy},
	} {
		document, err := receipt.Compose(test.slip, test.reader)
		require.NoError(t, err)
		for suffix, profile := range map[string]escpos.Profile{"58": escpos.Paper58(), "80": escpos.Paper80()} {
			t.Run(name+"-"+suffix, func(t *testing.T) {
				requireGolden(t, name+"-"+suffix+".txt", render(t, document, profile.Columns))
				job, err := escpos.Encode(document, profile)
				require.NoError(t, err)
				require.Zero(t, job.Substituted, "a fixed word has no glyph")
				require.Empty(t, job.Degraded, "a symbol does not fit")
			})
		}
	}
}

func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func text(t *testing.T, slip receipt.Slip, reader receipt.Copy) string {
	t.Helper()
	document, err := receipt.Compose(slip, reader)
	require.NoError(t, err)
	const wide = 255 // nothing wraps, so that words can be searched for
	return render(t, document, wide)
}

func TestComposeShowsEveryField(t *testing.T) {
	slip := sale()
	for _, reader := range []receipt.Copy{receipt.MerchantCopy, receipt.CustomerCopy} {
		got := text(t, slip, reader)
		for _, field := range []string{
			slip.Merchant, slip.MerchantID, slip.Terminal, slip.Cashier, slip.Acquirer, slip.Operator,
			"002123******1234", "消费 SALE", slip.Batch, slip.Voucher, slip.Reference, slip.Authorisation,
			"2026-11-23 10:04:28", "¥1234.56", slip.Note, slip.Order, "[QR " + slip.CheckAddress + "]", "|" + slip.Reference + "|",
		} {
			require.Contains(t, strings.ReplaceAll(got, "￥", "¥"), field)
		}
		require.NotContains(t, got, "重印")
	}
}

func TestComposeCopies(t *testing.T) {
	merchant, customer := text(t, sale(), receipt.MerchantCopy), text(t, sale(), receipt.CustomerCopy)
	t.Run("MerchantSigned", func(t *testing.T) {
		require.Contains(t, merchant, "商户存根")
		require.Contains(t, merchant, "付款人签名")
	})
	t.Run("CustomerUnsigned", func(t *testing.T) {
		require.Contains(t, customer, "顾客联")
		require.NotContains(t, customer, "签名")
	})
	t.Run("ErrUnknownCopy", func(t *testing.T) {
		_, err := receipt.Compose(sale(), 0)
		require.ErrorIs(t, err, receipt.ErrSlip)
	})
}

func TestComposeReprintSaysSoTwice(t *testing.T) {
	for _, outcome := range []receipt.Outcome{receipt.Approved, receipt.Unknown} {
		slip := sale()
		slip.Outcome, slip.Reprint = outcome, true
		require.Equal(t, 2, strings.Count(text(t, slip, receipt.CustomerCopy), "重印 REPRINT"))
	}
}

func TestComposeOfflineSaysSoAndNeedsNoAnswer(t *testing.T) {
	slip := sale()
	slip.Operator, slip.Reference, slip.Authorisation = "", "", ""
	_, err := receipt.Compose(slip, receipt.CustomerCopy)
	require.ErrorIs(t, err, receipt.ErrSlip)
	slip.Offline = true
	got := text(t, slip, receipt.CustomerCopy)
	require.Contains(t, got, "脱机 OFFLINE")
	require.Contains(t, got, slip.Wallet)
	slip.Wallet = ""
	_, err = receipt.Compose(slip, receipt.CustomerCopy)
	require.ErrorIs(t, err, receipt.ErrSlip, "the wallet is known also without an answer")
}

func TestComposeUnpaidIsNeverMistakenForPaid(t *testing.T) {
	paidWords := []string{"签购单", "SALES SLIP", "签名", "SIGNATURE", "谢谢惠顾", "金额 AMOUNT", "请妥善保存", "|061234567890|"}
	unpaidWords := map[receipt.Outcome][]string{
		receipt.Declined: {"未付款", "NOT PAID"},
		receipt.Unknown:  {"结果未知", "请勿交货", "DO NOT HAND OVER"},
		receipt.Reversed: {"已冲正", "未付款", "NOT PAID"},
	}
	for outcome, words := range unpaidWords {
		for _, reader := range []receipt.Copy{receipt.MerchantCopy, receipt.CustomerCopy} {
			// Even with everything an approved payment has, only the outcome decides.
			slip := sale()
			slip.Outcome = outcome
			got := text(t, slip, reader)
			for _, word := range paidWords {
				require.NotContains(t, got, word)
			}
			for _, word := range append(words, "非付款凭证") {
				require.Contains(t, got, word)
				require.NotContains(t, text(t, sale(), reader), word)
			}
			require.Contains(t, got, words[0]+" (x2)", "the warning is large")
			require.NotContains(t, got, "1234.56 (x2)", "the amount is not")
		}
	}
}

func TestComposeCardInDoubtNeverSaysThatNothingWasCharged(t *testing.T) {
	for _, outcome := range []receipt.Outcome{receipt.Declined, receipt.Unknown, receipt.Reversed} {
		slip := unsettled(outcome)
		slip.CardInDoubt = true
		got := text(t, slip, receipt.CustomerCopy)
		require.Contains(t, got, "钱包或已扣款 (x2)")
		require.Contains(t, got, "凭此单联系钱包运营机构退回")
		for _, wrong := range []string{"未扣款", "Nothing was charged", "NOT PAID", "换一种方式"} {
			require.NotContains(t, strings.ReplaceAll(got, "未收金额 NOT PAID", ""), wrong)
		}
	}
	paid := sale()
	paid.CardInDoubt = true
	require.Equal(t, text(t, sale(), receipt.CustomerCopy), text(t, paid, receipt.CustomerCopy), "paid is paid")
}

func TestComposeCardDebitedNeverSaysThatNothingWasCharged(t *testing.T) {
	for _, outcome := range []receipt.Outcome{receipt.Declined, receipt.Unknown, receipt.Reversed} {
		slip := unsettled(outcome)
		slip.CardDebited = true
		got := text(t, slip, receipt.CustomerCopy)
		require.Contains(t, got, "钱包已记扣款 (x2)")
		require.Contains(t, got, "凭此单联系运营机构")
		for _, wrong := range []string{"未扣款", "Nothing was charged", "NOT PAID", "换一种方式"} {
			require.NotContains(t, strings.ReplaceAll(got, "未收金额 NOT PAID", ""), wrong)
		}
	}
	paid := sale()
	paid.CardDebited = true
	require.Equal(t, text(t, sale(), receipt.CustomerCopy), text(t, paid, receipt.CustomerCopy), "paid is paid")
}

func TestComposeReturnThatFailedSpeaksOfTheReturn(t *testing.T) {
	for outcome, warning := range map[receipt.Outcome]string{
		receipt.Declined: "未退回 (x2)", receipt.Reversed: "未退回 (x2)", receipt.Unknown: "请勿另行退款 (x2)",
	} {
		for _, transaction := range []receipt.Transaction{
			receipt.Void, receipt.Refund, receipt.HoldCancel, receipt.CompletionUndo,
		} {
			slip := unsettled(outcome)
			slip.Transaction = transaction
			got := text(t, slip, receipt.CustomerCopy)
			require.Contains(t, got, warning)
			require.Contains(t, got, "非退款凭证")
			require.NotContains(t, got, "签购单")
			require.NotContains(t, got, "付款")
		}
	}
}

func TestComposeFollowUp(t *testing.T) {
	t.Run("NamesTheOriginal", func(t *testing.T) {
		got := strings.ReplaceAll(text(t, followUp(receipt.Refund, 5000), receipt.MerchantCopy), "￥", "¥")
		for _, words := range []string{"33010043", "000342", "061234567890", "A1B2C3", "2026-11-23 10:04:28", "¥1234.56", "¥1184.56", "顾客签名"} {
			require.Contains(t, got, words)
		}
		require.NotContains(t, got, "付款", "nobody pays here")
	})
	t.Run("IsScannedAndReadAsTheOriginals", func(t *testing.T) {
		for transaction := receipt.Void; transaction <= receipt.CompletionUndo; transaction++ {
			got := text(t, followUp(transaction, 5000), receipt.CustomerCopy)
			require.Contains(t, got, "|061234567890|", "the bar code leads to the order")
			require.NotContains(t, got, "|061234567999|")
			require.NotContains(t, got, "\n参考号 REF", "its own number is not called the reference that others find")
			require.Regexp(t, `(?m)^办理号 FOLLOW-UP NO +061234567999$`, got)
			require.Regexp(t, `(?m)^原参考号 ORIG REF +061234567890$`, got)
		}
	})
	t.Run("HasNoBarCodeWhereTheOriginalHasNoNumber", func(t *testing.T) {
		slip := followUp(receipt.Refund, 5000)
		slip.Original.Reference = ""
		got := text(t, slip, receipt.CustomerCopy)
		require.NotContains(t, got, "|0612345")
		require.Contains(t, got, "[QR "+slip.CheckAddress+"]")
	})
	t.Run("SignedOnlyAtTheCounter", func(t *testing.T) {
		for transaction, signed := range map[receipt.Transaction]bool{
			receipt.Void: true, receipt.Refund: true, receipt.HoldTopUp: true, receipt.HoldCompletion: true,
			receipt.HoldCancel: false, receipt.CompletionUndo: false,
		} {
			got := text(t, followUp(transaction, 5000), receipt.MerchantCopy)
			require.Equal(t, signed, strings.Contains(got, "SIGNATURE"), transaction)
			require.NotContains(t, text(t, followUp(transaction, 5000), receipt.CustomerCopy), "SIGNATURE")
		}
	})
	t.Run("UnknownIsNeverTakenBack", func(t *testing.T) {
		for _, transaction := range []receipt.Transaction{receipt.HoldTopUp, receipt.HoldCompletion} {
			got := text(t, unsettledFollowUp(transaction, receipt.Unknown), receipt.CustomerCopy)
			require.Contains(t, got, "请勿重复办理 (x2)")
			require.NotContains(t, got, "撤销")
			require.NotContains(t, got, "签购单")
		}
	})
}

// TestComposeAlwaysPrints feeds arbitrary words: what Compose accepts, every printer profile can print.
func TestComposeAlwaysPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slip := sale()
		slip.Merchant = rapid.StringN(1, 40, -1).Draw(t, "merchant")
		slip.Note = rapid.StringN(0, 100, -1).Draw(t, "note")
		slip.Order = rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "order")
		slip.Amount.Minor = rapid.Int64Min(1).Draw(t, "amount")
		slip.Outcome = rapid.SampledFrom([]receipt.Outcome{receipt.Approved, receipt.Declined, receipt.Unknown, receipt.Reversed, receipt.NotAccepted}).Draw(t, "outcome")
		slip.Transaction = receipt.Transaction(rapid.IntRange(1, 8).Draw(t, "transaction"))
		if rapid.Bool().Draw(t, "followed up") {
			slip.Original = followUp(slip.Transaction, 1).Original
			slip.Original.Amount.Minor = rapid.Int64Min(1).Draw(t, "original amount")
			slip.Left = &money.Money{Minor: rapid.Int64Min(0).Draw(t, "left"), Currency: money.CNY}
		}
		slip.Reprint = rapid.Bool().Draw(t, "reprint")
		document, err := receipt.Compose(slip, receipt.Copy(rapid.IntRange(1, 2).Draw(t, "copy")))
		if err != nil {
			require.ErrorIs(t, err, receipt.ErrSlip)
			return
		}
		for _, profile := range []escpos.Profile{escpos.Paper58(), escpos.Paper80()} {
			job, err := escpos.Encode(document, profile)
			require.NoError(t, err)
			require.Empty(t, job.Degraded)
		}
	})
}
