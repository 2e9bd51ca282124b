package payment

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/limit"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/seal"
)

// An offline payment that no operator honours is our loss when we let the terminal take it: a card signed just this, within
// limits that we gave. Whoever tampers with a terminal can say anything else, and is owed nothing for it (SPEC.md 7.8.4).

// covered reports whether an offline payment is ours to lose, as far as can be verified, with the alarm where it passes the
// limits that it names.
func (s *Service) covered(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID,
	paid *hardwallet.Transaction, sp spending) (bool, []store.Alarm) {
	taking := s.taking(ctx, r, body, sp)
	passed, err := s.limitsPassed(ctx, body, paid, taking)
	switch {
	case err != nil:
		return false, []store.Alarm{beyondLimits(r, order, s.config.Clock.Now(), err.Error())}
	case len(passed) > 0:
		return false, []store.Alarm{beyondLimits(r, order, s.config.Clock.Now(), strings.Join(passed, "; "))}
	case !signedHere(paid, r, body, order):
		return false, nil
	}
	// Limits do not say whom they were given to. What this terminal's own plan allows now, it may have been given.
	own, err := limit.New(s.config.Plans.For(r.Terminal.Merchant, r.Terminal.ID.String()).Offline, nil)
	return err == nil && len(limit.Exceeded(own, taking)) == 0, nil
}

// signedHere reports whether a hard wallet has signed just this payment at this terminal.
func signedHere(paid *hardwallet.Transaction, r collector.Verified, body *message.PaymentRequested, order store.OrderID) bool {
	return signed(paid, body, order) && paid.Request.Currency == body.GetCurrency() &&
		paid.Request.Merchant == r.Terminal.Merchant && paid.Request.Terminal == r.Terminal.ID.String()
}

var errNeverGiven = errors.New("it names limits that were never given")

// limitsPassed names what a payment passes of the limits that it names; errNeverGiven when it names none that were given.
func (s *Service) limitsPassed(ctx context.Context, body *message.PaymentRequested, paid *hardwallet.Transaction,
	taking limit.Taking) ([]string, error) {
	limits, err := s.limitsNamed(ctx, body.GetOffline().GetLimitsId())
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNeverGiven
	}
	if err != nil {
		return nil, err
	}
	passed := limit.Exceeded(limits, taking)
	if limits.GetCurrency() != body.GetCurrency() {
		passed = append(passed, "currency: they are in another")
	}
	if paid != nil && isBlocked(limits, walletOf(paid)) {
		passed = append(passed, "wallet: it is blocked by them")
	}
	return passed, nil
}

func isBlocked(limits *message.OfflineLimits, wallet seal.Hash) bool {
	return slices.ContainsFunc(limits.GetBlockedWallets(), func(b []byte) bool { return bytes.Equal(b, wallet[:]) })
}

// taking is what a terminal took by itself with this payment.
func (s *Service) taking(ctx context.Context, r collector.Verified, body *message.PaymentRequested, sp spending) limit.Taking {
	said := body.GetOffline()
	sum, err := s.config.Store.OfflineSum(ctx, r.Terminal.ID, sp.spent.Since, sp.spent.Wallet)
	if err != nil {
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "add up offline payments", slog.Any("cause", err))
	}
	sum.Amount, sum.Count = sum.Amount+body.GetAmount(), sum.Count+1
	sum.WalletAmount, sum.WalletCount = sum.WalletAmount+body.GetAmount(), sum.WalletCount+1
	return limit.Taking{Amount: body.GetAmount(), Total: said.GetTotal(), Count: said.GetCount(),
		Since: time.UnixMicro(said.GetSince()), At: r.Header.Time, Sum: sum}
}

// beyondLimits is the alarm of an offline payment that passes the limits it names.
func beyondLimits(r collector.Verified, order store.OrderID, now time.Time, how string) store.Alarm {
	return store.Alarm{Kind: "offline-limits", Key: "offline-limits/" + order.String(), Terminal: r.Terminal.ID.String(),
		At: now, Detail: "an offline payment is beyond its limits: " + how}
}

func (s *Service) limitsNamed(ctx context.Context, id []byte) (*message.OfflineLimits, error) {
	if len(id) != len(store.OfflineLimits{}.ID) {
		return nil, store.ErrNotFound
	}
	given, err := s.config.Store.OfflineLimits(ctx, [16]byte(id))
	if err != nil {
		return nil, err
	}
	limits := new(message.OfflineLimits)
	return limits, proto.Unmarshal(given.Body, limits)
}
