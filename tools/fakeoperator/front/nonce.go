package front

import (
	"encoding/hex"
	"sync"
	"time"
)

// noncesMax bounds each of the two generations; at 8,000 calls a second one minute's window needs a million.
const noncesMax = 2_000_000

// nonceState is what became of a nonce.
type nonceState uint8

const (
	nonceFresh nonceState = iota
	nonceSeen
	nonceFull
)

// nonces remembers every nonce for at least its life and at most twice that, in two generations.
type nonces struct {
	life time.Duration

	mu                sync.Mutex
	turned            time.Time
	current, previous map[[16]byte]struct{}
}

func newNonces(life time.Duration) *nonces {
	return &nonces{life: life, current: make(map[[16]byte]struct{}), previous: map[[16]byte]struct{}{}}
}

// use marks a nonce of 32 hexadecimal digits as used.
func (n *nonces) use(text string, now time.Time) nonceState {
	var nonce [16]byte
	if _, err := hex.Decode(nonce[:], []byte(text)); err != nil {
		return nonceSeen
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.turned) >= n.life {
		n.previous, n.current, n.turned = n.current, make(map[[16]byte]struct{}), now
	}
	if _, seen := n.current[nonce]; seen {
		return nonceSeen
	}
	if _, seen := n.previous[nonce]; seen {
		return nonceSeen
	}
	if len(n.current) >= noncesMax {
		return nonceFull
	}
	n.current[nonce] = struct{}{}
	return nonceFresh
}
