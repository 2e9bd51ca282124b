package agent_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/shift"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/closing"
)

// requireMore wants a refusal whose explanation, which people read, is this.
func requireMore(t *testing.T, err error, phrase catalogue.Phrase, chinese, english string) {
	t.Helper()
	var refusal *station.Refusal
	require.True(t, errors.As(err, &refusal), "%v", err)
	require.Equal(t, phrase.Text(), refusal.Phrase.Text())
	require.Equal(t, catalogue.Text{Chinese: chinese, English: english}, refusal.More)
}

func TestRefusedAmountsAreMoney(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		_, err := s.start("k", 5_000_001)
		requireMore(t, err, catalogue.RefuseAmount, "¥0.01 至 ¥50000.00", "¥0.01 to ¥50000.00")
		order := s.paid(t, "k1", 1250, false)
		_, err = s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 1251})
		requireMore(t, err, catalogue.RefuseMoreThanLeft, "还可退 ¥12.50", "¥12.50 is left to refund")
		_, err = s.do(order, "v1", station.FollowUpWish{Kind: void, Amount: 1})
		requireMore(t, err, catalogue.RefuseAmount, "撤销须整笔 ¥12.50，可不填金额", "a void takes back all of ¥12.50; leave the amount out")
		_, err = s.do(order, "c1", station.FollowUpWish{Kind: cancel, Amount: 1})
		requireMore(t, err, catalogue.RefuseAmount, catalogue.TakesNoAmount().Chinese, catalogue.TakesNoAmount().English)
		_, err = s.do(order, "c2", station.FollowUpWish{Kind: cancel})
		requireMore(t, err, catalogue.RefuseKindUnfit, "", "")
	})
}

func TestARefusedStateIsNamedAsPeopleSeeIt(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		_, err := s.till.Press(t.Context(), order, checkout.CancelPressed{})
		requireMore(t, err, catalogue.RefuseState, "支付成功", "Paid")
		require.Equal(t, catalogue.AfterStanding, catalogue.NextAfter(catalogue.RefuseState), "it cannot be sent again any better")
	})
}

func TestWhatIsOpenIsNamedAtAShiftsEnd(t *testing.T) {
	inShiftShop(t, silence, func(t *testing.T, s *shop) {
		s.openShift(t, 0)
		begun := s.begin(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		_, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		id := begun.Sale.OrderID.String()
		requireMore(t, err, catalogue.RefuseShiftApproval, "1 笔尚无结果："+id, "1 without a result: "+id)
	})
}

func TestWrongCountsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		methods map[string]int64
		want    catalogue.Text
	}{
		"NoCash":   {map[string]int64{closing.Code: 1}, catalogue.CashUncounted()},
		"NoMethod": {map[string]int64{closing.Cash: 1, "gold": 1}, catalogue.NoMethod("gold", closing.Methods())},
		"BelowZero": {map[string]int64{closing.Cash: -1}, catalogue.Text{
			Chinese: "cash 须在 ¥0.00 至 ¥10000000000.00 之间", English: "cash must be ¥0.00 to ¥10000000000.00"}},
	} {
		t.Run(name, func(t *testing.T) {
			inShiftShop(t, approve, func(t *testing.T, s *shop) {
				s.openShift(t, 0)
				_, err := s.shifts().CloseShift(t.Context(), shift.Count{Methods: c.methods})
				requireMore(t, err, catalogue.RefuseCount, c.want.Chinese, c.want.English)
			})
		})
	}
}

func TestTooMuchCashNamesTheLimit(t *testing.T) {
	inShiftShop(t, approve, func(t *testing.T, s *shop) {
		s.openShift(t, 0)
		_, err := s.shifts().MoveCash(context.Background(), station.Cash{Key: "c", Amount: shift.CountMax + 1})
		requireMore(t, err, catalogue.RefuseCash, "最多 ¥10000000000.00", "at most ¥10000000000.00")
	})
}

func TestARefusedCurrencySaysWhichIsTaken(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		amount := yuan(1)
		amount.Currency.Code = "HKD"
		_, err := s.till.Start(t.Context(), station.Start{Amount: amount})
		requireMore(t, err, catalogue.RefuseCurrency, "本机收 CNY", "it takes CNY")
	})
}
