package merchant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// alarmUntold is the kind of the alarm about a payment whose terminal has not recorded how it ended and is kept out from now on.
const alarmUntold = "outcome-untold"

// Bounds of looking for such payments.
const (
	untoldRecords = 5_000 // the latest of a terminal that are looked through
	untoldAtOnce  = 500
	untoldMax     = 200 // told one by one
)

// UntoldStore is what looking for payments without a recorded end needs of the store.
type UntoldStore interface {
	store.Writer
	Head(ctx context.Context, terminal record.Terminal) (store.Head, error)
	Records(ctx context.Context, terminal record.Terminal, after uint64, limit int) ([]store.Record, error)
	Payment(ctx context.Context, order store.OrderID) (store.Payment, error)
	Entries(ctx context.Context, order store.OrderID) ([]store.Entry, error)
}

// TellUntold has somebody told of each payment that a terminal asked for and has not recorded the end of, where money was kept or may
// yet be: the terminal is kept out, so its cashier will not hear that the customer has paid. It returns how many there are, and
// may be called again: what was told of once is not told again. Errors are the store's.
func TellUntold(ctx context.Context, s UntoldStore, id record.Terminal, now time.Time) (int, error) {
	orders, err := unended(ctx, s, id)
	if err != nil {
		return 0, err
	}
	var alarms []store.Alarm
	for _, order := range orders {
		why, err := keeps(ctx, s, order)
		if err != nil {
			return 0, err
		}
		if why == "" {
			continue
		}
		alarms = append(alarms, store.Alarm{Key: alarmUntold + "/" + order.String(), Kind: alarmUntold, Terminal: id.String(), At: now, Once: true,
			Detail: fmt.Sprintf("order %s: %s; the terminal was kept out before it recorded an end", order, why)})
	}
	if len(alarms) == 0 {
		return 0, nil
	}
	if err := s.Commit(ctx, store.Change{Alarms: alarms[:min(len(alarms), untoldMax)]}); err != nil {
		return 0, fmt.Errorf("store alarms: %w", err)
	}
	return len(alarms), nil
}

// unended are the orders that a terminal asked to be paid, online, and has recorded no definite end of, in the order of asking.
func unended(ctx context.Context, s UntoldStore, id record.Terminal) ([]store.OrderID, error) {
	head, err := s.Head(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read head of terminal %s: %w", id, err)
	}
	var orders []store.OrderID
	after := head.HighWater - min(head.HighWater, untoldRecords)
	for range 2 * untoldRecords / untoldAtOnce { // there may be some beyond a gap
		records, err := s.Records(ctx, id, after, untoldAtOnce)
		if err != nil {
			return nil, fmt.Errorf("read records of terminal %s: %w", id, err)
		}
		for _, r := range records {
			orders, after = ended(orders, r.Bytes), r.Sequence
		}
		if len(records) < untoldAtOnce {
			break
		}
	}
	return orders, nil
}

// ended is the list after one more record. What cannot be read is passed over: the collector has told of it.
func ended(orders []store.OrderID, r record.Record) []store.OrderID {
	header, err := record.ParseHeader(r)
	if err != nil {
		return orders
	}
	var requested message.PaymentRequested
	var shown message.OutcomeShown
	switch header.Type {
	case record.PaymentRequested:
		err := proto.Unmarshal(r.Body(), &requested)
		if err == nil && requested.GetOffline() == nil && len(requested.GetOrderId()) == len(store.OrderID{}) {
			return append(orders, store.OrderID(requested.GetOrderId()))
		}
	case record.OutcomeShown:
		if proto.Unmarshal(r.Body(), &shown) != nil || len(shown.GetOrderId()) != len(store.OrderID{}) {
			return orders
		}
		switch shown.GetOutcome() {
		case message.Outcome_OUTCOME_APPROVED, message.Outcome_OUTCOME_DECLINED, message.Outcome_OUTCOME_REVERSED:
			return slices.DeleteFunc(orders, func(o store.OrderID) bool { return o == store.OrderID(shown.GetOrderId()) })
		default:
		}
	default:
	}
	return orders
}

// keeps says what of the customer's money is kept of a payment, or may be; empty for nothing.
func keeps(ctx context.Context, s UntoldStore, order store.OrderID) (string, error) {
	row, err := s.Payment(ctx, order)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("find payment %s: %w", order, err)
	case !row.Final:
		return "it has no result yet", nil
	}
	entries, err := s.Entries(ctx, order)
	if err != nil {
		return "", fmt.Errorf("read entries of %s: %w", order, err)
	}
	paid := int64(0)
	for _, entry := range entries {
		for _, posting := range entry.Postings {
			if strings.HasPrefix(posting.Account, "operator/") {
				paid += posting.Amount
			}
		}
	}
	if paid == 0 {
		return "", nil
	}
	return fmt.Sprintf("the customer has paid, %d minor units are kept", paid), nil
}
