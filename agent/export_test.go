package agent

// Bounds of what tests check.
const (
	OpenMax        = openMax
	LateReprintMax = lateReprintMax
	LateAtOnce     = lateAtOnce
	LateNext       = lateNext
	LateWaitMax    = lateWaitMax
)
