package payment

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/yuantill/yuantill/cloud/operator"
)

// serviceMetrics counts what the service does.
type serviceMetrics struct {
	open     prometheus.Gauge
	outcomes *prometheus.CounterVec
	calls    *prometheus.HistogramVec
}

func newServiceMetrics(registry prometheus.Registerer) (*serviceMetrics, error) {
	options := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "yuantill", Subsystem: "payment", Name: name, Help: help}
	}
	m := &serviceMetrics{
		open: prometheus.NewGauge(prometheus.GaugeOpts(options("open", "Payments of which more is expected."))),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts(options("outcomes_total", "Outcomes as they became definite.")),
			[]string{"outcome"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "yuantill", Subsystem: "payment",
			Name: "operator_call_seconds", Help: "Calls to operators by kind and result.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10}}, []string{"operator", "call", "result"}),
	}
	return m, errors.Join(registry.Register(m.open), registry.Register(m.outcomes), registry.Register(m.calls))
}

// count counts an outcome in the step that made it definite.
func (m *serviceMetrics) count(next stepped) {
	p := next.payment
	if p.State.Final() && len(next.effects) > 0 && p.DecidedAt.Equal(instant(next.change.Payments[0].UpdatedAt)) {
		m.outcomes.WithLabelValues(p.Outcome().String()).Inc()
	}
}

func (m *serviceMetrics) called(effect Effect, err error, took time.Duration) {
	result := "answer"
	var notSent *operator.NotSentError
	switch {
	case errors.As(err, &notSent):
		result = "not-sent"
	case err != nil:
		result = "unknown"
	}
	m.calls.WithLabelValues(effect.Operator, effect.Kind.String(), result).Observe(took.Seconds())
}
