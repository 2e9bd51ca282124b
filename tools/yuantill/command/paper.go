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

// latestMax is how far back the latest sale with a receipt is looked for, as many may have ended unpaid after it, and a slip
// by its numbers.
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

// byNumber looks an order up. The journal finds sales by their numbers, and the cloud orders by a slip's reference too; what
// neither finds may be a slip of this till.
func (f *orderFlags) byNumber(ctx context.Context, client *stationclient.Client) (paper, error) {
	wanted := stationclient.Lookup{Text: f.text}
	if f.text == "" {
		wanted = stationclient.Lookup{Batch: f.batch, Voucher: f.voucher}
	}
	order, err := client.Lookup(ctx, wanted)
	var refused *stationclient.RefusedError
	switch {
	case err == nil && f.text != "" && order.Reference != f.text:
		if id := f.slipOf(order.FollowUps); id != "" {
			return paper{followUp: id}, nil
		}
		return paper{order: order.ID}, nil // by its QR code
	case err == nil:
		return paper{order: order.ID}, nil
	case !errors.As(err, &refused):
		return paper{}, stationFailure(err)
	}
	id, failed := f.recentSlip(ctx, client)
	switch {
	case failed != nil:
		return paper{}, stationFailure(failed)
	case id == "":
		return paper{}, stationFailure(err)
	}
	return paper{followUp: id}, nil
}

// recentSlip looks for a slip in what was done with the latest sales, or returns nothing.
func (f *orderFlags) recentSlip(ctx context.Context, client *stationclient.Client) (string, error) {
	numbered := *f
	if f.voucher != 0 && f.batch == 0 {
		shift, err := client.Shift(ctx)
		var refused *stationclient.RefusedError
		if errors.As(err, &refused) {
			return "", nil // none is open, as the lookup has said
		}
		if err != nil {
			return "", err
		}
		numbered.batch = shift.Batch
	}
	sales, err := client.Sales(ctx, latestMax, false)
	if err != nil {
		return "", err
	}
	for _, sale := range sales {
		done, err := client.FollowUps(ctx, sale.ID)
		if err != nil {
			return "", err
		}
		if id := numbered.slipOf(done); id != "" {
			return id, nil
		}
	}
	return "", nil
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
