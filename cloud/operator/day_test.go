package operator_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
)

func TestDayIsChinas(t *testing.T) {
	midnight := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	require.Equal(t, "2026-11-23", operator.DayOf(midnight).String())
	require.Equal(t, "2026-11-22", operator.DayOf(midnight.Add(-1)).String())
	require.Equal(t, midnight, operator.DayOf(midnight).Start())
	require.Equal(t, "1969-12-31", operator.Day(-1).String())
	_, err := operator.ParseDay("2026-13-01")
	require.ErrorIs(t, err, operator.ErrInvalidDay)
}

func TestDayHoldsItsMoments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := operator.Day(rapid.Int32Range(-700_000, 2_000_000).Draw(t, "day"))
		parsed, err := operator.ParseDay(day.String())
		require.NoError(t, err)
		require.Equal(t, day, parsed)
		require.Equal(t, day, operator.DayOf(day.Start()))
		require.Equal(t, day, operator.DayOf(day.End().Add(-1)))
		require.Equal(t, day+1, operator.DayOf(day.End()))
	})
}

func TestTrailerAddsUp(t *testing.T) {
	var sum operator.StatementTrailer
	for kind := operator.LinePayment; kind <= operator.LineDispute; kind++ {
		parsed, err := operator.ParseLineKind(kind.String())
		require.NoError(t, err)
		require.True(t, sum.Add(operator.StatementLine{Kind: parsed, Amount: int64(kind)}))
	}
	require.Equal(t, operator.StatementTrailer{Count: 4, Paid: 4, Returned: 2, Disputed: 4}, sum)
	for _, line := range []operator.StatementLine{{Amount: 1}, {Kind: operator.LinePayment}, {Kind: operator.LineReturn, Amount: 1<<63 - 1}} {
		before := sum
		require.False(t, sum.Add(line))
		require.Equal(t, before, sum)
	}
	_, err := operator.ParseLineKind("gift")
	require.Error(t, err)
}
