package payment_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
)

// start is the zero of every script's clock.
func start() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func newPayment(t require.TestingT, change func(*payment.Payment)) payment.Payment {
	facts := payment.Payment{OrderID: operator.OrderID{1, 2, 3}, Terminal: "T0000001", Sequence: 7, Merchant: "102290058120001",
		Method: operator.MethodCode, Amount: 125_000, Currency: "CNY", FeeRate: 10, FeeCap: 10, Operator: "ICBC",
		BackUps: []string{"ABC"}, Reference: "000000000042"}
	if change != nil {
		change(&facts)
	}
	p, err := payment.New(facts, start())
	require.NoError(t, err)
	return p
}

func newMachine(t require.TestingT) payment.Machine {
	machine, err := payment.NewMachine(payment.DefaultTiming())
	require.NoError(t, err)
	return machine
}

// TestScripts runs testdata/*.txt. A line reads
//
//	time  event …  =>  State  effect effect …
//
// with "payment method=… backups=… amount=…" before the first event, and "-" for no effects.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "# Why: "), "a script opens with why it is there")
	machine, p := newMachine(t), newPayment(t, nil)
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	steps := 0
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if facts, ok := strings.CutPrefix(line, "payment "); ok {
			p = newPayment(t, func(p *payment.Payment) { applyFacts(t, p, facts) })
			continue
		}
		left, right, ok := strings.Cut(line, "=>")
		require.True(t, ok, "line %d has no =>", number)
		words := strings.Fields(left)
		at, err := time.ParseDuration(words[0])
		require.NoError(t, err, "line %d", number)
		before := p
		var effects []payment.Effect
		p, effects = machine.Step(p, parseEvent(t, p, words[1:]), start().Add(at))
		steps++
		require.Equal(t, strings.Join(strings.Fields(right), " "), describe(p, effects), "line %d: %s", number, line)
		require.GreaterOrEqual(t, p.Revision, before.Revision)
		requireStorable(t, p)
	}
	require.Positive(t, steps)
}

func requireStorable(t require.TestingT, p payment.Payment) {
	stored, err := p.MarshalBinary()
	require.NoError(t, err)
	var again payment.Payment
	require.NoError(t, again.UnmarshalBinary(stored))
	if len(p.BackUps) == 0 {
		p.BackUps = nil
	}
	require.Equal(t, p, again)
}

func applyFacts(t *testing.T, p *payment.Payment, facts string) {
	for _, fact := range strings.Fields(facts) {
		key, value, _ := strings.Cut(fact, "=")
		var err error
		switch key {
		case "method":
			p.Method, err = operator.ParseMethod(value)
		case "signed":
			p.Signed, p.Method = true, operator.MethodTap
		case "amount":
			p.Amount, err = strconv.ParseInt(value, 10, 64)
		case "operator":
			p.Operator = value
		case "batch":
			var batch uint64
			batch, err = strconv.ParseUint(value, 10, 32)
			p.Batch = uint32(batch)
		case "hold":
			p.Hold, p.HoldCap = true, 100
			if value != "" {
				var percent uint64
				percent, err = strconv.ParseUint(value, 10, 16)
				p.HoldCap = uint16(percent)
			}
		case "hold-until":
			var after time.Duration
			after, err = time.ParseDuration(value)
			p.HoldUntil = start().Add(after)
		case "offline":
			p.Offline, err = strconv.ParseBool(value)
		case "covered":
			p.Covered, p.Offline, p.Method = true, true, operator.MethodTap
		case "backups":
			p.BackUps = nil
			if value != "" {
				p.BackUps = strings.Split(value, ",")
			}
		case "give-up":
			var after time.Duration
			after, err = time.ParseDuration(value)
			p.GiveUpAt = start().Add(after)
		default:
			t.Fatalf("unknown fact %q", key)
		}
		require.NoError(t, err, fact)
	}
}

