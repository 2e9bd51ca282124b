package wallclock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

// TestZone: whatever the machine's zone is, people read the time that stands on the paper, and which one it is.
func TestZone(t *testing.T) {
	moment := time.Date(2026, 5, 1, 17, 2, 3, 4_000_000, time.UTC)
	for _, at := range []time.Time{moment, moment.In(time.FixedZone("EST", -5*3600)), moment.Local()} {
		require.Equal(t, "2026-05-02 01:02:03 +08:00", wallclock.DateTime(at))
		require.Equal(t, "2026-05-02 01:02:03.004 +08:00", wallclock.Milliseconds(at))
		require.Equal(t, "2026-05-02T01:02:03.004+08:00", wallclock.Exact(at))
		require.Equal(t, "01:02:03", wallclock.TimeOnly(at))
		require.Equal(t, "2026-05-02", wallclock.DateOnly(at))
	}
}
