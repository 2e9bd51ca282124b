package profile

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// Signer signs messages with SM2; protocol/sign.Key is one.
type Signer interface {
	// Sign returns r‖s over message under the identity uid.
	Sign(uid string, message []byte) ([64]byte, error)
}

// Verifier checks SM2 signatures of one key.
type Verifier interface {
	// Verify reports whether signature is r‖s of message under the identity uid.
	Verify(uid string, message, signature []byte) bool
}

// Seal is a message's signature and, where it covers a batch, the message's place in it.
type Seal struct {
	Signature [64]byte
	Proof     Proof
}

// SetHeader writes the seal into header.
func (s Seal) SetHeader(header http.Header) {
	header[HeaderSignature] = []string{base64.StdEncoding.EncodeToString(s.Signature[:])}
	if proof := s.Proof.String(); proof != "" {
		header[HeaderBatch] = []string{proof}
	}
}

// ParseSeal reads what SetHeader writes. Error: ErrHeader.
func ParseSeal(header http.Header) (Seal, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(header.Get(HeaderSignature))
	if err != nil || len(raw) != len(Seal{}.Signature) {
		return Seal{}, fmt.Errorf("%w: %s", ErrHeader, HeaderSignature)
	}
	proof, err := ParseProof(header.Get(HeaderBatch))
	if err != nil {
		return Seal{}, err
	}
	return Seal{Signature: [64]byte(raw), Proof: proof}, nil
}

// Sealer seals messages. Messages that wait at the same moment share one signature: SM2 is what a call costs most, and
// under load it is paid once for many. A message that comes alone is signed at once and on its own; when many come
// every few milliseconds, a batch waits companyWait to fill up.
type Sealer struct {
	signer  Signer
	now     func() time.Time
	mu      sync.Mutex
	pace    pace
	waiting []*sealing
	busy    bool
}

// sealing is one message on its way. lead tells its goroutine to sign the next batch itself.
type sealing struct {
	message []byte
	seal    Seal
	err     error
	done    chan bool // true: lead
}

// NewSealer returns a sealer for a key; now is the clock by which it knows how fast messages come.
func NewSealer(signer Signer, now func() time.Time) *Sealer { return &Sealer{signer: signer, now: now} }

// Seal blocks for as long as one or two signatures take, and under load companyWait. Error: that of the Signer.
func (s *Sealer) Seal(message []byte) (Seal, error) {
	own := &sealing{message: message, done: make(chan bool, 1)}
	s.mu.Lock()
	s.waiting = append(s.waiting, own)
	loaded := s.pace.busy(s.now())
	lead := !s.busy
	s.busy = true
	s.mu.Unlock()
	if !lead {
		lead = <-own.done
	}
	if lead {
		if loaded {
			time.Sleep(companyWait)
		} else {
			// Let every goroutine that is ready to run come and join the batch.
			runtime.Gosched()
		}
		s.signBatch()
	}
	return own.seal, own.err
}

// signBatch signs what is waiting, the leader's message first, and hands the lead to the next one that is left over.
func (s *Sealer) signBatch() {
	s.mu.Lock()
	batch := s.waiting[:min(len(s.waiting), BatchMax)]
	s.waiting = append([]*sealing(nil), s.waiting[len(batch):]...)
	s.mu.Unlock()
	s.sign(batch)
	for _, member := range batch[1:] {
		member.done <- false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) == 0 {
		s.busy = false
		return
	}
	s.waiting[0].done <- true
}

func (s *Sealer) sign(batch []*sealing) {
	messages := make([][]byte, len(batch))
	for i, member := range batch {
		messages[i] = member.message
	}
	signed, proofs, err := Batch(messages)
	var signature [64]byte
	if err == nil {
		signature, err = s.signer.Sign(UID, signed)
	}
	for i, member := range batch {
		if member.err = err; err == nil {
			member.seal = Seal{Signature: signature, Proof: proofs[i]}
		}
	}
}

// rememberedMax bounds the batches an Unsealer remembers; they arrive close together or not at all.
const rememberedMax = 256

// Unsealer checks seals of one key and remembers the batches it has checked.
type Unsealer struct {
	verifier Verifier
	mu       sync.Mutex
	known    map[checked]bool
	order    [rememberedMax]checked
	next     int
}

// checked is a batch whose signature was found good. Only accepted ones are remembered.
type checked struct {
	root      Hash
	signature [64]byte
}

// NewUnsealer returns an unsealer for a key.
func NewUnsealer(verifier Verifier) *Unsealer {
	return &Unsealer{verifier: verifier, known: make(map[checked]bool, rememberedMax)}
}

// Good reports whether seal is the key's over message.
func (u *Unsealer) Good(message []byte, seal Seal) bool {
	signed := seal.Proof.Signed(message)
	if len(seal.Proof.Path) == 0 {
		return u.verifier.Verify(UID, signed, seal.Signature[:])
	}
	batch := checked{root: Hash(signed[len(batchLabel):]), signature: seal.Signature}
	u.mu.Lock()
	known := u.known[batch]
	u.mu.Unlock()
	if known {
		return true
	}
	if !u.verifier.Verify(UID, signed, seal.Signature[:]) {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.known[batch] {
		delete(u.known, u.order[u.next])
		u.known[batch], u.order[u.next] = true, batch
		u.next = (u.next + 1) % rememberedMax
	}
	return true
}
