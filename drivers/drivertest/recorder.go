package drivertest

import (
	"sync"

	"github.com/yuantill/yuantill/drivers"
)

// Recorder is a port that remembers what passed through it, to be written as a session file.
type Recorder struct {
	drivers.Port

	mu      sync.Mutex
	session Session
}

// NewRecorder returns a Recorder around port.
func NewRecorder(port drivers.Port) *Recorder { return &Recorder{Port: port} }

// Read reads from the port and remembers.
func (r *Recorder) Read(b []byte) (int, error) {
	n, err := r.Port.Read(b)
	r.keep(FromDevice, b[:n])
	return n, err
}

// Write remembers before it writes, so that an answer never stands before its question.
func (r *Recorder) Write(b []byte) (int, error) {
	r.keep(ToDevice, b)
	return r.Port.Write(b)
}

func (r *Recorder) keep(direction Direction, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.session = r.session.Append(direction, data)
}

// Session returns a copy of what passed so far.
func (r *Recorder) Session() Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	var session Session
	for _, step := range r.session {
		session = session.Append(step.Direction, step.Bytes)
	}
	return session
}
