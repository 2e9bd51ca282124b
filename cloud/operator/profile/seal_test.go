package profile_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// notary stands in for SM2: it "signs" by remembering what it was given, and counts its work.
type notary struct {
	mu       sync.Mutex
	signed   map[[64]byte]string
	signs    int
	verifies int
	fail     error
	hold     chan struct{} // when set, Sign waits for it
}

func newNotary() *notary { return &notary{signed: map[[64]byte]string{}} }

func (n *notary) Sign(uid string, message []byte) ([64]byte, error) {
	if n.hold != nil {
		<-n.hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return [64]byte{}, n.fail
	}
	n.signs++
	signature := [64]byte{byte(n.signs), byte(n.signs >> 8)}
	n.signed[signature] = uid + string(message)
	return signature, nil
}

func (n *notary) Verify(uid string, message, signature []byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.verifies++
	text, ok := n.signed[[64]byte(signature)]
	return ok && text == uid+string(message)
}

func messages(n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "message %d", i)
	}
	return list
}

func TestBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, profile.BatchMax).Draw(t, "n")
		batch := messages(n)
		signed, proofs, err := profile.Batch(batch)
		require.NoError(t, err)
		i := rapid.IntRange(0, n-1).Draw(t, "i")
		require.Equal(t, signed, proofs[i].Signed(batch[i]))
		again, err := profile.ParseProof(proofs[i].String())
		require.NoError(t, err)
		require.Equal(t, proofs[i], again)
		require.NotEqual(t, signed, proofs[i].Signed([]byte("another message")))
		if n == 1 {
			return
		}
		other := proofs[i]
		other.Index ^= 1 << rapid.IntRange(0, len(other.Path)-1).Draw(t, "bit")
		require.NotEqual(t, signed, other.Signed(batch[i]), "the same path at another place is another root")
	})
	for _, n := range []int{0, profile.BatchMax + 1} {
		_, _, err := profile.Batch(messages(n))
		require.ErrorIs(t, err, profile.ErrBatch)
	}
	t.Run("NoMessagePassesForANode", func(t *testing.T) {
		signed, proofs, err := profile.Batch(messages(4))
		require.NoError(t, err)
		// The two hashes below the root, presented as a message of a smaller tree.
		short := profile.Proof{Index: 0, Path: proofs[0].Path[1:]}
		inner := append(append([]byte{}, proofs[1].Path[0][:]...), proofs[0].Path[0][:]...)
		require.NotEqual(t, signed, short.Signed(inner))
	})
}

// path is one of so many hashes, as it is written.
func path(hashes int) string { return base64.StdEncoding.EncodeToString(make([]byte, 32*hashes)) }

func TestParseProofRefuses(t *testing.T) {
	_, proofs, err := profile.Batch(messages(3))
	require.NoError(t, err)
	good := proofs[2].String()
	for name, text := range map[string]string{"NoPath": "0.", "NoIndex": good[1:], "IndexOutside": "4" + good[1:], "Negative": "-" + good,
		"CutPath": good[:len(good)-4], "NoBase64": good + "!", "Huge": "99999" + good[1:],
		"NineHashes": "0." + path(9), "SixtyThreeHashes": "0." + path(63), "SixtyFourHashes": "0." + path(64)} {
		t.Run(name, func(t *testing.T) {
			_, err := profile.ParseProof(text)
			require.ErrorIs(t, err, profile.ErrHeader)
		})
	}
}

func TestSealerAlone(t *testing.T) {
	n := newNotary()
	sealer, unsealer := profile.NewSealer(n, time.Now), profile.NewUnsealer(n)
	for i := range 3 {
		message := fmt.Appendf(nil, "alone %d", i)
		seal, err := sealer.Seal(message)
		require.NoError(t, err)
		require.Empty(t, seal.Proof.Path, "a message alone is signed as it is")
		require.True(t, unsealer.Good(message, seal))
		require.False(t, unsealer.Good([]byte("other"), seal))
	}
	require.Equal(t, 3, n.signs)
}

