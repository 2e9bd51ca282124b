package bank

import (
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Behaviour is what a rule makes the operator do.
type Behaviour string

// The behaviours. The first group changes what happens in the books, the second how the answer travels.
const (
	DoHonest         Behaviour = ""                // nothing special; for rules that only delay
	DoDecline        Behaviour = "decline"         // decline with Reason
	DoPassword       Behaviour = "password"        // the customer types for DelayMillis, then Then
	DoLate           Behaviour = "late"            // no answer; decided unseen after DelayMillis (follow-ups: pending until then)
	DoRefuseReversal Behaviour = "refuse_reversal" // the order stands as it is
	DoRefuseRefund   Behaviour = "refuse_refund"
	DoNotFound       Behaviour = "not_found" // queries find nothing

	DoLose         Behaviour = "lose"          // done, but the connection closes instead of an answer
	DoDrop         Behaviour = "drop"          // not done, and the connection closes
	DoDuplicate    Behaviour = "duplicate"     // the answer is sent twice
	DoError        Behaviour = "error"         // not done, HTTP Status
	DoErrorDone    Behaviour = "error_done"    // done, HTTP Status
	DoBadSignature Behaviour = "bad_signature" // done, the answer's signature is wrong
	DoGarbage      Behaviour = "garbage"       // done, the answer is signed but no JSON
	DoWrongAmount  Behaviour = "wrong_amount"  // done, the answer names one unit more
)

// Ending is how a pending order ends.
type Ending string

// The endings.
const (
	EndApproved Ending = "approved"
	EndClosed   Ending = "closed"
	EndTimedOut Ending = "timed_out" // the customer did not verify in time
)

// Bounds of the rules.
const (
	rulesMax    = 1_000
	durationMax = int64(time.Hour / time.Millisecond)
)

// ErrInvalidRule marks a rule with a mistake.
var ErrInvalidRule = errors.New("bank: invalid rule")

// Rule is a personality: what it matches and what it does. The first matching rule wins. Empty match fields match
// everything.
type Rule struct {
	ID        int    `json:"id"`
	Operation string `json:"operation,omitempty"` // authorise, order, query, reverse, refund, follow_up
	Amount    int64  `json:"amount,omitempty"`    // minor units
	OrderID   string `json:"order,omitempty"`
	// Count is how many calls are left for the rule; 0 is no limit.
	Count int `json:"count,omitempty"`

	Do            Behaviour `json:"do,omitempty"`
	LatencyMillis int64     `json:"latency_ms,omitempty"`
	JitterMillis  int64     `json:"jitter_ms,omitempty"`
	Reason        string    `json:"reason,omitempty"`
	DelayMillis   int64     `json:"delay_ms,omitempty"`
	Then          Ending    `json:"then,omitempty"`
	Status        int       `json:"status,omitempty"`
	// Stubborn makes a late success happen even after a reversal was confirmed.
	Stubborn bool `json:"stubborn,omitempty"`
}

// Validate reports the first mistake. Error: ErrInvalidRule.
func (r Rule) Validate() error {
	switch r.Operation {
	case "", "authorise", "order", "query", "reverse", "refund", "follow_up":
	default:
		return fmt.Errorf("%w: operation %q", ErrInvalidRule, r.Operation)
	}
	switch r.Do {
	case DoHonest, DoDecline, DoPassword, DoLate, DoRefuseReversal, DoRefuseRefund, DoNotFound, DoLose, DoDrop, DoDuplicate,
		DoBadSignature, DoGarbage, DoWrongAmount:
	case DoError, DoErrorDone:
		if r.Status < 400 || r.Status > 599 {
			return fmt.Errorf("%w: status %d", ErrInvalidRule, r.Status)
		}
	default:
		return fmt.Errorf("%w: do %q", ErrInvalidRule, r.Do)
	}
	if r.Then != "" && r.Then != EndApproved && r.Then != EndClosed {
		return fmt.Errorf("%w: then %q", ErrInvalidRule, r.Then)
	}
	if _, err := operator.ParseReason(r.Reason); err != nil {
		return fmt.Errorf("%w: reason %q", ErrInvalidRule, r.Reason)
	}
	for _, millis := range []int64{r.LatencyMillis, r.JitterMillis, r.DelayMillis} {
		if millis < 0 || millis > durationMax {
			return fmt.Errorf("%w: %d ms", ErrInvalidRule, millis)
		}
	}
	if r.Count < 0 || r.Amount < 0 {
		return fmt.Errorf("%w: negative count or amount", ErrInvalidRule)
	}
	return nil
}

func (r Rule) delay() time.Duration { return time.Duration(r.DelayMillis) * time.Millisecond }

func (r Rule) reason() operator.Reason {
	reason, err := operator.ParseReason(r.Reason)
	if err != nil || reason == operator.ReasonNone {
		return operator.ReasonOther
	}
	return reason
}

// AddRule appends a rule and returns its id. Error: ErrInvalidRule.
func (b *Bank) AddRule(rule Rule) (int, error) {
	if err := rule.Validate(); err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rules) >= rulesMax {
		return 0, fmt.Errorf("%w: %d rules already", ErrInvalidRule, len(b.rules))
	}
	b.nextRule++
	rule.ID = b.nextRule
	b.rules = append(b.rules, &rule)
	return rule.ID, nil
}

// Rules lists the rules in the order they are tried.
func (b *Bank) Rules() []Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Rule, len(b.rules))
	for i, rule := range b.rules {
		list[i] = *rule
	}
	return list
}

// ClearRules makes the operator honest again.
func (b *Bank) ClearRules() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules = nil
}

// Match returns the rule for a call and uses up one of its count; the zero Rule is honest.
func (b *Bank) Match(operation string, id operator.OrderID, amount int64) Rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, rule := range b.rules {
		if (rule.Operation != "" && rule.Operation != operation) || (rule.Amount != 0 && rule.Amount != amount) ||
			(rule.OrderID != "" && rule.OrderID != id.String()) {
			continue
		}
		matched := *rule
		if rule.Count == 1 {
			b.rules = append(b.rules[:i:i], b.rules[i+1:]...)
		} else if rule.Count > 1 {
			rule.Count--
		}
		return matched
	}
	return Rule{}
}
