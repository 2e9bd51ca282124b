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
	followUp *prometheus.CounterVec
	underWay prometheus.Gauge
}

func newServiceMetrics(registry prometheus.Registerer) (*serviceMetrics, error) {
	options := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "yuantill", Subsystem: "payment", Name: name, Help: help}
	}
	m := &serviceMetrics{
		open: prometheus.NewGauge(prometheus.GaugeOpts(options("open", "Payments of which more is expected."))),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts(options("outcomes_total", "Outcomes as they became definite.")),
			[]string{"outcome"}),
		followUp: prometheus.NewCounterVec(prometheus.CounterOpts(options("follow_ups_total", "Follow-ups as they became definite.")),
			[]string{"kind", "outcome"}),
		underWay: prometheus.NewGauge(prometheus.GaugeOpts(options("follow_ups_under_way", "Follow-ups that operators are being asked for."))),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "yuantill", Subsystem: "payment",
			Name: "operator_call_seconds", Help: "Calls to operators by kind and result.",
			Buckets: []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10}}, []string{"operator", "call", "result"}),
	}
	return m, errors.Join(registry.Register(m.open), registry.Register(m.outcomes), registry.Register(m.calls),
		registry.Register(m.followUp), registry.Register(m.underWay))
}

// count counts an outcome in the step that made it definite.
func (m *serviceMetrics) count(before Payment, next stepped) {
	p := next.payment
	if p.State.Final() && len(next.effects) > 0 && p.DecidedAt.Equal(instant(next.change.Payments[0].UpdatedAt)) {
		m.outcomes.WithLabelValues(p.Outcome().String()).Inc()
	}
	m.pursued(before, p)
	m.countFollowUps(before, next)
}

// pursued keeps the number of follow-ups under way when a payment changes; the zero Payment has none.
func (m *serviceMetrics) pursued(before, after Payment) {
	if change := after.underWay() - before.underWay(); change != 0 {
		m.underWay.Add(float64(change))
	}
}

// countFollowUps counts those that the step made definite, the cloud's own too.
func (m *serviceMetrics) countFollowUps(before Payment, next stepped) {
	for _, f := range next.payment.FollowUps {
		if was, known := before.FollowUp(f.ID); f.Status != UnderWay && (!known || was.Status == UnderWay) {
			m.followUp.WithLabelValues(f.Kind.String(), f.Status.Outcome().String()).Inc()
		}
	}
	for _, effect := range next.effects {
		if effect.Kind == DeclineFollowUp && next.asked != nil {
			m.followUp.WithLabelValues(next.asked.Kind.String(), OutcomeDeclined.String()).Inc()
		}
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
