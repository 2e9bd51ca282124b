package agent

// Bounds of what tests check.
const (
	LateReprintMax = lateReprintMax
	LateAtOnce     = lateAtOnce
	LateNext       = lateNext
	LateWaitMax    = lateWaitMax
)
