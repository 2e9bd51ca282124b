package agent

import (
	"context"
	"errors"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/scanner"
)

// useScanner brings every symbol to the open sale, and through: when it returns to the scanner, the payment's request
// is recorded and sent.
func (t *till) useScanner(ctx context.Context, device drivers.Scanner) error {
	for {
		scan, err := device.Next(ctx)
		var failure *drivers.Error
		switch {
		case err == nil:
			t.scanned(ctx, scan)
		case errors.As(err, &failure) && failure.Kind == drivers.KindGarbage:
			t.logger.WarnContext(ctx, "scan not understood", "error", err)
			t.scanEvent(ctx, drivers.Scan{At: t.parts.Clock()}, checkout.CodeScanned{Kind: checkout.CodeUnreadable}, nil)
		default:
			return err
		}
	}
}

func (t *till) scanned(ctx context.Context, scan drivers.Scan) {
	code := scanner.Classify(scan.Text)
	event := checkout.CodeScanned{Kind: codeKind(code.Kind), Tail: code.Tail()}
	var secret []byte
	if code.Kind == scanner.ECNY {
		secret = []byte(code.Text)
	} else {
		event.Tail = ""
	}
	t.scanEvent(ctx, scan, event, secret)
}

// scanEvent gives a scan to the sale that holds the till. A code that was scanned before the sale began belongs to
// somebody else.
func (t *till) scanEvent(ctx context.Context, scan drivers.Scan, event checkout.CodeScanned, secret []byte) {
	defer clear(secret) // the uplink keeps a copy of its own until the payment is definite
	t.mu.Lock()
	defer t.mu.Unlock()
	h, open := t.sales[t.front]
	if !open || scan.At.Before(h.sale.StartedAt) {
		t.feed.PublishNotice(deviceScanner, catalogue.NoticeScanIdle, t.parts.Clock())
		return
	}
	if barred := t.barred(); barred != nil && begins(h.sale) {
		h.notice = barred.Phrase
		t.feed.PublishSale(t.rules.View(h.sale, h.notice), t.parts.Clock())
		return
	}
	// An error is in the log and on the screen; nothing was sent.
	_, _ = t.present(ctx, h, event, secret)
}

// begins reports whether what a customer presents begins a payment of the sale, or of another in its place.
func begins(s checkout.Sale) bool { return s.State == checkout.Waiting || s.TakesOthers() }

func codeKind(kind scanner.Kind) checkout.CodeKind {
	switch kind {
	case scanner.ECNY:
		return checkout.CodeECNY
	case scanner.WeChat:
		return checkout.CodeWeChat
	case scanner.Alipay:
		return checkout.CodeAlipay
	case scanner.UnionPay:
		return checkout.CodeUnionPay
	case scanner.EAN13, scanner.EAN8:
		return checkout.CodeGoods
	default:
		return checkout.CodeOther
	}
}
