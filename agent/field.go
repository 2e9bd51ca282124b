package agent

import (
	"context"
	"errors"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/drivers"
)

// Times and counts of the field.
const (
	cardPause     = time.Second            // after a refusal, so that a card left in the field is not asked again and again
	fieldPause    = 100 * time.Millisecond // after an error of the field, and between looks at one in which a card lay
	fieldTroubles = 20                     // errors of the field in a row before the reader is opened again
	fieldLooks    = 2                      // looks in a row that find nothing before the field counts as empty: one may miss a card
)

// fieldWatch is whose the cards in a reader's field are.
type fieldWatch struct {
	till   *till
	reader drivers.CardReader
	// admitted is the sale since whose beginning the field was seen empty, or for which the card in it was asked already. A
	// card that lies there from before may be a stranger's who forgot it: it pays no other sale.
	admitted checkout.OrderID
	// used is set from a card's asking until the field is seen empty.
	used bool
}

// useReader waits for a hard wallet while a sale wants one. The reader counts as ready when it has answered.
func (t *till) useReader(ctx context.Context, reader drivers.CardReader) error {
	if err := t.answering(ctx, reader); err != nil {
		return err
	}
	watch := fieldWatch{till: t, reader: reader}
	for troubles := 0; ; {
		wish := t.wantsCard()
		if wish.sale == (checkout.OrderID{}) {
			if err := t.idleReader(ctx, reader); err != nil {
				return err
			}
			continue
		}
		err := watch.serve(ctx, wish)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			troubles = 0
			continue
		}
		if troubles++; troubles > fieldTroubles || !t.fieldTrouble(ctx, err) {
			return err
		}
		if err := sleep(ctx, fieldPause); err != nil {
			return err
		}
		if err := t.answering(ctx, reader); err != nil {
			return err
		}
	}
}

// serve takes one card for a sale, or ends when the sale wants none any more.
func (w *fieldWatch) serve(ctx context.Context, wish cardWish) error {
	if !wish.recovers && w.admitted != wish.sale {
		return w.admit(ctx, wish.sale, false)
	}
	card, err := w.till.await(ctx, w.reader, wish.sale)
	if card == nil || err != nil {
		return err
	}
	w.used = true
	asked, settled, err := w.till.tap(ctx, card, wish.sale)
	if asked != (checkout.OrderID{}) {
		w.admitted = asked
	}
	if settled && !wish.recovers { // said once, which stays to be read until the card is laid on again
		return w.admit(ctx, wish.sale, true)
	}
	return err
}

// admit waits until the field is empty, and tells the sale of a card that lies there unless it was told of it. The sale may
// have ended before.
func (w *fieldWatch) admit(ctx context.Context, sale checkout.OrderID, told bool) error {
	for empty := 0; empty < fieldLooks; {
		vacant, err := w.reader.Vacant(ctx)
		if err != nil {
			return err
		}
		if vacant {
			empty++
		} else {
			empty, w.used = 0, true
		}
		if !vacant && !told {
			told = true
			w.till.cardEvent(ctx, sale, checkout.CardRefused{Cause: checkout.CardLying})
		}
		// A card at the field's edge comes and goes; to an empty field the next customer's comes soon.
		if w.used && empty < fieldLooks {
			if err := sleep(ctx, fieldPause); err != nil {
				return err
			}
		}
		if w.till.wantsCard().sale != sale {
			return nil
		}
	}
	w.admitted, w.used = sale, false
	return nil
}

// cardWish is the sale that takes a hard wallet now; the zero value when none does.
type cardWish struct {
	sale checkout.OrderID
	// recovers says that the card is only asked what it did for the sale, which debits nothing.
	recovers bool
}

// wantsCard returns the wish of the sale that holds the till.
func (t *till) wantsCard() cardWish {
	t.mu.Lock()
	defer t.mu.Unlock()
	h, open := t.sales[t.front]
	switch {
	case open && h.sale.State == checkout.CardUnknown:
		return cardWish{sale: t.front, recovers: true}
	case open && begins(h.sale) && !h.sale.Hold && t.barred() == nil:
		return cardWish{sale: t.front}
	default:
		return cardWish{}
	}
}

// await polls the field until there is a card, or returns nothing when the sale wants none any more.
func (t *till) await(ctx context.Context, reader drivers.CardReader, sale checkout.OrderID) (drivers.Card, error) {
	waiting, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for waiting.Err() == nil {
			select {
			case <-t.armed:
				if t.wantsCard().sale != sale {
					cancel()
				}
			case <-waiting.Done():
			}
		}
	}()
	card, err := reader.Await(waiting)
	ended := waiting.Err() != nil
	cancel()
	<-watched
	if err != nil && ended {
		return nil, nil
	}
	return card, err
}

// fieldTrouble tells what a person can mend and reports whether polling goes on.
func (t *till) fieldTrouble(ctx context.Context, err error) bool {
	var failure *drivers.Error
	if !errors.As(err, &failure) {
		return false
	}
	if failure.Kind == drivers.KindNotReady {
		t.cardEvent(ctx, checkout.OrderID{}, checkout.CardRefused{Cause: checkout.CardCrowd})
		return sleep(ctx, cardPause) == nil
	}
	return failure.Retryable()
}
