package station

import (
	"crypto/sha256"
	"strings"
	"sync"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
)

// memoryMax is how many answered intents are remembered.
const memoryMax = 128

// memory makes an intent that is sent twice happen once. What moves money or cash, or begins or ends a shift, is protected for
// ever: its key is in the journal, where the till looks.
type memory[A any] struct {
	mu      sync.Mutex
	answers map[string]answered[A]
	order   []string // keys, oldest first
}

type answered[A any] struct {
	digest [sha256.Size]byte
	answer A
}

func newMemory[A any]() *memory[A] {
	return &memory[A]{answers: make(map[string]answered[A], memoryMax)}
}

// once carries out an intent unless its key was answered before: then it returns the answer of that time and again, or
// refuses with RefuseKeyReused when it is another intent. Intents run one after another; a refused one is not remembered,
// since it may be allowed later.
func (m *memory[A]) once(key string, digest [sha256.Size]byte, carryOut func() (A, error)) (answer A, again bool, err error) {
	var none A
	if err := checkKey(key); err != nil {
		return none, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, known := m.answers[key]; known {
		if before.digest != digest {
			return none, false, &Refusal{Phrase: catalogue.RefuseKeyReused}
		}
		return before.answer, true, nil
	}
	answer, err = carryOut()
	if err != nil {
		return none, false, err
	}
	m.keep(key, answered[A]{digest: digest, answer: answer})
	return answer, false, nil
}

// checkKey refuses with RefuseKeyMissing, RefuseKeyTooLong or RefuseKeyUnclean: what stands in a header beyond ASCII is
// read by each program in its own way, and a key must be the same to all of them, for ever.
func checkKey(key string) error {
	switch {
	case key == "":
		return &Refusal{Phrase: catalogue.RefuseKeyMissing}
	case len(key) > checkout.KeyMax:
		return &Refusal{Phrase: catalogue.RefuseKeyTooLong}
	case strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }):
		return &Refusal{Phrase: catalogue.RefuseKeyUnclean}
	default:
		return nil
	}
}

func (m *memory[A]) keep(key string, answer answered[A]) {
	if len(m.order) == memoryMax {
		delete(m.answers, m.order[0])
		copy(m.order, m.order[1:])
		m.order = m.order[:memoryMax-1]
	}
	m.answers[key] = answer
	m.order = append(m.order, key)
}
