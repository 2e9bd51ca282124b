package service

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yuantill/yuantill/cloud/payment"
)

// metrics counts what the service does.
type metrics struct {
	outcomes *prometheus.CounterVec
	calls    *prometheus.HistogramVec
	failures prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yuantill_payments_total",
			Help: "Payments by the outcome they came to."}, []string{"outcome"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "yuantill_operator_call_seconds",
			Help: "Calls to operators by operation and result.", Buckets: prometheus.ExponentialBuckets(0.001, 4, 8)},
			[]string{"operator", "call", "result"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "yuantill_payment_store_failures_total",
			Help: "Payment changes that could not be stored."}),
	}
	return m, errors.Join(registry.Register(m.outcomes), registry.Register(m.calls), registry.Register(m.failures))
}

func (m *metrics) called(effect payment.Effect, event payment.Event, took time.Duration) {
	result := event.Kind.String()
	if event.Kind == payment.EventAnswer {
		result = event.Answer.Status.String()
	}
	m.calls.WithLabelValues(effect.Operator, effect.Kind.String(), result).Observe(took.Seconds())
}
