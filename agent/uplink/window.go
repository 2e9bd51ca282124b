package uplink

import "time"

// window adapts how many records may be on their way: enough to fill a long line, not so many that they queue.
type window struct {
	size    int
	fastest time.Duration // the fastest answer of this connection: what the line itself takes
}

// answered takes how long a batch was on its way.
func (w *window) answered(took time.Duration) {
	if w.fastest == 0 || took < w.fastest {
		w.fastest = took
	}
	if took > w.fastest+queueSlack {
		w.size = max(windowMin, w.size*7/8)
		return
	}
	w.size = min(windowMax, w.size+batchFrames/2)
}
