package receipt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/money"
)

func fen(minor int64) money.Money { return money.Money{Minor: minor, Currency: money.CNY} }

func counted(minor int64) *money.Money {
	m := fen(minor)
	return &m
}

// closedShift is a shift that ended with cash short and all else right.
func closedShift() receipt.ShiftSlip {
	begun := time.Date(2026, time.November, 23, 0, 30, 0, 0, time.UTC)
	return receipt.ShiftSlip{
		Merchant: "西湖龙井茶叶店（湖滨路店）", MerchantID: "105330154110001", Terminal: "33010042", Batch: "000017",
		Cashier: "01 王芳", OpenedAt: begun, ClosedAt: begun.Add(8 * time.Hour), At: begun.Add(8 * time.Hour),
		Final: true, Float: fen(20000), CashMoved: fen(-12000), Revision: 1, Signature: strings.Repeat("0123456789abcdef", 8),
		Lines: []receipt.ShiftLine{
			{Method: closing.Code, Sales: 41, SalesAmount: fen(1234567), Refunds: 2, RefundsAmount: fen(4500),
				Expected: fen(1230067), Counted: counted(1230067)},
			{Method: closing.Tap, Sales: 3, SalesAmount: fen(900), Expected: fen(900)},
			{Method: closing.OfflineTap, Sales: 1, SalesAmount: fen(500), Expected: fen(500)},
			{Method: closing.Other, Refunds: 1, RefundsAmount: fen(100), Expected: fen(-100)},
			{Method: closing.Cash, Expected: fen(8000), Counted: counted(7990)},
		},
	}
}

func TestComposeShiftGolden(t *testing.T) {
	open, provisional := closedShift(), closedShift()
	open.Final, open.Revision, open.Signature = false, 0, ""
	for i := range open.Lines {
		open.Lines[i].Counted = nil
	}
	provisional.Provisional, provisional.Open, provisional.ApprovedBy = true, 2, "店长 李明"
	for name, slip := range map[string]receipt.ShiftSlip{
		"shift-x": open, "shift-z": closedShift(), "shift-provisional": provisional,
	} {
		document, err := receipt.ComposeShift(slip)
		require.NoError(t, err)
		for suffix, profile := range map[string]escpos.Profile{"58": escpos.Paper58(), "80": escpos.Paper80()} {
			t.Run(name+"-"+suffix, func(t *testing.T) {
				requireGolden(t, name+"-"+suffix+".txt", render(t, document, profile.Columns))
				job, err := escpos.Encode(document, profile)
				require.NoError(t, err)
				require.Zero(t, job.Substituted, "a fixed word has no glyph")
			})
		}
	}
}

func TestComposeShiftRefuses(t *testing.T) {
	for field, change := range map[string]func(*receipt.ShiftSlip){
		"merchant":    func(s *receipt.ShiftSlip) { s.Merchant = "" },
		"terminal":    func(s *receipt.ShiftSlip) { s.Terminal = "1" },
		"batch":       func(s *receipt.ShiftSlip) { s.Batch = "17" },
		"cashier":     func(s *receipt.ShiftSlip) { s.Cashier = strings.Repeat("长", 41) },
		"approved by": func(s *receipt.ShiftSlip) { s.Provisional = true },
		"signature":   func(s *receipt.ShiftSlip) { s.Signature = "00" },
		"time":        func(s *receipt.ShiftSlip) { s.ClosedAt = time.Time{} },
		"lines":       func(s *receipt.ShiftSlip) { s.Lines = make([]receipt.ShiftLine, 17) },
	} {
		slip := closedShift()
		change(&slip)
		_, err := receipt.ComposeShift(slip)
		var wrong *receipt.FieldError
		require.ErrorAs(t, err, &wrong, field)
		require.Equal(t, field, wrong.Field)
	}
}
