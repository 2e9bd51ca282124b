package collector

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts what the collector does.
type metrics struct {
	records          prometheus.Counter
	duplicates       prometheus.Counter
	acknowledgements prometheus.Counter
	signIns          prometheus.Counter
	refusals         *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "yuantill", Subsystem: "collector", Name: name, Help: help})
	}
	m := &metrics{
		records:          counter("records_total", "Records stored."),
		duplicates:       counter("duplicates_total", "Records that were sent again and were stored already."),
		acknowledgements: counter("acknowledgements_total", "Acknowledgements sent."),
		signIns:          counter("sign_ins_total", "Epochs opened."),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "yuantill", Subsystem: "collector",
			Name: "refusals_total", Help: "Messages and records that were not stored, by cause."}, []string{"cause"}),
	}
	return m, errors.Join(registry.Register(m.records), registry.Register(m.duplicates),
		registry.Register(m.acknowledgements), registry.Register(m.signIns), registry.Register(m.refusals))
}

func (m *metrics) refused(cause string) { m.refusals.WithLabelValues(cause).Inc() }
