// Package wallclock writes times for people: a moment comes in, the time on the wall in China leaves, as it stands on the
// receipts and whatever zone the machine is set to.
package wallclock

import "time"

// offset is China's one time zone, in seconds; no table of zones is needed.
const offset = 8 * 60 * 60

func wall(at time.Time) time.Time { return at.In(time.FixedZone("Asia/Shanghai", offset)) }

// DateTime is such as "2026-05-01 12:00:00 +08:00".
func DateTime(at time.Time) string { return wall(at).Format("2006-01-02 15:04:05 -07:00") }

// Milliseconds is DateTime with three more digits.
func Milliseconds(at time.Time) string { return wall(at).Format("2006-01-02 15:04:05.000 -07:00") }

// Exact has all digits there are.
func Exact(at time.Time) string { return wall(at).Format(time.RFC3339Nano) }

// TimeOnly is the time of what happens right now, such as "12:00:00".
func TimeOnly(at time.Time) string { return wall(at).Format(time.TimeOnly) }

// DateOnly is such as "2026-05-01".
func DateOnly(at time.Time) string { return wall(at).Format(time.DateOnly) }
