package station

import (
	"crypto/sha256"
	"sync"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
)

// memoryMax is how many answered intents are remembered; a till makes fewer in an hour.
const memoryMax = 128

// memory makes an intent that is sent twice happen once. Starting a sale is protected beyond it: the sale itself keeps
// its key in the journal.
type memory struct {
	mu      sync.Mutex
	answers map[string]answered
	order   []string // keys, oldest first
}

type answered struct {
	digest [sha256.Size]byte
	sale   Sale
}

func newMemory() *memory { return &memory{answers: make(map[string]answered, memoryMax)} }

// once carries out an intent unless its key was answered before: then it returns the same answer, or refuses with
// RefuseKeyReused when it is another intent. Intents run one after another; a refused one is not remembered, since it
// may be allowed later.
func (m *memory) once(key string, digest [sha256.Size]byte, carryOut func() (Sale, error)) (Sale, error) {
	if key == "" || len(key) > checkout.KeyMax {
		return Sale{}, &Refusal{Phrase: catalogue.RefuseKeyMissing}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, known := m.answers[key]; known {
		if before.digest != digest {
			return Sale{}, &Refusal{Phrase: catalogue.RefuseKeyReused}
		}
		return before.sale, nil
	}
	sale, err := carryOut()
	if err != nil {
		return Sale{}, err
	}
	m.keep(key, answered{digest: digest, sale: sale})
	return sale, nil
}

func (m *memory) keep(key string, answer answered) {
	if len(m.order) == memoryMax {
		delete(m.answers, m.order[0])
		copy(m.order, m.order[1:])
		m.order = m.order[:memoryMax-1]
	}
	m.answers[key] = answer
	m.order = append(m.order, key)
}
