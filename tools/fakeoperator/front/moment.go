package front

import (
	"net/http"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// momentsMax bounds the moments remembered; the oldest are forgotten.
const momentsMax = 1 << 12

// Moment says when a payment was asked for and answered, by the operator's clock.
type Moment struct {
	Order string `json:"order"`
	// Arrived is when the request's header had been read, Answered when its signed answer was about to be written.
	Arrived  time.Time `json:"arrived"`
	Answered time.Time `json:"answered"`
}

// moments remembers the latest, oldest first.
type moments struct {
	mu   sync.Mutex
	kept []moment // guarded by mu
}

type moment struct {
	order             operator.OrderID
	arrived, answered time.Time
}

func (m *moments) add(order operator.OrderID, arrived, answered time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) == momentsMax {
		// Half at a time, so that a full list costs no copy a call.
		m.kept = append(m.kept[:0], m.kept[momentsMax/2:]...)
	}
	m.kept = append(m.kept, moment{order, arrived, answered})
}

func (f *Front) tellMoments(w http.ResponseWriter, _ *http.Request) {
	f.moments.mu.Lock()
	told := make([]Moment, 0, len(f.moments.kept))
	for _, one := range f.moments.kept {
		told = append(told, Moment{Order: one.order.String(), Arrived: one.arrived, Answered: one.answered})
	}
	f.moments.mu.Unlock()
	f.reply(w, http.StatusOK, told)
}
