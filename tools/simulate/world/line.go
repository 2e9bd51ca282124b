package world

import (
	"context"
	"errors"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

var (
	errOut  = errors.New("connection refused")
	errLost = errors.New("no answer in time")
)

// callTimeout is when a line gives a call up.
const callTimeout = 20 * time.Second

// line is the way from one run of the cloud to an operator, as a connector of the product is. What is under way reaches
// the operator even when the cloud is killed.
type line struct {
	bank *bank
	life *life
}

var (
	_ operator.Connector  = line{}
	_ operator.Preparer   = line{}
	_ operator.CodeIssuer = line{}
	_ operator.Refunder   = line{}
)

// call carries a request there and the answer back. The operator's act may keep the answer until a decision is made.
func (n line) call(operation string, act func() (operator.Answer, *bankOrder)) (operator.Answer, error) {
	b, l := n.bank, n.bank.world.loop
	n.life.point("before " + operation)
	if b.mood.out {
		b.world.hit("operator-out")
		l.sleep(b.random.between(time.Millisecond, 100*time.Millisecond))
		return operator.Answer{}, &operator.NotSentError{Operation: operation, Cause: errOut}
	}
	there, back := b.random.between(5*time.Millisecond, 200*time.Millisecond), b.random.between(5*time.Millisecond, 200*time.Millisecond)
	loseRequest, loseAnswer := b.random.chance(b.mood.loseRequests), b.random.chance(b.mood.loseAnswers)
	var answer operator.Answer
	answered := false
	l.wait(func(wake func()) {
		l.after(callTimeout, n.life, wake)
		if loseRequest {
			b.world.hit("operator-request-lost")
			return
		}
		l.after(there, nil, func() {
			got, pending := act()
			b.world.trace("bank %s %s %s: %s", b.code, operation, b.world.alias(got.OrderID), got.Status)
			if loseAnswer {
				b.world.hit("operator-answer-lost")
				return
			}
			reply := func() {
				if pending != nil {
					got = b.answer(pending, pending.status())
				}
				l.after(back, n.life, func() {
					if !answered {
						answer, answered = got, true
						wake()
					}
				})
			}
			if pending != nil {
				pending.waiters = append(pending.waiters, reply)
				return
			}
			reply()
		})
	})
	if !answered {
		answered = true
		return operator.Answer{}, &operator.UnknownOutcomeError{Operation: operation, Cause: errLost}
	}
	n.life.point("after " + operation)
	return answer, nil
}

// Authorise implements operator.Connector.
func (n line) Authorise(_ context.Context, r operator.Request) (operator.Answer, error) {
	return n.call("authorise", func() (operator.Answer, *bankOrder) {
		o := n.bank.authorise(r)
		answer := n.bank.answer(o, o.status())
		if o.state == bankPending {
			return answer, o // it thinks
		}
		return answer, nil
	})
}

// Prepare implements operator.Preparer.
func (n line) Prepare(r operator.Request) (operator.Prepared, error) { return prepared{n, r}, nil }

type prepared struct {
	line    line
	request operator.Request
}

// Send implements operator.Prepared.
func (p prepared) Send(ctx context.Context) (operator.Answer, error) {
	return p.line.Authorise(ctx, p.request)
}

// Order implements operator.CodeIssuer.
func (n line) Order(_ context.Context, r operator.Request) (operator.Answer, error) {
	return n.call("order", func() (operator.Answer, *bankOrder) {
		o := n.bank.issue(r)
		return n.bank.answer(o, o.status()), nil
	})
}

// Query implements operator.Connector.
func (n line) Query(_ context.Context, q operator.Inquiry) (operator.Answer, error) {
	return n.call("query", func() (operator.Answer, *bankOrder) {
		o := n.bank.order(q.OrderID)
		if o != nil && n.bank.random.chance(n.bank.mood.deny) {
			n.bank.world.hit("operator-denies-order")
			o = nil
		}
		if o == nil {
			return operator.Answer{OrderID: q.OrderID, Status: operator.StatusNotFound}, nil
		}
		return n.bank.answer(o, o.status()), nil
	})
}

// Reverse implements operator.Connector.
func (n line) Reverse(_ context.Context, q operator.Inquiry) (operator.Answer, error) {
	return n.call("reverse", func() (operator.Answer, *bankOrder) {
		o, status := n.bank.reverse(q)
		return n.bank.answer(o, status), nil
	})
}

// Refund implements operator.Refunder.
func (n line) Refund(_ context.Context, q operator.Inquiry) (operator.Answer, error) {
	return n.call("refund", func() (operator.Answer, *bankOrder) {
		o, status := n.bank.refund(q)
		if o == nil {
			return operator.Answer{OrderID: q.OrderID, Status: status}, nil
		}
		return n.bank.answer(o, status), nil
	})
}
