package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoose(t *testing.T) {
	all, err := choose("")
	require.NoError(t, err)
	require.Len(t, all, len(benchmarks()))
	some, err := choose("ingest, counter")
	require.NoError(t, err)
	require.Equal(t, "ingest", some[0].name)
	require.Equal(t, "counter", some[1].name)
	_, err = choose("counter,start")
	require.ErrorContains(t, err, `"start"`)
	for _, b := range benchmarks() {
		require.ErrorContains(t, err, b.name)
	}
}
