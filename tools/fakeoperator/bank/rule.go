package bank

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Behaviour is what a rule makes the operator do.
type Behaviour string

// The behaviours: Behaviours says what each does. The first group changes what happens in the books, the second how the
// answer travels.
const (
	DoHonest         Behaviour = ""
	DoDecline        Behaviour = "decline"
	DoPassword       Behaviour = "password"
	DoLate           Behaviour = "late"
	DoRefuseReversal Behaviour = "refuse_reversal"
	DoRefuseRefund   Behaviour = "refuse_refund"
	DoNotFound       Behaviour = "not_found"
	DoLieDeclined    Behaviour = "lie_declined"
	DoLieApproved    Behaviour = "lie_approved"
	DoLieDone        Behaviour = "lie_done"
	DoPartial        Behaviour = "partial"

	DoLose         Behaviour = "lose"
	DoDrop         Behaviour = "drop"
	DoDuplicate    Behaviour = "duplicate"
	DoError        Behaviour = "error"
	DoErrorDone    Behaviour = "error_done"
	DoBadSignature Behaviour = "bad_signature"
	DoGarbage      Behaviour = "garbage"
	DoWrongAmount  Behaviour = "wrong_amount"
)

// Named is a word that a rule takes and what it means, Chinese first.
type Named[T ~string] struct {
	Word T
	Text string
}

// Behaviours are all there are.
func Behaviours() []Named[Behaviour] {
	return []Named[Behaviour]{
		{DoHonest, "正常，只用于延时 · nothing special; for rules that only delay"},
		{DoDecline, "以 reason 拒绝 · declines with reason"},
		{DoPassword, "顾客输密码 delay_ms，然后 then · the customer types for delay_ms, then then"},
		{DoLate, "不答，delay_ms 后暗中决定 · no answer; decided unseen after delay_ms"},
		{DoRefuseReversal, "拒绝撤销 · refuses a reversal: the order stands as it is"},
		{DoRefuseRefund, "拒绝退款 · refuses a refund"},
		{DoNotFound, "查询说没有此单 · queries find nothing"},
		{DoLieDeclined, "说拒绝，实已扣款 · says declined and debits; for authorise"},
		{DoLieApproved, "说成功，实未扣款 · says approved and debits nothing; for authorise"},
		{DoLieDone, "说已退，实未退 · says it went back and moves nothing; for reverse, refund, follow_up"},
		{DoPartial, "对账单少一行 · a statement's page lacks its last line"},
		{DoLose, "已办理，但断开不答 · done, but the connection closes instead of an answer"},
		{DoDrop, "未办理，断开不答 · not done, and the connection closes"},
		{DoDuplicate, "回答两次 · the answer is sent twice"},
		{DoError, "未办理，HTTP status · not done, HTTP status"},
		{DoErrorDone, "已办理，HTTP status · done, HTTP status"},
		{DoBadSignature, "已办理，回答签名错误 · done, the answer's signature is wrong"},
		{DoGarbage, "已办理，回答不是 JSON · done, the answer is signed but no JSON"},
		{DoWrongAmount, "已办理，回答金额多一分 · done, the answer names one unit more"},
	}
}

// Operations are the calls that a rule can match.
func Operations() []Named[string] {
	return []Named[string]{
		{"authorise", "扫码或碰卡付款 · a payment by code or card"}, {"order", "出示收款码 · an order whose code is shown"},
		{"query", "查询 · an inquiry"}, {"reverse", "撤销 · a reversal"}, {"refund", "整单退回 · an order's money goes back as a whole"},
		{"follow_up", "退货与预授权办理 · refunds, voids and what is done with a hold"}, {"statement", "对账单 · a page of a day's statement"},
	}
}

func knows[T ~string](named []Named[T], word T) bool {
	return slices.ContainsFunc(named, func(n Named[T]) bool { return n.Word == word })
}

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
	ID        int    `json:"id" doc:"-"`
	Operation string `json:"operation,omitempty" doc:"哪种请求 · which call"`
	Amount    int64  `json:"amount,omitempty" doc:"此金额（分） · this amount in fen"`
	OrderID   string `json:"order,omitempty" doc:"此订单号 · this order's id"`
	// Count is how many calls are left for the rule; 0 is no limit.
	Count int `json:"count,omitempty" doc:"用几次，0 不限 · for so many calls, 0 for all"`

	Do            Behaviour `json:"do,omitempty" doc:"怎么做 · what it does"`
	LatencyMillis int64     `json:"latency_ms,omitempty" doc:"回答前等待 · it answers so much later"`
	JitterMillis  int64     `json:"jitter_ms,omitempty" doc:"再加随机延时 · and by chance up to so much more"`
	Reason        string    `json:"reason,omitempty" doc:"拒绝原因 · why it declines"`
	DelayMillis   int64     `json:"delay_ms,omitempty" doc:"用于 password、late · for password and late"`
	Then          Ending    `json:"then,omitempty" doc:"approved 或 closed，用于 password、late · approved or closed, for password and late"`
	Status        int       `json:"status,omitempty" doc:"400–599，用于 error、error_done · for error and error_done"`
	// Stubborn makes a late success happen even after a reversal was confirmed.
	Stubborn bool `json:"stubborn,omitempty" doc:"撤销确认后仍扣款 · a late success happens even after a confirmed reversal"`
}

// Validate reports the first mistake. Error: ErrInvalidRule.
func (r Rule) Validate() error {
	switch {
	case r.Operation != "" && !knows(Operations(), r.Operation):
		return fmt.Errorf("%w: operation %q", ErrInvalidRule, r.Operation)
	case !knows(Behaviours(), r.Do):
		return fmt.Errorf("%w: do %q", ErrInvalidRule, r.Do)
	case (r.Do == DoError || r.Do == DoErrorDone) && (r.Status < 400 || r.Status > 599):
		return fmt.Errorf("%w: status %d", ErrInvalidRule, r.Status)
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
