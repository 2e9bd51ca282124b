package payment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// takeTogether does what the collector does with a backlog: all of it in one commit.
func (o *office) takeTogether(bodies ...*message.PaymentRequested) {
	o.t.Helper()
	var whole store.Change
	var told []func(error)
	for _, body := range bodies {
		r := o.verified(record.PaymentRequested, body)
		change, then := o.service.Requests().Consume(o.t.Context(), r, nil)
		change.Records = append(change.Records, store.Record{Terminal: till, Sequence: r.Header.Sequence, Bytes: r.Record})
		whole.Append(change)
		told = append(told, then)
	}
	require.NoError(o.t, o.store.Commit(o.t.Context(), whole))
	for _, then := range told {
		then(nil)
	}
}

// TestOfflineIsAddedUp: what a terminal took by itself is added up by what the cloud knows, and not by the terminal's word of
// when it last heard the cloud. Each of three taps is within the limits of two.
func TestOfflineIsAddedUp(t *testing.T) {
	twoOf := map[string]func(*plan.Offline){
		"wallet_count_max":   func(p *plan.Offline) { p.WalletCountMax = 2 },
		"wallet_max":         func(p *plan.Offline) { p.WalletMax = 2500 },
		"terminal_count_max": func(p *plan.Offline) { p.TerminalCountMax = 2 },
		"terminal_max":       func(p *plan.Offline) { p.TerminalMax = 2500 },
	}
	for limited, terms := range twoOf {
		for name, take := range map[string]func(*office, []*message.PaymentRequested){
			"in one commit": func(o *office, all []*message.PaymentRequested) { o.takeTogether(all...) },
			"one by one": func(o *office, all []*message.PaymentRequested) {
				for _, body := range all {
					o.tap(body)
				}
			},
			"heard meanwhile, it says": func(o *office, all []*message.PaymentRequested) {
				for i, body := range all {
					body.Offline.Since = o.clock.Now().Add(time.Duration(i-10) * time.Second).UnixMicro()
					o.tap(body)
				}
			},
			"over a restart": func(o *office, all []*message.PaymentRequested) {
				o.takeTogether(all[:2]...)
				o.restart()
				o.tap(all[2])
			},
		} {
			t.Run(limited+"/"+name, func(t *testing.T) {
				o, c := newOffice(t), newCards(t)
				o.trusts(c)
				limits := o.limits(terms)
				var all []*message.PaymentRequested
				for n := byte(1); n <= 3; n++ {
					all = append(all, o.tapped(n, c.paid(orderOf(n), 1250, uint32(n), n), limits))
				}
				take(o, all)
				require.Equal(t, []string{"offline-limits"}, o.alarmKinds())
			})
		}
	}
	t.Run("a day later", func(t *testing.T) {
		o, c := newOffice(t), newCards(t)
		o.trusts(c)
		limits := o.limits(twoOf["wallet_count_max"])
		for n := byte(1); n <= 3; n++ {
			o.tap(o.tapped(n, c.paid(orderOf(n), 1250, uint32(n), n), limits))
			o.clock.advance(13 * time.Hour)
		}
		require.Empty(t, o.alarmKinds())
	})
}

// TestDoubleSpentCountsToo: a copied card that signs again and again under one number is ours to lose within the limits only.
func TestDoubleSpentCountsToo(t *testing.T) {
	o, c := newOffice(t), newCards(t)
	o.trusts(c)
	limits := o.limits(func(p *plan.Offline) { p.WalletCountMax = 3 })
	o.tap(o.tapped(1, c.paid(orderOf(1), 1250, 7, 1), limits))
	o.called(o.icbc, "authorise").says(operator.StatusApproved, operator.ReasonNone)
	o.told(message.Outcome_OUTCOME_APPROVED)
	for n := byte(2); n <= 5; n++ {
		o.tap(o.tapped(n, c.paid(orderOf(n), 1250, 7, n), limits))
		require.Equal(t, message.Reason_REASON_DOUBLE_SPENT, o.told(message.Outcome_OUTCOME_DECLINED).GetReason())
	}
	require.EqualValues(t, 3*1250, o.balance("losses/offline"), "three are allowed besides the one that was honoured")
	require.Contains(t, o.alarmKinds(), "payment-"+payment.AlarmNotOwed.String())
}
