package profile_test

import "time"

// How long a test waits for goroutines to start, and how often it looks.
const (
	timeout = 5 * time.Second
	tick    = time.Millisecond
)
