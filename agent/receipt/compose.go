package receipt

import (
	"fmt"
	"strings"
	"time"

	"github.com/yuantill/yuantill/drivers"
)

// chinaOffset is China's one time zone; no table of zones is needed on the terminal.
const chinaOffset = 8 * 60 * 60

const timeLayout = "2006-01-02 15:04:05"

// Compose returns one copy of a slip as a document that ends with a cut, or a *FieldError.
func Compose(slip Slip, reader Copy) (drivers.Document, error) {
	if err := slip.Validate(); err != nil {
		return drivers.Document{}, fmt.Errorf("compose receipt: %w", err)
	}
	if reader != MerchantCopy && reader != CustomerCopy {
		return drivers.Document{}, fmt.Errorf("compose receipt: %w", &FieldError{Field: "copy", Problem: "unknown value"})
	}
	c := composer{slip: slip, reader: reader, words: wording(slip.Outcome, slip.Transaction)}
	taken := slip.Outcome == Approved || slip.Outcome == NotAccepted
	if slip.CardInDoubt && !taken {
		c.words = c.words.inDoubt()
	}
	if slip.CardDebited && !taken {
		c.words = c.words.debited()
	}
	c.heading()
	c.parties()
	c.transaction()
	c.amount()
	if slip.Outcome == Approved {
		c.approved()
	} else {
		c.unpaid()
	}
	c.check()
	c.ending()
	return drivers.Document{Blocks: c.blocks}, nil
}

type composer struct {
	slip   Slip
	reader Copy
	words  phrases
	blocks []drivers.Block
}

func (c *composer) add(blocks ...drivers.Block) { c.blocks = append(c.blocks, blocks...) }

func (c *composer) centre(text string) { c.add(drivers.Text{Content: text, Align: drivers.Centre}) }

func (c *composer) loud(text string) {
	c.add(drivers.Text{Content: text, Align: drivers.Centre, Bold: true, Scale: 2})
}

// pair adds a line unless its value is empty.
func (c *composer) pair(label, value string) {
	if value != "" {
		c.add(drivers.Pair{Label: label, Value: value})
	}
}

func (c *composer) heading() {
	c.loud(c.words.title)
	c.centre(c.words.titleEnglish)
	if c.slip.Reprint {
		c.loud("重印 REPRINT")
	}
	if c.slip.Offline {
		c.loud("脱机 OFFLINE")
	}
	if c.reader == MerchantCopy {
		c.centre("商户存根 MERCHANT COPY")
	} else {
		c.centre("顾客联 CUSTOMER COPY")
	}
	c.warning()
	c.add(drivers.Rule{})
}

// warning is the banner of every slip that is no proof of payment.
func (c *composer) warning() {
	if c.slip.Outcome == Approved {
		return
	}
	c.add(drivers.Rule{})
	for _, line := range c.words.warning {
		c.loud(line)
	}
	for _, line := range c.words.warningEnglish {
		c.add(drivers.Text{Content: line, Align: drivers.Centre, Bold: true})
	}
}

func (c *composer) parties() {
	c.pair("商户 MERCHANT", c.slip.Merchant)
	c.pair("商户号 MID", c.slip.MerchantID)
	c.pair("终端号 TID", c.slip.Terminal)
	c.pair("收银员 CASHIER", c.slip.Cashier)
	c.pair("收单机构 ACQUIRER", c.slip.Acquirer)
	c.pair("运营机构 OPERATOR", c.slip.Operator)
	c.pair("钱包 WALLET", c.slip.Wallet)
	c.add(drivers.Rule{})
}

func (c *composer) transaction() {
	c.pair("交易类型 TYPE", c.slip.Transaction.label())
	c.pair("批次号 BATCH", c.slip.Batch)
	c.pair("凭证号 VOUCHER", c.slip.Voucher)
	if c.slip.Original == nil {
		c.pair("参考号 REF", c.slip.Reference)
	} else {
		c.pair("办理号 FOLLOW-UP NO", c.slip.Reference)
	}
	c.pair("授权码 AUTH", c.slip.Authorisation)
	c.pair("时间 TIME", chinaTime(c.slip.At))
	c.pair("订单号 ORDER", c.slip.Order)
	c.pair("店铺单号 SHOP ORDER", c.slip.ShopOrder)
	c.add(drivers.Rule{})
	c.original()
}

