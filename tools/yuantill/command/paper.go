package command

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// latestMax is how far back the latest sale with a receipt is looked for: as many may have ended unpaid after it.
const latestMax = 100

// idDigits is the length of an order's or follow-up's id.
const idDigits = 32

// paper is what is printed again: the receipt of an order, or the slip of a follow-up. One of the two is named.
type paper struct{ order, followUp string }

// paper finds what is meant; nothing means the latest receipt.
func (f *orderFlags) paper(ctx context.Context, client *stationclient.Client) (paper, error) {
	switch _, err := hex.DecodeString(f.text); {
	case f.text == "" && f.voucher == 0:
		return latestReceipt(ctx, client)
	case err == nil && len(f.text) == idDigits:
		return byID(ctx, client, f.text)
	default:
		return f.byNumber(ctx, client)
	}
}

// byID tells the two kinds of ids apart.
func byID(ctx context.Context, client *stationclient.Client, id string) (paper, error) {
	_, err := client.Follow(ctx, id)
	var refused *stationclient.RefusedError
	switch {
	case err == nil:
		return paper{followUp: id}, nil
	case errors.As(err, &refused) && refused.StatusCode == http.StatusNotFound:
		return paper{order: id}, nil
	default:
		return paper{}, stationFailure(err)
	}
}

// byNumber looks an order up by a number of its receipt, or of a slip of what was done with it on this till. Receipts and
// slips are numbered from one series, so what one of the slips has is not the receipt's.
func (f *orderFlags) byNumber(ctx context.Context, client *stationclient.Client) (paper, error) {
	numbered, err := f.inBatch(ctx, client)
	if err != nil {
		return paper{}, stationFailure(err)
	}
	wanted := stationclient.Lookup{Text: f.text}
	if f.text == "" {
		wanted = stationclient.Lookup{Batch: numbered.batch, Voucher: f.voucher}
	}
	order, err := client.Lookup(ctx, wanted)
	if err != nil {
		return paper{}, stationFailure(err)
	}
	if id := numbered.slipOf(order.FollowUps); id != "" {
		return paper{followUp: id}, nil
	}
	return paper{order: order.ID}, nil
}

// inBatch is the same with the open shift's batch where a voucher stands without one. While no shift is open, the lookup
// says so.
func (f *orderFlags) inBatch(ctx context.Context, client *stationclient.Client) (orderFlags, error) {
	numbered := *f
	if f.voucher == 0 || f.batch != 0 {
		return numbered, nil
	}
	shift, err := client.Shift(ctx)
	var refused *stationclient.RefusedError
	if err != nil && !errors.As(err, &refused) {
		return numbered, err
	}
	numbered.batch = shift.Batch
	return numbered, nil
}

// slipOf is the follow-up whose slip has the number, or nothing.
func (f *orderFlags) slipOf(done []stationclient.FollowUp) string {
	for _, one := range done {
		if f.text != "" && one.Reference == f.text || f.voucher != 0 && one.Voucher == f.voucher && one.Batch == f.batch {
			return one.ID
		}
	}
	return ""
}

// latestReceipt is the latest sale that has a receipt.
func latestReceipt(ctx context.Context, client *stationclient.Client) (paper, error) {
	sales, err := client.Sales(ctx, latestMax, false)
	if err != nil {
		return paper{}, stationFailure(err)
	}
	for _, sale := range sales {
		if sale.Outcome != "none" {
			return paper{order: sale.ID}, nil
		}
	}
	return paper{}, &Failure{Code: CodeRefused, Text: bilingual.Text{
		Chinese: "本机最近没有请求过付款", English: "nothing has been asked to be paid yet at this till, so there is no receipt",
	}, Next: catalogue.NextAfter(catalogue.RefuseNoSale).Text()}
}
