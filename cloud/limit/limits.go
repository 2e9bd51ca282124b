// Package limit gives terminals the limits by which they may accept hard wallets without the cloud (SPEC.md 7.8), and says
// what is beyond them: plans and blocked wallets come in, signed answers and findings leave.
package limit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

// blockedMax bounds the wallets on one list: the newest. It keeps the answer well below a record's largest body.
const blockedMax = 900

const currency = "CNY"

var errEncode = errors.New("limit: limits cannot be encoded")

// New returns limits of a plan. Their id is made of their content, so that the same limits are always named the same.
func New(p plan.Offline, blocked []store.BlockedWallet) (*message.OfflineLimits, error) {
	l := &message.OfflineLimits{PaymentMax: p.PaymentMax, WalletMax: p.WalletMax, WalletCountMax: uint32(p.WalletCountMax),
		TerminalMax: p.TerminalMax, TerminalCountMax: uint32(p.TerminalCountMax), Currency: currency, HoursMax: p.HoursMax}
	for _, s := range p.Shares {
		l.Shares = append(l.Shares, &message.OfflineShare{Hours: s.Hours, Percent: uint32(s.Percent)})
	}
	for _, b := range blocked[:min(len(blocked), blockedMax)] {
		l.BlockedWallets = append(l.BlockedWallets, b.Wallet[:])
	}
	slices.SortFunc(l.BlockedWallets, bytes.Compare)
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errEncode, err)
	}
	sum := sha256.Sum256(content)
	l.LimitsId = sum[:16]
	return l, nil
}

// Taking is a payment that a terminal accepted by itself, as it says and as the cloud's own books add up.
type Taking struct {
	Amount int64
	Total  int64 // the terminal's own
	Count  uint32
	Since  time.Time // when it last heard the cloud, by its clock
	At     time.Time // when it accepted the payment, by the same clock
	Sum    Sum
}

// Sum is what the cloud adds up of a terminal, and of it of one wallet, with the payment itself.
type Sum struct {
	Amount, WalletAmount int64 // minor units
	Count, WalletCount   int
}

// Exceeded names the limits that a payment passes; none when it keeps them all.
func Exceeded(l *message.OfflineLimits, t Taking) []string {
	unheard := max(t.At.Sub(t.Since), 0)
	most := totalAfter(l, unheard)
	var passed []string
	for _, bound := range []struct {
		name      string
		has, most int64
	}{
		{"payment_max", t.Amount, l.GetPaymentMax()},
		{"wallet_max", t.Sum.WalletAmount, l.GetWalletMax()},
		{"wallet_count_max", int64(t.Sum.WalletCount), int64(l.GetWalletCountMax())},
		{"terminal_max", max(t.Total, t.Sum.Amount), most},
		{"terminal_count_max", max(int64(t.Count), int64(t.Sum.Count)), int64(l.GetTerminalCountMax())},
	} {
		if bound.has > bound.most {
			passed = append(passed, fmt.Sprintf("%s: %d above %d", bound.name, bound.has, bound.most))
		}
	}
	if hours := time.Duration(l.GetHoursMax()) * time.Hour; unheard > hours {
		passed = append(passed, fmt.Sprintf("hours_max: %s above %s", unheard, hours))
	}
	return passed
}

// totalAfter is what the share leaves of the terminal's total after so long, rounded down.
func totalAfter(l *message.OfflineLimits, unheard time.Duration) int64 {
	const whole = 100
	percent := int64(whole)
	for _, s := range l.GetShares() {
		if time.Duration(s.GetHours())*time.Hour > unheard {
			break
		}
		percent = int64(s.GetPercent())
	}
	return l.GetTerminalMax() * percent / whole
}
