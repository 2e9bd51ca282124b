package payment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// Bounds of what is added up of a terminal.
const (
	// offlineWindow is how long what a terminal took by itself counts after it came, unless an operator honours it before:
	// then nobody can lose by it any more. That the terminal was told since, which lets it count no longer, is its own word.
	offlineWindow = 24 * time.Hour
	offlineMax    = 10_000 // payments added up; more are beyond any limit
)

// covered reports whether an offline payment is ours to lose, as far as can be verified, with the alarm where it passes the
// limits that it names.
func (s *Service) covered(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID,
	paid *hardwallet.Transaction) (bool, []store.Alarm) {
	named, err := s.limitsNamed(ctx, body.GetOffline().GetLimitsId())
	if err != nil {
		return false, []store.Alarm{beyondLimits(r, order, s.config.Clock.Now(), err.Error())}
	}
	taking, err := s.taking(ctx, r, body, order, paid, named)
	if err != nil {
		return false, []store.Alarm{beyondLimits(r, order, s.config.Clock.Now(), err.Error())}
	}
	if passed := passedBy(named, body, paid, taking); len(passed) > 0 {
		return false, []store.Alarm{beyondLimits(r, order, s.config.Clock.Now(), strings.Join(passed, "; "))}
	}
	if !signedHere(paid, r, body, order) {
		return false, nil
	}
	// Limits do not say whom they were given to. What this terminal's own plan allows now, it may have been given.
	own, err := limit.New(s.config.Plans.For(r.Terminal.Merchant, r.Terminal.ID.String()).Offline, nil)
	return err == nil && len(limit.Exceeded(own, taking)) == 0, nil
}

// honoured are the states of an offline payment that its operator has paid.
func honoured() []uint8 { return []uint8{uint8(Approved), uint8(RestReturning), uint8(RestReturned)} }

// signedHere reports whether a hard wallet has signed just this payment at this terminal.
func signedHere(paid *hardwallet.Transaction, r collector.Verified, body *message.PaymentRequested, order store.OrderID) bool {
	return signed(paid, body, order) && paid.Request.Currency == body.GetCurrency() &&
		paid.Request.Merchant == r.Terminal.Merchant && paid.Request.Terminal == r.Terminal.ID.String()
}

// passedBy names what a payment passes of the limits that it names.
func passedBy(named *message.OfflineLimits, body *message.PaymentRequested, paid *hardwallet.Transaction, taking limit.Taking) []string {
	passed := limit.Exceeded(named, taking)
	if named.GetCurrency() != body.GetCurrency() {
		passed = append(passed, "currency: they are in another")
	}
	if paid != nil && isBlocked(named, walletOf(paid)) {
		passed = append(passed, "wallet: it is blocked by them")
	}
	return passed
}

func isBlocked(limits *message.OfflineLimits, wallet seal.Hash) bool {
	return slices.ContainsFunc(limits.GetBlockedWallets(), func(b []byte) bool { return bytes.Equal(b, wallet[:]) })
}

// taking is what a terminal took by itself with this payment: by its own word, and as added up here of what is stored and not
// honoured yet, and of what is on its way, since a backlog becomes durable in one commit.
func (s *Service) taking(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID,
	paid *hardwallet.Transaction, named *message.OfflineLimits) (limit.Taking, error) {
	said := body.GetOffline()
	rows := s.spendings.offline(r.Terminal.ID) // first: what arrives meanwhile is counted once, below
	most := min(int64(named.GetTerminalCountMax())+1, offlineMax)
	stored, err := s.config.Store.OfflineSpent(ctx, r.Terminal.ID, s.config.Clock.Now().Add(-offlineWindow), honoured(), int(most))
	if err != nil {
		return limit.Taking{}, fmt.Errorf("add up offline payments: %w", err)
	}
	sum := limit.Sum{Amount: body.GetAmount(), Count: 1, WalletAmount: body.GetAmount(), WalletCount: 1}
	seen := map[store.OrderID]bool{order: true}
	for _, row := range append(rows, stored...) {
		if seen[row.Order] {
			continue
		}
		seen[row.Order] = true
		sum.Amount, sum.Count = sum.Amount+row.Amount, sum.Count+1
		if paid != nil && walletIn(row) == walletOf(paid) {
			sum.WalletAmount, sum.WalletCount = sum.WalletAmount+row.Amount, sum.WalletCount+1
		}
	}
	return limit.Taking{Amount: body.GetAmount(), Total: said.GetTotal(), Count: said.GetCount(),
		Since: time.UnixMicro(said.GetSince()), At: r.Header.Time, Sum: sum}, nil
}

// beyondLimits is the alarm of an offline payment that passes the limits it names.
func beyondLimits(r collector.Verified, order store.OrderID, now time.Time, how string) store.Alarm {
	return store.Alarm{Kind: "offline-limits", Key: "offline-limits/" + order.String(), Terminal: r.Terminal.ID.String(),
		At: now, Detail: "an offline payment is beyond its limits: " + how}
}

var errNeverGiven = errors.New("it names limits that were never given")

// limitsNamed returns the limits of an id. Errors: errNeverGiven, those of the store.
func (s *Service) limitsNamed(ctx context.Context, id []byte) (*message.OfflineLimits, error) {
	if len(id) != len(store.OfflineLimits{}.ID) {
		return nil, errNeverGiven
	}
	given, err := s.config.Store.OfflineLimits(ctx, [16]byte(id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNeverGiven
	}
	if err != nil {
		return nil, fmt.Errorf("read offline limits: %w", err)
	}
	limits := new(message.OfflineLimits)
	return limits, proto.Unmarshal(given.Body, limits)
}
