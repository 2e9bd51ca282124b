package profile

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/emmansun/gmsm/sm3"
)

// HeaderBatch says that the signature covers a batch of messages, and proves that this one is among them:
// "<index>.<path>", the path being the sibling hashes from the leaf up, 32 bytes each, in base64.
const HeaderBatch = "Yt-Batch"

// BatchMax is the most messages one signature covers; it bounds a path to pathMax hashes.
const (
	BatchMax = 1 << pathMax
	pathMax  = 8
)

const (
	batchLabel = "YT-OPERATOR-1 BATCH\n"
	hashSize   = 32
	leafPrefix = 0x00
	nodePrefix = 0x01
)

// ErrBatch marks a batch of no messages, or of more than BatchMax.
var ErrBatch = errors.New("profile: batch size out of range")

// Hash is an SM3 hash.
type Hash [hashSize]byte

// Proof shows that a message belongs to a batch. The zero Proof is that of a message signed on its own.
type Proof struct {
	Index int
	Path  []Hash
}

// String returns the header's value, empty for a message signed on its own.
func (p Proof) String() string {
	if len(p.Path) == 0 {
		return ""
	}
	raw := make([]byte, 0, len(p.Path)*hashSize)
	for _, sibling := range p.Path {
		raw = append(raw, sibling[:]...)
	}
	return strconv.Itoa(p.Index) + "." + base64.StdEncoding.EncodeToString(raw)
}

// ParseProof reads what String writes. Error: ErrHeader.
func ParseProof(text string) (Proof, error) {
	if text == "" {
		return Proof{}, nil
	}
	number, path, _ := strings.Cut(text, ".")
	index, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %s", ErrHeader, HeaderBatch)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(path)
	depth := len(raw) / hashSize
	if err != nil || len(raw)%hashSize != 0 || depth == 0 || depth > pathMax || index >= 1<<depth {
		return Proof{}, fmt.Errorf("%w: %s", ErrHeader, HeaderBatch)
	}
	proof := Proof{Index: int(index), Path: make([]Hash, depth)}
	for i := range proof.Path {
		proof.Path[i] = Hash(raw[i*hashSize:])
	}
	return proof, nil
}

// Signed returns the bytes the signature covers: the message itself, or the label and the root of its batch.
func (p Proof) Signed(message []byte) []byte {
	if len(p.Path) == 0 {
		return message
	}
	hash := leafOf(message)
	for level, sibling := range p.Path {
		if p.Index>>level&1 == 0 {
			hash = nodeOf(hash, sibling)
		} else {
			hash = nodeOf(sibling, hash)
		}
	}
	return append([]byte(batchLabel), hash[:]...)
}

// Batch returns the bytes to sign for several messages and each message's proof. A message alone is signed as it is.
// The tree is filled up to a power of two with leaves of 32 zero bytes. Error: ErrBatch.
func Batch(messages [][]byte) (signed []byte, proofs []Proof, err error) {
	if len(messages) == 0 || len(messages) > BatchMax {
		return nil, nil, fmt.Errorf("%w: %d messages", ErrBatch, len(messages))
	}
	proofs = make([]Proof, len(messages))
	if len(messages) == 1 {
		return messages[0], proofs, nil
	}
	depth := bits.Len(uint(len(messages) - 1))
	level := make([]Hash, 1<<depth)
	for i, message := range messages {
		level[i] = leafOf(message)
		proofs[i] = Proof{Index: i, Path: make([]Hash, depth)}
	}
	for height := range depth {
		for i := range proofs {
			proofs[i].Path[height] = level[i>>height^1]
		}
		for i := range len(level) / 2 {
			level[i] = nodeOf(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return append([]byte(batchLabel), level[0][:]...), proofs, nil
}

// leafOf and nodeOf start with different bytes, so that no message can pass for an inner node.
func leafOf(message []byte) Hash {
	hash := sm3.New()
	hash.Write([]byte{leafPrefix})
	hash.Write(message)
	return Hash(hash.Sum(nil))
}

func nodeOf(left, right Hash) Hash {
	var both [1 + 2*hashSize]byte
	both[0] = nodePrefix
	copy(both[1:], left[:])
	copy(both[1+hashSize:], right[:])
	return sm3.Sum(both[:])
}
