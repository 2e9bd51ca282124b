package receipt

import (
	"fmt"
	"time"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/money"
)

// ShiftSlip is everything that stands on a 交班单. Amounts may be zero or below it.
type ShiftSlip struct {
	Merchant, MerchantID, Terminal string
	// Batch has 6 digits.
	Batch   string
	Cashier string
	// OpenedAt and ClosedAt are printed in China's time; ClosedAt is zero while the shift is open, At is the time of print.
	OpenedAt, ClosedAt, At time.Time
	// Final is set on the report that ended the shift; Provisional when something was open then.
	Final, Provisional bool
	Float, CashMoved   money.Money
	Lines              []ShiftLine
	// Open counts what has no result yet.
	Open       int
	ApprovedBy string
	// Revision counts the ends of one shift; Signature is its SM2 signature in hexadecimal digits. Both are of an end only.
	Revision  uint32
	Signature string
}

// ShiftLine is one method on the slip. Counted is nil where nobody counted.
type ShiftLine struct {
	Method        string // as package closing names it
	Sales         uint32
	SalesAmount   money.Money
	Refunds       uint32
	RefundsAmount money.Money
	Expected      money.Money
	Counted       *money.Money
}

// shiftLinesMax bounds the lines of a slip.
const shiftLinesMax = 16

// Validate returns a *FieldError for the first field that cannot stand on the slip.
func (s ShiftSlip) Validate() error {
	for _, check := range []struct{ field, problem string }{
		{"merchant", words(s.Merchant, merchantMax, true)},
		{"merchant id", code(s.MerchantID, 15, true, digit)},
		{"terminal", code(s.Terminal, 8, true, letterOrDigit)},
		{"batch", code(s.Batch, 6, true, digit)},
		{"cashier", words(s.Cashier, nameMax, true)},
		{"approved by", words(s.ApprovedBy, nameMax, s.Provisional)},
		{"signature", code(s.Signature, 128, s.Final, letterOrDigit)},
	} {
		if check.problem != "" {
			return &FieldError{Field: check.field, Problem: check.problem}
		}
	}
	switch {
	case s.OpenedAt.IsZero() || s.At.IsZero() || s.Final && s.ClosedAt.IsZero():
		return &FieldError{Field: "time", Problem: "missing"}
	case len(s.Lines) > shiftLinesMax:
		return &FieldError{Field: "lines", Problem: fmt.Sprintf("%d, more than %d", len(s.Lines), shiftLinesMax)}
	default:
		return nil
	}
}

// ComposeShift returns the slip as a document that ends with a cut, or a *FieldError.
func ComposeShift(s ShiftSlip) (drivers.Document, error) {
	if err := s.Validate(); err != nil {
		return drivers.Document{}, fmt.Errorf("compose shift slip: %w", err)
	}
	var c composer
	c.shiftHeading(s)
	c.pair("商户 MERCHANT", s.Merchant)
	c.pair("商户号 MID", s.MerchantID)
	c.pair("终端号 TID", s.Terminal)
	c.pair("收银员 CASHIER", s.Cashier)
	c.pair("批次号 BATCH", s.Batch)
	c.pair("开班 OPENED", chinaTime(s.OpenedAt))
	if s.Final {
		c.pair("交班 CLOSED", chinaTime(s.ClosedAt))
	}
	c.pair("打印 PRINTED", chinaTime(s.At))
	c.add(drivers.Rule{})
	for _, line := range s.Lines {
		c.shiftLine(line, s)
	}
	c.shiftEnding(s)
	return drivers.Document{Blocks: c.blocks}, nil
}

func (c *composer) shiftHeading(s ShiftSlip) {
	if s.Final {
		c.loud("交班单")
		c.centre("SHIFT CLOSED · Z REPORT")
	} else {
		c.loud("当班报表")
		c.centre("SHIFT SO FAR · X REPORT")
		c.centre("未交班，仅供查看 NOT CLOSED")
	}
	if s.Provisional {
		c.loud("暂交 PROVISIONAL")
	}
	c.add(drivers.Rule{})
}

// shiftLine writes one method; of cash only the drawer is known.
func (c *composer) shiftLine(line ShiftLine, s ShiftSlip) {
	c.add(drivers.Text{Content: MethodWords(line.Method), Bold: true})
	if line.Method == closing.Cash {
		c.pair("备用金 FLOAT", s.Float.Display())
		c.pair("存取 MOVED", s.CashMoved.Display())
	} else {
		if line.Sales > 0 {
			c.pair(fmt.Sprintf("收款 SALES %d 笔", line.Sales), line.SalesAmount.Display())
		}
		if line.Refunds > 0 {
			c.pair(fmt.Sprintf("退款 REFUNDS %d 笔", line.Refunds), minus(line.RefundsAmount).Display())
		}
	}
	c.pair("应收 EXPECTED", line.Expected.Display())
	if line.Counted == nil {
		return
	}
	c.pair("实收 COUNTED", line.Counted.Display())
	difference := money.Money{Minor: line.Counted.Minor - line.Expected.Minor, Currency: line.Expected.Currency}
	label := "差额 DIFFERENCE"
	switch {
	case difference.Minor > 0:
		label = "长款 OVER"
	case difference.Minor < 0:
		label = "短款 SHORT"
	}
	c.pair(label, difference.Display())
}

func (c *composer) shiftEnding(s ShiftSlip) {
	c.add(drivers.Rule{})
	if s.Open > 0 {
		c.add(drivers.Text{Content: fmt.Sprintf("尚无结果 NO RESULT YET: %d 笔", s.Open), Bold: true},
			drivers.Text{Content: "有结果后自动补全交班"}, drivers.Text{Content: "The shift completes by itself once there is one"})
	}
	c.pair("同意人 APPROVED BY", s.ApprovedBy)
	if s.Final {
		c.pair("版次 REVISION", fmt.Sprintf("%d", s.Revision))
		c.add(drivers.Text{Content: "终端签名 SM2 SIGNATURE"})
		for rest := s.Signature; rest != ""; rest = rest[min(len(rest), signatureColumns):] {
			c.add(drivers.Text{Content: rest[:min(len(rest), signatureColumns)]})
		}
		c.add(drivers.Text{Content: "交班人签字 SIGNED BY"}, drivers.Feed{Lines: 2}, drivers.Rule{})
	}
	c.add(drivers.Feed{Lines: 1}, drivers.Cut{})
}

// signatureColumns fits the narrowest paper.
const signatureColumns = 32

// MethodWords names a method of package closing.
func MethodWords(method string) string {
	switch method {
	case closing.Code:
		return "付款码 CODE"
	case closing.Tap:
		return "硬件钱包 TAP"
	case closing.Shown:
		return "收款码 SHOWN CODE"
	case closing.OfflineTap:
		return "离线硬件钱包 OFFLINE TAP"
	case closing.Hold:
		return "预授权 HOLD"
	case closing.Cash:
		return "现金 CASH"
	default:
		return "其他终端的退款 OTHER TILL'S"
	}
}

func minus(m money.Money) money.Money { return money.Money{Minor: -m.Minor, Currency: m.Currency} }
