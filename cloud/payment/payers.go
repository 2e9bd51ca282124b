package payment

import (
	"fmt"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
)

// payersMax bounds the payers counted in a day; beyond it the count starts afresh and only says less.
const payersMax = 1_000_000

// chinaOffset is China's one time zone: a payer's day is China's.
const chinaOffset = 8 * 60 * 60

// payers counts how often a payer paid without verification in a day. Who pays is known only from the operator's
// answer, so it is the operator who has to ask for the password; this notices one that does not. It starts at zero with
// the process. A hard wallet is known beforehand, but nobody can ask its holder for a password: it has debited itself by then.
type payers struct {
	mu    sync.Mutex
	day   string         // guarded by mu
	times map[string]int // guarded by mu; by operator and masked wallet
}

// count notes a payment that was approved and returns how often its payer has now paid without verification.
func (p *payers) count(paid Payment, now time.Time) int {
	// A hard wallet counts its own taps (HARDWALLET.md).
	if paid.Verify || paid.WalletMasked == "" || paid.Method == operator.MethodTap {
		return 0
	}
	day := now.In(time.FixedZone("UTC+8", chinaOffset)).Format(time.DateOnly)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.day != day || len(p.times) >= payersMax {
		p.day, p.times = day, make(map[string]int)
	}
	key := payerOf(paid)
	p.times[key]++
	return p.times[key]
}

// uncount takes back what count noted of a payment that was not stored: the step is made again.
func (p *payers) uncount(paid Payment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := payerOf(paid); p.times[key] > 0 {
		p.times[key]--
	}
}

func payerOf(paid Payment) string { return paid.PayerOperator + "/" + paid.WalletMasked }

// unverified is the alarm of a payer who paid without verification more often than the plan allows, and whether the payment
// was counted; it is raised with the first payment too many, and none when the payment is in order. Masked wallets of two payers may be the same: a person
// looks at it, nothing is declined.
func (s *Service) unverified(paid Payment, now time.Time) (alarms []store.Alarm, counted bool) {
	most := s.config.Plans.For(paid.Merchant, paid.Terminal).NoPasswordCount
	times := s.payers.count(paid, now)
	if times != most+1 {
		return nil, times > 0
	}
	return []store.Alarm{{Key: "no-password-count/" + paid.PayerOperator, Kind: "no-password-count", Terminal: paid.Terminal,
		Detail: fmt.Sprintf("wallet %s of %s paid without verification more than %d times today", paid.WalletMasked,
			paid.PayerOperator, most), At: now}}, true
}
