package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/hardwallet"
)

// tap asks one card for a sale and returns the sale that it was asked for, none when it was not, and whether the card would
// only say the same again. Its error is that of a till that stops.
func (t *till) tap(ctx context.Context, card drivers.Card, sale checkout.OrderID) (asked checkout.OrderID, settled bool, err error) {
	defer func() {
		releasing, cancel := context.WithTimeout(context.WithoutCancel(ctx), fieldPause)
		defer cancel()
		_ = card.Release(releasing) // the next Await starts afresh anyway
	}()
	// An exchange on its way is not cut short by stopping: the card may be debiting itself.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.config.Timing.TapWithin-time.Second/2)
	defer cancel()
	asked, event := t.askCard(asking, exchanger{card: card}, sale)
	if event == nil {
		return asked, false, sleep(ctx, cardPause)
	}
	t.cardEvent(ctx, asked, event)
	refused, is := event.(checkout.CardRefused)
	switch {
	case !is:
		return asked, false, nil
	case refused.Cause == checkout.CardLimit || refused.Cause == checkout.CardUsedUp || refused.Cause == checkout.CardFunds || refused.Cause == checkout.CardBlocked:
		return asked, true, nil
	}
	return asked, false, sleep(ctx, cardPause)
}

// askCard opens the wallet, lets the machine say what to ask, and asks it. It returns what came of it and the sale that it was
// asked for, none when it could not be opened; no event when it is not to ask. Unless meant still holds the till, it is not.
func (t *till) askCard(ctx context.Context, card exchanger, meant checkout.OrderID) (checkout.OrderID, checkout.Event) {
	wallet, err := hardwallet.Open(ctx, card, t.parts.Issuers)
	if err != nil {
		t.logger.InfoContext(ctx, "card not opened", "error", err)
		return checkout.OrderID{}, checkout.CardRefused{Cause: refusalCause(err)}
	}
	sale, order, err := t.presentCard(ctx, wallet, meant)
	if err != nil {
		t.logger.ErrorContext(ctx, "card not presented", "error", err)
		return checkout.OrderID{}, nil
	}
	request := t.rules.CardRequest(sale)
	var transaction hardwallet.Transaction
	switch order.(type) {
	case checkout.PayCard:
		transaction, err = wallet.Pay(ctx, card, t.parts.Issuers, request)
	case checkout.RecoverCard:
		pending := hardwallet.Pending{Request: request, Wallet: sale.Card.Wallet, Counter: sale.Card.Counter}
		transaction, err = hardwallet.Recover(ctx, card, t.parts.Issuers, pending)
	default:
		return checkout.OrderID{}, nil
	}
	return sale.OrderID, t.cardAnswer(ctx, transaction, err)
}

// cardAnswer turns what the card did into an event.
func (t *till) cardAnswer(ctx context.Context, transaction hardwallet.Transaction, err error) checkout.Event {
	var unknown *hardwallet.UnknownOutcomeError
	switch {
	case errors.As(err, &unknown):
		t.logger.WarnContext(ctx, "card did not answer", "error", err)
		return checkout.CardSilent{}
	case err != nil:
		t.logger.InfoContext(ctx, "card did not pay", "error", err)
		return checkout.CardRefused{Cause: refusalCause(err)}
	}
	signed, err := transaction.MarshalBinary()
	if err != nil {
		t.logger.ErrorContext(ctx, "transaction not encoded", "error", err)
		return checkout.CardSilent{}
	}
	return checkout.CardPaid{Transaction: signed}
}

// presentCard tells the machine of a card and returns the sale and what to ask the card. A card that came for a sale that
// has ended since is left alone: the next one is another customer's.
func (t *till) presentCard(
	ctx context.Context, wallet hardwallet.Wallet, meant checkout.OrderID,
) (checkout.Sale, checkout.Effect, error) {
	event := checkout.CardPresented{Wallet: wallet.Certificate.Wallet, Counter: wallet.Counter}
	if _, err := io.ReadFull(t.parts.Random, event.Nonce[:]); err != nil {
		return checkout.Sale{}, nil, fmt.Errorf("draw nonce: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	h, open := t.sales[t.front]
	if !open || t.front != meant || begins(h.sale) && t.barred() != nil {
		return checkout.Sale{}, checkout.LeaveCard{}, nil
	}
	event.Barred = t.barCard(wallet, h.sale)
	h.card = checkout.LeaveCard{}
	h, err := t.present(ctx, h, event, nil)
	return h.sale, h.card, err
}

// barCard says why a hard wallet may not be asked to pay now: what it signs could not be recorded, or not be accepted. The
// lock is held.
func (t *till) barCard(wallet hardwallet.Wallet, sale checkout.Sale) catalogue.Phrase {
	if err := t.parts.Journal.Room(); err != nil {
		t.logger.Warn("hard wallet not asked", "error", err)
		return refuseJournal(err).Phrase
	}
	return t.barWallet(wallet, sale)
}

// cardEvent brings what a card did to the sale that it was asked for, whatever became of that meanwhile, or to the one that
// holds the till when it was not asked for any.
func (t *till) cardEvent(ctx context.Context, asked checkout.OrderID, event checkout.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if asked == (checkout.OrderID{}) {
		asked = t.front
	}
	if asked == (checkout.OrderID{}) {
		return
	}
	h, err := t.find(ctx, asked)
	if err != nil {
		t.logger.ErrorContext(ctx, "sale of a card's answer not found", "sale", asked, "error", err)
		return
	}
	if paid, ok := event.(checkout.CardPaid); ok {
		event = checkout.CardPaid{Transaction: paid.Transaction, Offline: t.acceptance(h.sale, paid.Transaction)}
	}
	_ = t.give(ctx, h, event, nil) // an error is in the log, and the machine tries again
}

// refusalCause puts a definite refusal into the machine's words.
func refusalCause(err error) checkout.CardCause {
	for _, known := range []struct {
		err   error
		cause checkout.CardCause
	}{
		{hardwallet.ErrNotPaid, checkout.CardNotPaid},
		{hardwallet.ErrInsufficient, checkout.CardFunds},
		{hardwallet.ErrOverLimit, checkout.CardLimit},
		{hardwallet.ErrTapsUsedUp, checkout.CardUsedUp},
		{hardwallet.ErrExpired, checkout.CardBlocked},
		{hardwallet.ErrBlocked, checkout.CardBlocked},
		{hardwallet.ErrNotSent, checkout.CardAway},
		{drivers.ErrGone, checkout.CardAway},
		{hardwallet.ErrNotWallet, checkout.CardForeign},
		{hardwallet.ErrOtherCard, checkout.CardForeign},
		{hardwallet.ErrUnknownIssuer, checkout.CardForeign},
		{hardwallet.ErrCertificate, checkout.CardForeign},
		{hardwallet.ErrVersion, checkout.CardForeign},
		{hardwallet.ErrMalformed, checkout.CardForeign},
		{hardwallet.ErrCurrency, checkout.CardForeign},
	} {
		if errors.Is(err, known.err) {
			return known.cause
		}
	}
	return checkout.CardDeclined
}

// exchanger lets a driver's card be asked by package hardwallet.
type exchanger struct{ card drivers.Card }

// Exchange marks what the card certainly never saw. An error of another kind than the drivers' leaves it open.
func (e exchanger) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", hardwallet.ErrNotSent, err)
	}
	answer, err := e.card.Exchange(ctx, command)
	var failure *drivers.Error
	if errors.As(err, &failure) && !failure.OutcomeUnknown {
		return nil, fmt.Errorf("%w: %w", hardwallet.ErrNotSent, err)
	}
	return answer, err
}