func TestSealerTogether(t *testing.T) {
	const callers = 600
	n := newNotary()
	n.hold = make(chan struct{})
	sealer := profile.NewSealer(n, time.Now)
	seals, failures := make([]profile.Seal, callers), make([]error, callers)
	var started atomic.Int64
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			started.Add(1)
			seals[i], failures[i] = sealer.Seal(messages(callers)[i])
		})
	}
	require.Eventually(t, func() bool { return started.Load() == callers }, timeout, tick)
	close(n.hold)
	group.Wait()
	unsealer := profile.NewUnsealer(n)
	for i, message := range messages(callers) {
		require.NoError(t, failures[i])
		require.True(t, unsealer.Good(message, seals[i]))
	}
	require.Less(t, n.signs, callers/4, "600 messages at once took %d signatures", n.signs)
	require.Equal(t, n.signs, n.verifies, "each batch is verified once")

	tampered := seals[callers-1]
	tampered.Signature[0] ^= 0xff
	require.False(t, unsealer.Good(messages(callers)[callers-1], tampered))
	require.False(t, unsealer.Good([]byte("never sealed"), seals[callers-1]))
}

// TestSealerUnderLoad: messages that come one after another, fast, share signatures all the same.
func TestSealerUnderLoad(t *testing.T) {
	const callers = 200
	n := newNotary()
	var mu sync.Mutex
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	sealer := profile.NewSealer(n, func() time.Time { // a message a millisecond, however fast this machine is
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Millisecond)
		return at
	})
	var group sync.WaitGroup
	unsealer := profile.NewUnsealer(n)
	for i, message := range messages(callers) {
		group.Go(func() {
			seal, err := sealer.Seal(message)
			if err != nil || !unsealer.Good(message, seal) {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	group.Wait()
	require.Less(t, n.signs, callers/2)
}

func TestSealerReportsTheSignersError(t *testing.T) {
	n := newNotary()
	n.fail = errors.New("no key")
	sealer := profile.NewSealer(n, time.Now)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := sealer.Seal([]byte("m"))
			if !errors.Is(err, n.fail) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	n.fail = nil
	_, err := sealer.Seal([]byte("m"))
	require.NoError(t, err, "the sealer goes on after an error")
}

// TestUnsealerForgets: only so many batches are remembered, and a forgotten one is simply checked again.
func TestUnsealerForgets(t *testing.T) {
	n := newNotary()
	unsealer := profile.NewUnsealer(n)
	type sealed struct {
		message []byte
		seal    profile.Seal
	}
	var all []sealed
	for i := range 1000 {
		batch := [][]byte{fmt.Appendf(nil, "a%d", i), fmt.Appendf(nil, "b%d", i)}
		signed, proofs, err := profile.Batch(batch)
		require.NoError(t, err)
		signature, err := n.Sign(profile.UID, signed)
		require.NoError(t, err)
		for j := range batch {
			all = append(all, sealed{batch[j], profile.Seal{Signature: signature, Proof: proofs[j]}})
		}
	}
	for _, s := range all {
		require.True(t, unsealer.Good(s.message, s.seal))
	}
	require.Equal(t, 1000, n.verifies)
	require.True(t, unsealer.Good(all[0].message, all[0].seal))
	require.Equal(t, 1001, n.verifies)
}

func TestSealHeader(t *testing.T) {
	header := http.Header{}
	profile.Seal{Signature: [64]byte(bytes.Repeat([]byte{1}, 64))}.SetHeader(header)
	require.NotContains(t, header, profile.HeaderBatch)
	seal, err := profile.ParseSeal(header)
	require.NoError(t, err)
	require.Empty(t, seal.Proof.Path)
	header.Set(profile.HeaderBatch, "nonsense")
	_, err = profile.ParseSeal(header)
	require.ErrorIs(t, err, profile.ErrHeader)
}

func FuzzParseProof(f *testing.F) {
	_, proofs, err := profile.Batch(messages(3))
	require.NoError(f, err)
	f.Add(proofs[1].String())
	f.Add("0.AA==")
	f.Fuzz(func(t *testing.T, text string) {
		proof, err := profile.ParseProof(text)
		if err != nil {
			require.ErrorIs(t, err, profile.ErrHeader)
			return
		}
		again, err := profile.ParseProof(proof.String())
		require.NoError(t, err)
		require.Equal(t, proof, again)
		require.NotEmpty(t, proof.Signed([]byte("m")))
	})
}
