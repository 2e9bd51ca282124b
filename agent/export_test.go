package agent

// Bounds of what tests check.
const (
	KeysMax        = keysMax
	OpenMax        = openMax
	LateReprintMax = lateReprintMax
	LateAtOnce     = lateAtOnce
	LateNext       = lateNext
	LateWaitMax    = lateWaitMax
)
