package audit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/chaos/audit"
)

// lines is a slip's text as the product composes it, one line a block, as a printer would read it.
func lines(t *testing.T, slip receipt.Slip, reader receipt.Copy) []string {
	t.Helper()
	document, err := receipt.Compose(slip, reader)
	require.NoError(t, err)
	var text []string
	for _, block := range document.Blocks {
		switch b := block.(type) {
		case drivers.Text:
			text = append(text, strings.ReplaceAll(b.Content, "¥", "￥")) // as GB 18030 has it
		case drivers.Pair:
			if len(b.Value) > 20 { // it has no room beside its label
				text = append(text, b.Label, b.Value)
				continue
			}
			text = append(text, b.Label+" "+b.Value)
		}
	}
	return text
}

func slip(t *testing.T, outcome receipt.Outcome) receipt.Slip {
	t.Helper()
	amount, err := money.Of(123456, "CNY")
	require.NoError(t, err)
	return receipt.Slip{Merchant: "元味早点铺", MerchantID: "105290054110001", Terminal: till, Cashier: "01", Acquirer: "示例收单机构",
		Operator: "ICBC", Wallet: "000200******0001", Transaction: receipt.Sale, Batch: "000001", Voucher: "000001",
		Reference: "123456789012", Authorisation: "123456", Amount: amount, Order: string(id(1)),
		At: time.Unix(1_790_000_000, 0), Outcome: outcome}
}

func TestRead(t *testing.T) {
	for outcome, want := range map[receipt.Outcome]string{receipt.Approved: audit.Approved, receipt.Declined: audit.Declined,
		receipt.Unknown: audit.Unknown, receipt.Reversed: audit.Reversed} {
		t.Run(want, func(t *testing.T) {
			papers := audit.Read(till, lines(t, slip(t, outcome), receipt.CustomerCopy), false)
			require.Equal(t, []audit.Paper{{Terminal: till, Order: id(1), Copy: audit.CustomerCopy, Outcome: want, Amount: 123456, Whole: true}}, papers)
		})
	}
	t.Run("MerchantCopy", func(t *testing.T) {
		require.Equal(t, audit.MerchantCopy, audit.Read(till, lines(t, slip(t, receipt.Approved), receipt.MerchantCopy), false)[0].Copy)
	})
	t.Run("Reprint", func(t *testing.T) {
		s := slip(t, receipt.Approved)
		s.Reprint = true
		require.True(t, audit.Read(till, lines(t, s, receipt.CustomerCopy), false)[0].Reprint)
	})
	t.Run("EveryPartOfASlipAndAWholeOneBehindIt", func(t *testing.T) {
		whole := lines(t, slip(t, receipt.Approved), receipt.CustomerCopy)
		for cut := 1; cut < len(whole); cut++ {
			papers := audit.Read(till, append(whole[:cut:cut], whole...), false)
			require.Len(t, papers, 2, "cut behind line %d", cut)
			require.False(t, papers[0].Whole)
			require.True(t, papers[1].Whole)
		}
	})
	t.Run("TornAndCutShort", func(t *testing.T) {
		whole := lines(t, slip(t, receipt.Approved), receipt.CustomerCopy)
		require.False(t, audit.Read(till, whole, true)[0].Whole)
		require.False(t, audit.Read(till, whole[:5], false)[0].Whole)
	})
	t.Run("NoSlip", func(t *testing.T) {
		require.Empty(t, audit.Read(till, nil, false))
		require.Empty(t, audit.Read(till, []string{"谢谢惠顾 THANK YOU"}, false))
	})
}