// original says what the transaction is about, so that both slips are found together.
func (c *composer) original() {
	o := c.slip.Original
	if o == nil {
		return
	}
	c.pair("原终端号 ORIG TID", o.Terminal)
	c.pair("原批次号 ORIG BATCH", o.Batch)
	c.pair("原凭证号 ORIG VOUCHER", o.Voucher)
	c.pair("原参考号 ORIG REF", o.Reference)
	c.pair("原授权码 ORIG AUTH", o.Authorisation)
	if !o.At.IsZero() {
		c.pair("原时间 ORIG", chinaTime(o.At))
	}
	c.pair("原金额 ORIG AMOUNT", o.Amount.Display())
	c.add(drivers.Rule{})
}

func chinaTime(at time.Time) string {
	return at.In(time.FixedZone("UTC+8", chinaOffset)).Format(timeLayout)
}

func (c *composer) amount() {
	c.add(drivers.Text{Content: c.words.amount, Bold: true})
	amount := drivers.Text{Content: c.slip.Amount.Display(), Align: drivers.Right, Bold: true, Scale: 2}
	if c.slip.Outcome != Approved {
		amount.Scale = 1 // the warning is the largest thing on an unpaid slip
	}
	c.add(amount)
	if c.slip.Completed != nil {
		c.pair("累计完成 COMPLETED", c.slip.Completed.Display())
	}
	if c.slip.Left != nil {
		c.pair(c.slip.Transaction.leftLabel(), c.slip.Left.Display())
	}
	if !c.slip.Expires.IsZero() {
		c.pair("到期 EXPIRES", chinaTime(c.slip.Expires))
	}
	c.pair("备注 NOTE", c.slip.Note)
	c.add(drivers.Rule{})
}

// approved adds what only a 签购单 has: the signature line and the bar code that the order is looked up by.
func (c *composer) approved() {
	if c.reader == MerchantCopy && c.slip.Transaction.signed() {
		c.add(drivers.Text{Content: c.slip.Transaction.signature()}, drivers.Feed{Lines: 2}, drivers.Rule{})
		c.centre("本人确认以上交易")
		c.centre("I agree to the above transaction")
	}
	if c.slip.Offline && c.slip.Transaction.goesBack() && c.slip.Reference == "" {
		c.add(drivers.Text{Content: "脱机受理：联网结算后，款项原路退回付款钱包。"},
			drivers.Text{Content: "Accepted offline: the money goes back to the paying wallet once the payment is settled."})
	}
	if order := c.slip.orderReference(); order != "" {
		c.add(drivers.Barcode{Content: order})
	}
}

func (c *composer) unpaid() {
	c.pair("原因 REASON", c.slip.Reason)
	c.add(drivers.Text{Content: c.words.advice}, drivers.Text{Content: c.words.adviceEnglish})
}

func (c *composer) check() {
	if c.slip.CheckAddress == "" {
		return
	}
	c.add(drivers.QR{Content: c.slip.CheckAddress})
	c.centre("扫码查验 SCAN TO CHECK")
}

func (c *composer) ending() {
	switch {
	case c.slip.Outcome != Approved:
		c.add(drivers.Rule{})
		c.loud(c.words.proof)
		c.centre(c.words.proofEnglish)
	case c.reader == CustomerCopy:
		c.centre("谢谢惠顾 THANK YOU")
	default:
		c.centre("请妥善保存 PLEASE KEEP")
	}
	if c.slip.Reprint {
		c.centre(strings.Repeat("*", 4) + " 重印 REPRINT " + strings.Repeat("*", 4))
	}
	c.add(drivers.Feed{Lines: 1}, drivers.Cut{})
}
