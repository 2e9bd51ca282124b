package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// errNotRefused says that the till did something that it should have refused.
var errNotRefused = errors.New("not refused")

// step is one thing done with a scene's order; it returns by how much the customers then paid more or less.
type step func(ctx context.Context, s *stage) (moved int64, err error)

// refundPart finds the order by its receipt's number and gives a part back.
func refundPart(amount int64) step {
	return func(ctx context.Context, s *stage) (int64, error) {
		s.out.say(cashier, "按参考号 %s 查单 · looks the receipt up", s.sale.Reference)
		order, err := s.shop.Station.Lookup(ctx, stationclient.Lookup{Reference: s.sale.Reference})
		if err != nil {
			return 0, fmt.Errorf("look up order: %w", err)
		}
		done, err := s.followUp(ctx, order.ID, stationclient.FollowUpBody{Kind: "refund", Amount: amount, Note: "少一份"})
		return -done.Amount, err
	}
}

// refundTooMuch asks for more than is left.
func refundTooMuch(amount int64) step {
	return func(ctx context.Context, s *stage) (int64, error) {
		_, err := s.shop.Station.FollowUp(ctx, uuid.NewString(), s.sale.ID, stationclient.FollowUpBody{Kind: "refund", Amount: amount})
		var refused *stationclient.RefusedError
		if !errors.As(err, &refused) {
			return 0, fmt.Errorf("refund beyond what is left: %w: %w", errNotRefused, err)
		}
		s.out.say(till, "%s · %s", refused.Text.Chinese, refused.Text.English)
		return 0, nil
	}
}

// voidAll takes the whole payment back in its shift.
func voidAll(ctx context.Context, s *stage) (int64, error) {
	done, err := s.followUp(ctx, s.sale.ID, stationclient.FollowUpBody{Kind: "void"})
	return -done.Amount, err
}

// topUp holds more.
func topUp(amount int64) step {
	return func(ctx context.Context, s *stage) (int64, error) {
		_, err := s.followUp(ctx, s.sale.ID, stationclient.FollowUpBody{Kind: "top-up", Amount: amount})
		return 0, err
	}
}

// complete takes a part of what is held and releases the rest.
func complete(amount int64) step {
	return func(ctx context.Context, s *stage) (int64, error) {
		done, err := s.followUp(ctx, s.sale.ID, stationclient.FollowUpBody{Kind: "complete", Amount: amount, Last: true})
		if err == nil && (done.Standing == nil || !done.Standing.Closed) {
			err = fmt.Errorf("%w: the rest is still held", errOutcome)
		}
		return done.Amount, err
	}
}

// followUp asks for something to be done with an order and waits until it is and its slips are out.
func (s *stage) followUp(ctx context.Context, order string, wish stationclient.FollowUpBody) (stationclient.FollowUp, error) {
	told, err := s.shop.Station.FollowUp(ctx, uuid.NewString(), order, wish)
	if err != nil {
		return told, fmt.Errorf("ask for %s: %w", wish.Kind, err)
	}
	s.out.say(cashier, "%s · %s %s", told.Name.Chinese, told.Name.English, amountOf(told))
	for !told.Final || len(told.Unprinted) > 0 {
		select {
		case <-time.After(printPoll):
		case <-ctx.Done():
			return told, fmt.Errorf("wait for %s: %w", wish.Kind, ctx.Err())
		}
		if told, err = s.shop.Station.Follow(ctx, told.ID); err != nil {
			return told, fmt.Errorf("ask about %s: %w", wish.Kind, err)
		}
	}
	s.out.say(till, "%s · %s %s", told.Title.Chinese, told.Title.English, amountOf(told))
	if told.Outcome != "approved" {
		return told, fmt.Errorf("%w: %s is %s", errOutcome, wish.Kind, told.Outcome)
	}
	return told, nil
}

// amountOf is the amount where one is known.
func amountOf(told stationclient.FollowUp) string {
	if told.Amount == 0 {
		return ""
	}
	return told.Text
}
