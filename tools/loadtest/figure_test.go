package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReportPrintsOneObjectALine(t *testing.T) {
	var out strings.Builder
	r := &report{out: &out}
	require.NoError(t, r.add(figure{Name: "counter.p99", Value: 12.34567, Unit: "ms", Floor: 4.1}))
	require.NoError(t, r.add(figure{Name: "ingest.rate", Value: 66123.4, Unit: "1/s"}))
	require.Equal(t, `{"name":"counter.p99","value":12.35,"unit":"ms","floor":4.1}
{"name":"ingest.rate","value":66120,"unit":"1/s"}
`, out.String())
	require.Len(t, r.printed, 2)
}

func TestPercentile(t *testing.T) {
	samples := make([]time.Duration, 0, 100)
	for i := 100; i > 0; i-- {
		samples = append(samples, time.Duration(i))
	}
	require.Equal(t, time.Duration(50), percentile(samples, 0.5))
	require.Equal(t, time.Duration(99), percentile(samples, 0.99))
	require.Equal(t, time.Duration(100), percentile(samples, 1))
	require.Equal(t, time.Duration(1), percentile(samples, 0))
	require.Zero(t, percentile(nil, 0.5))
}