func parseEvent(t *testing.T, p payment.Payment, words []string) payment.Event {
	event := payment.Event{Operator: p.Operator}
	switch words[0] {
	case "requested":
		event.Kind = payment.EventRequested
	case "tick":
		event.Kind = payment.EventTick
	case "recovered":
		event.Kind = payment.EventRecovered
	case "books-behind":
		event.Kind = payment.EventBooksBehind
	case "declined":
		event.Kind = payment.EventDeclined
		reason, err := operator.ParseReason(words[1])
		require.NoError(t, err)
		event.Reason = reason
	case "query-requested":
		event.Kind = payment.EventQueryRequested
	case "reversal-requested":
		event.Kind, event.Reason = payment.EventReversalRequested, operator.ReasonCashierCancelled
	case "asked":
		event.Kind, event.Asked = payment.EventFollowUpRequested, parseAsked(t, p, words[1:])
	case "follow-up":
		event.Kind, event.Call, event.FollowUp = payment.EventAnswer, payment.CallFollowUp, parseID(t, p, words[1])
		event.FollowUpAnswer = parseFollowUpAnswer(t, p, event.FollowUp, words[2:])
	case "unknown", "not-sent":
		event.Kind = payment.EventUnknown
		if words[0] == "not-sent" {
			event.Kind = payment.EventNotSent
		}
		event.Call = parseCall(t, words[1])
		if event.Call == payment.CallFollowUp {
			event.FollowUp = parseID(t, p, words[2])
			break
		}
		applyAnswer(t, &event, words[2:])
	case "answer":
		event.Kind, event.Call = payment.EventAnswer, parseCall(t, words[1])
		status, err := operator.ParseStatus(words[2])
		require.NoError(t, err)
		event.Answer = statement(p, status)
		applyAnswer(t, &event, words[3:])
	default:
		t.Fatalf("unknown event %q", words[0])
	}
	return event
}

// statement is what an honest operator says of the payment.
func statement(p payment.Payment, status operator.Status) operator.Answer {
	answer := operator.Answer{OrderID: p.OrderID, Status: status, Amount: p.Amount, Currency: p.Currency, Reference: "R1"}
	switch status {
	case operator.StatusApproved:
		answer.AuthCode, answer.PayerOperator, answer.WalletMasked = "123456", "CCB", "000200******5678"
	case operator.StatusDeclined:
		answer.Reason = operator.ReasonInsufficientFunds
	case operator.StatusAwaitingCustomer:
		answer.ShownCode = "ICBC:abc"
	case operator.StatusNotFound:
		answer.Amount, answer.Currency, answer.Reference = 0, "", ""
	}
	return answer
}

func applyAnswer(t *testing.T, event *payment.Event, words []string) {
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		var err error
		switch key {
		case "from":
			event.Operator = value
		case "amount":
			event.Answer.Amount, err = strconv.ParseInt(value, 10, 64)
		case "currency":
			event.Answer.Currency = value
		case "reference":
			event.Answer.Reference = value
		case "reason":
			event.Answer.Reason, err = operator.ParseReason(value)
		case "order":
			event.Answer.OrderID = operator.OrderID{0xff}
		default:
			t.Fatalf("unknown word %q", word)
		}
		require.NoError(t, err, word)
	}
}

func parseCall(t *testing.T, word string) payment.EffectKind {
	for kind := payment.CallAuthorise; kind <= payment.CallFollowUp; kind++ {
		if kind.String() == word {
			return kind
		}
	}
	t.Fatalf("unknown call %q", word)
	return 0
}

// describe writes state and effects as the scripts do.
func describe(p payment.Payment, effects []payment.Effect) string {
	words := []string{p.State.String()}
	for _, effect := range effects {
		switch {
		case effect.FollowUp != operator.FollowUpID{}:
			words = append(words, describeFollowUp(p, effect))
		case effect.Kind.IsCall():
			words = append(words, effect.Kind.String()+"@"+effect.Operator)
		case effect.Kind == payment.Post:
			word := "post=" + effect.Posting.String()
			if effect.Fee != 0 {
				word += "/fee=" + strconv.FormatInt(effect.Fee, 10)
			}
			words = append(words, word)
		case effect.Kind == payment.Alarm:
			words = append(words, "alarm="+effect.Alarm.String())
		case effect.Kind == payment.Answer:
			word := "tell=" + p.Outcome().String()
			if p.Reason != operator.ReasonNone {
				word += "/" + p.Reason.String()
			}
			words = append(words, word)
		case effect.Kind == payment.SetTimer:
			words = append(words, "timer="+effect.At.Sub(start()).String())
		}
	}
	if len(words) == 1 {
		words = append(words, "-")
	}
	return strings.Join(words, " ")
}
