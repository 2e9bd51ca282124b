package agent

// Bounds of what tests check.
const (
	KeysMax        = keysMax
	LateReprintMax = lateReprintMax
	LateAtOnce     = lateAtOnce
	LateNext       = lateNext
	LateWaitMax    = lateWaitMax
)
