// Package offline judges whether a till may accept a hard wallet's payment by itself: the limits that the cloud gave, what
// was taken since and the time since the cloud was heard come in; yes, or the limit that stops it, leaves (SPEC.md 7.8).
// It is pure: no clock, no journal, no network.
package offline

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Bounds of limits; a cloud that gives more is not listened to.
const (
	HoursMax   = 720  // of not hearing the cloud
	TakenMax   = 1000 // payments that the cloud has not acknowledged
	sharesMax  = 32
	blockedMax = 1000
	idSize     = 16
	whole      = 100 // percent
)

// ErrLimits marks limits that make no sense; nothing is accepted by them.
var ErrLimits = errors.New("offline: invalid limits")

// Share is how much of the terminal's total is left from so much time on.
type Share struct {
	From    time.Duration
	Percent int64 // 0 to 100
}

// Limits are what the cloud allows. The zero value allows nothing. Amounts are minor units.
type Limits struct {
	ID         [idSize]byte
	Currency   string
	PaymentMax int64
	// WalletMax and WalletCountMax bound one wallet's payments, TerminalMax and TerminalCountMax all of them.
	WalletMax, TerminalMax           int64
	WalletCountMax, TerminalCountMax int
	// Within is how long the cloud may not have been heard; up to and with it payments are accepted.
	Within  time.Duration
	Shares  []Share // by rising From; before the first, all of TerminalMax
	blocked map[seal.Hash]struct{}
}

// Parse checks the cloud's limits. Error: ErrLimits.
func Parse(m *message.OfflineLimits) (Limits, error) {
	currency, err := money.Lookup(m.GetCurrency())
	switch {
	case len(m.GetLimitsId()) != idSize:
		return Limits{}, fmt.Errorf("%w: id of %d bytes", ErrLimits, len(m.GetLimitsId()))
	case err != nil:
		return Limits{}, fmt.Errorf("%w: %w", ErrLimits, err)
	case m.GetPaymentMax() < 0 || m.GetWalletMax() < 0 || m.GetTerminalMax() < 0 || m.GetTerminalMax() > math.MaxInt64/whole:
		return Limits{}, fmt.Errorf("%w: amount out of range", ErrLimits)
	case m.GetHoursMax() < 0 || m.GetHoursMax() > HoursMax:
		return Limits{}, fmt.Errorf("%w: %d hours", ErrLimits, m.GetHoursMax())
	case m.GetTerminalCountMax() > TakenMax || m.GetWalletCountMax() > TakenMax:
		return Limits{}, fmt.Errorf("%w: more than %d payments", ErrLimits, TakenMax)
	case len(m.GetShares()) > sharesMax || len(m.GetBlockedWallets()) > blockedMax:
		return Limits{}, fmt.Errorf("%w: %d shares, %d blocked wallets", ErrLimits, len(m.GetShares()), len(m.GetBlockedWallets()))
	}
	l := Limits{
		ID: [idSize]byte(m.GetLimitsId()), Currency: currency.Code, PaymentMax: m.GetPaymentMax(),
		WalletMax: m.GetWalletMax(), TerminalMax: m.GetTerminalMax(),
		WalletCountMax: int(m.GetWalletCountMax()), TerminalCountMax: int(m.GetTerminalCountMax()),
		Within:  time.Duration(m.GetHoursMax()) * time.Hour,
		blocked: make(map[seal.Hash]struct{}, len(m.GetBlockedWallets())),
	}
	if err := l.parseShares(m.GetShares()); err != nil {
		return Limits{}, err
	}
	for _, digest := range m.GetBlockedWallets() {
		if len(digest) != seal.HashSize {
			return Limits{}, fmt.Errorf("%w: blocked wallet of %d bytes", ErrLimits, len(digest))
		}
		l.blocked[seal.Hash(digest)] = struct{}{}
	}
	return l, nil
}

// parseShares takes shares whose hours rise and whose percentage never does.
func (l *Limits) parseShares(shares []*message.OfflineShare) error {
	last := Share{From: -1, Percent: whole}
	for _, s := range shares {
		if s.GetHours() < 0 || s.GetHours() > HoursMax {
			return fmt.Errorf("%w: share from %d hours", ErrLimits, s.GetHours())
		}
		next := Share{From: time.Duration(s.GetHours()) * time.Hour, Percent: int64(s.GetPercent())}
		if next.From <= last.From || next.Percent > last.Percent {
			return fmt.Errorf("%w: shares must shrink as hours rise", ErrLimits)
		}
		l.Shares, last = append(l.Shares, next), next
	}
	return nil
}

// Total is what all payments together may come to after so long without the cloud, in minor units, rounded down.
func (l Limits) Total(unheard time.Duration) int64 {
	if unheard > l.Within {
		return 0
	}
	percent := int64(whole)
	for _, s := range l.Shares {
		if s.From > unheard {
			break
		}
		percent = s.Percent
	}
	return l.TerminalMax * percent / whole
}

// Blocks reports whether the wallet is on the cloud's list.
func (l Limits) Blocks(wallet hardwallet.WalletID) bool {
	if len(l.blocked) == 0 {
		return false
	}
	_, blocked := l.blocked[WalletDigest(wallet)]
	return blocked
}

// WalletDigest is how the list of blocked wallets names one: the SM3 of its digits.
func WalletDigest(wallet hardwallet.WalletID) seal.Hash { return seal.Portable().Sum(wallet[:]) }
