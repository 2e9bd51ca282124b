package world

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// random is one component's generator: what one component draws changes nothing for the others.
type random struct{ *rand.Rand }

// newRandom returns the generator of a component of a seed.
func newRandom(seed uint64, component string) random {
	name := fnv.New64a()
	_, _ = name.Write([]byte(component)) // never fails
	return random{rand.New(rand.NewPCG(seed, name.Sum64()))}
}

// chance is true in percent of the cases.
func (r random) chance(percent int) bool { return r.IntN(100) < percent }

// between returns a duration from low to high.
func (r random) between(low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)+1))
}

// Read fills b; it never fails.
func (r random) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return len(b), nil
}

// one returns one of several.
func one[T any](r random, of ...T) T { return of[r.IntN(len(of))] }
