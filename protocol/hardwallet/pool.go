package hardwallet

import (
	"fmt"

	"github.com/yuantill/yuantill/protocol/sign"
)

// poolMax is the most issuers a pool holds.
const poolMax = 256

// Pool is the set of issuers whose cards are trusted. It is immutable and safe for concurrent use; nil trusts nobody.
type Pool struct {
	keys map[sign.Fingerprint]sign.PublicKey
}

// NewPool returns a pool of the given keys. Error: ErrMalformed for a zero key, two keys of one fingerprint or too many.
func NewPool(issuers ...sign.PublicKey) (*Pool, error) {
	if len(issuers) > poolMax {
		return nil, fmt.Errorf("%w: %d issuers, at most %d", ErrMalformed, len(issuers), poolMax)
	}
	keys := make(map[sign.Fingerprint]sign.PublicKey, len(issuers))
	for _, key := range issuers {
		if key.IsZero() {
			return nil, fmt.Errorf("%w: zero issuer key", ErrMalformed)
		}
		id := key.Fingerprint()
		if other, taken := keys[id]; taken && !other.Equal(key) {
			return nil, fmt.Errorf("%w: two issuers named %s", ErrMalformed, id)
		}
		keys[id] = key
	}
	return &Pool{keys: keys}, nil
}

// key returns the issuer's key.
func (p *Pool) key(id sign.Fingerprint) (sign.PublicKey, bool) {
	if p == nil {
		return sign.PublicKey{}, false
	}
	key, known := p.keys[id]
	return key, known
}
