package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestResultsShowTheSpreadOfTheRuns(t *testing.T) {
	runs := [][]figure{
		{{Name: "counter.p50", Value: 2.9, Unit: "ms", Floor: 1.5, Count: 2000}, {Name: "agent.rss", Value: 19, Unit: "MB", Count: 10}},
		{{Name: "counter.p50", Value: 2.1, Unit: "ms", Floor: 1.4, Count: 2000}, {Name: "agent.rss", Value: 18, Unit: "MB", Count: 10}},
		{{Name: "counter.p50", Value: 2.4, Unit: "ms", Floor: 1.6, Count: 2000}, {Name: "agent.rss", Value: 20, Unit: "MB", Count: 10}},
	}
	var text strings.Builder
	writeResults(&text, runs, "0.10 0.20 0.30", time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	require.Contains(t, text.String(), "| counter.p50 | ms | ≤ 3 and ≤ 1.6 × floor | 2.1 | 2.4 | 2.9 | 1.5 | 2000 |\n")
	require.Contains(t, text.String(), "| agent.rss | MB | ≤ 20 | 18 | 19 | 20 |  | 10 |\n")
	require.Contains(t, text.String(), "| load average before | 0.10 0.20 0.30 |")
	require.Contains(t, text.String(), "| date | 2026-11-23 |")
}
