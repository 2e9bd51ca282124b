package protocol_test

import (
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// refused is bytes that must be refused by whoever has the story behind it. Lane is frame (one frame of a batch), batch,
// sign, down, limits (an answer that a limits-taken record keeps) or shift (a body of shift-closed); Reason is SPEC.md's
// word for the first check that fails.
type refused struct {
	Name   string `json:"name"`
	Lane   string `json:"lane"`
	Reason string `json:"reason"`
	Bytes  string `json:"bytes"`
}

// sequenceMax is SPEC.md's bound.
const sequenceMax = 1<<40 - 1

// forge makes frames and records that Build and Seal would not make.
type forge struct {
	w    *world
	e    *epoch
	tag  *seal.MAC
	body []byte
	head [record.HeaderSize]byte
}

// forge begins with a device fault as it would come next under the present epoch.
func (w *world) forge(t *testing.T) *forge {
	t.Helper()
	body, err := proto.Marshal(&message.DeviceFault{Device: "printer", Fault: "paper out"})
	require.NoError(t, err)
	f := &forge{w: w, e: w.second, tag: w.second.keys.Record, body: body}
	header := record.Header{Direction: seal.Up, Type: record.DeviceFault, KeyVersion: w.second.version, Epoch: w.second.number,
		BodyLength: uint32(len(body)), Sequence: w.sequence + 1, Time: at(910_000), Terminal: w.terminal, Previous: w.previous}
	copy(f.head[:], header.AppendBinary(nil))
	return f
}

func (f *forge) set(offset int, b ...byte) *forge { copy(f.head[offset:], b); return f }

func (f *forge) sequence(n uint64, previous seal.Hash) *forge {
	binary.BigEndian.PutUint64(f.head[16:], n)
	copy(f.head[40:], previous[:])
	return f
}

func (f *forge) under(e *epoch) *forge {
	f.e, f.tag = e, e.keys.Record
	return f.set(8, 0, 0, 0, byte(e.number))
}

func (f *forge) record() record.Record {
	r := append(append(record.Record{}, f.head[:]...), f.body...)
	tag := f.tag.Tag(r)
	return append(r, tag[:]...)
}

// frame seals whatever the header says, with its own key and nonce.
func (f *forge) frame(secret ...byte) []byte {
	r := f.record()
	direction, sequence := seal.Direction(f.head[2]), binary.BigEndian.Uint64(f.head[16:])
	b := f.e.keys.Envelope.Seal(append([]byte{}, f.head[:]...), direction, sequence, f.head[:], r[record.HeaderSize:])
	if len(secret) == 0 {
		return b
	}
	return f.beside(b, secret)
}

// beside seals a secret behind a frame.
func (f *forge) beside(frame, secret []byte) []byte {
	return f.e.keys.Envelope.Seal(frame, seal.Secret, binary.BigEndian.Uint64(f.head[16:]), f.head[:], secret)
}

// altered flips the lowest bit of one byte, counted from the end when at is negative.
func altered(b []byte, at int) []byte {
	b = append([]byte{}, b...)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}

func (w *world) refused(t *testing.T) []refused {
	t.Helper()
	list := append(w.refusedHeaders(t), w.refusedFrames(t)...)
	list = append(list, w.refusedBatches(t)...)
	list = append(list, w.refusedSignIns(t)...)
	return append(list, w.refusedAnswers(t)...)
}

func lane(name string, list ...refused) []refused {
	for i := range list {
		list[i].Lane = name
	}
	return list
}

func because(reason, name string, b []byte) refused {
	return refused{Name: name, Reason: reason, Bytes: hex.EncodeToString(b)}
}

// refusedHeaders are well sealed and well tagged; the header alone is wrong.
func (w *world) refusedHeaders(t *testing.T) []refused {
	t.Helper()
	malformed := func(name string, f *forge) refused { return because("malformed", name, f.frame()) }
	return lane("frame",
		malformed("version 2", w.forge(t).set(0, 2)),
		malformed("suite 2", w.forge(t).set(1, 2)),
		malformed("direction down", w.forge(t).set(2, 2)),
		malformed("direction 3", w.forge(t).set(2, 3)),
		malformed("reserved byte 1", w.forge(t).set(3, 1)),
		malformed("body length 32,769", w.forge(t).set(12, 0, 0, 0x80, 1)),
		malformed("sequence 0", w.forge(t).sequence(0, w.previous)),
		malformed("sequence 2^40", w.forge(t).sequence(sequenceMax+1, w.previous)),
		malformed("terminal id in lower case", w.forge(t).set(32, []byte("1000000a")...)),
		malformed("another terminal's id", w.forge(t).set(32, []byte("10000002")...)),
	)
}

func (w *world) refusedFrames(t *testing.T) []refused {
	t.Helper()
	good := w.forge(t).frame([]byte("0112345678903456789")...)
	end := len(w.forge(t).frame())
	wrongTag := w.forge(t)
	wrongTag.tag = w.second.keys.Answer
	unknown := w.forge(t).set(8, 0, 0, 0, 4)
	return lane("frame",
		because("tag", "frame ends before the envelope does", w.forge(t).frame()[:end-1]),
		because("tag", "body length one more than there is", w.forge(t).set(12, 0, 0, 0, byte(len(w.forge(t).body)+1)).frame()),
		because("tag", "time altered after sealing", altered(good, 31)),
		because("tag", "envelope altered", altered(good, record.HeaderSize)),
		because("tag", "secret altered", altered(good, -1)),
		because("tag", "secret cut to 15 bytes", good[:end+15]),
		because("tag", "secret of 257 bytes", w.forge(t).frame(make([]byte, record.SecretMax+1)...)),
		because("tag", "secret of no bytes", w.forge(t).beside(w.forge(t).frame(), nil)),
		because("tag", "record tagged under ACK", wrongTag.frame()),
		because("epoch", "epoch 4 was never given", unknown.frame()),
		because("epoch", "epoch 3 ended with record 20", w.forge(t).under(w.first).frame()),
		because("other-bytes", "another record 6", w.forge(t).under(w.first).sequence(6, w.links[5]).frame()),
		because("chain", "previous link is that of the record before the last", w.forge(t).sequence(w.sequence+1, w.links[w.sequence-1]).frame()),
	)
}

func (w *world) refusedBatches(t *testing.T) []refused {
	t.Helper()
	good := record.AppendBatch(nil, w.frames[0], w.frames[1])
	tooMany := binary.BigEndian.AppendUint16([]byte{1, 0}, record.BatchMax+1)
	return lane("batch",
		because("malformed", "version 2", append([]byte{2}, good[1:]...)),
		because("malformed", "second byte 1", altered(good, 1)),
		because("malformed", "no frames", []byte{1, 0, 0, 0}),
		because("malformed", "513 frames", tooMany),
		because("malformed", "one frame fewer than counted", good[:8+len(w.frames[0])]),
		because("malformed", "last byte missing", good[:len(good)-1]),
		because("malformed", "a byte after the end", append(append([]byte{}, good...), 0)),
		because("malformed", "frame of 103 bytes", record.AppendBatch(nil, w.frames[0][:103])),
	)
}

// refusedSignIns get no answer at all.
func (w *world) refusedSignIns(t *testing.T) []refused {
	t.Helper()
	ask := func(nonce []byte) *forge {
		f := w.forge(t).sequence(0, seal.Hash{}).set(4, 0, 1).set(8, 0, 0, 0, 0)
		body, err := proto.Marshal(&message.SignIn{TerminalNonce: nonce, LastSequence: w.sequence, LastLink: w.previous[:]})
		require.NoError(t, err)
		f.body, f.tag = body, w.second.signIn
		return f.set(12, 0, 0, 0, byte(len(body)))
	}
	nonce := []byte("terminal nonce 3")
	wrongTag := ask(nonce)
	wrongTag.tag = w.first.signIn
	return lane("sign",
		because("malformed", "a byte after the end", append(ask(nonce).record(), 0)),
		because("malformed", "type device-fault", ask(nonce).set(4, 0, 0x20).record()),
		because("malformed", "epoch 5", ask(nonce).set(8, 0, 0, 0, 5).record()),
		because("malformed", "sequence 1", ask(nonce).sequence(1, seal.Hash{}).record()),
		because("malformed", "another terminal's id", ask(nonce).set(32, []byte("10000002")...).record()),
		because("malformed", "key version 3", ask(nonce).set(6, 0, 3).record()),
		because("tag", "tagged under the key version before", wrongTag.record()),
		because("malformed", "nonce of 15 bytes", ask(nonce[:15]).record()),
	)
}

// refusedAnswers are ignored by a terminal that asked to sign in with "terminal nonce 2" and has epochs 3 and 5.
func (w *world) refusedAnswers(t *testing.T) []refused {
	t.Helper()
	down := func() *forge {
		f := w.forge(t).set(2, 2).set(4, 0x80, 0x03).sequence(2<<32|1, seal.Hash{})
		body, err := proto.Marshal(&message.Refusal{Sequence: 22, Epoch: 5, Cause: message.Refusal_CAUSE_CHAIN})
		require.NoError(t, err)
		f.body, f.tag = body, w.second.keys.Answer
		return f.set(12, 0, 0, 0, byte(len(body)))
	}
	asUp := down()
	asUp.tag = w.second.keys.Record
	answer := func(change func(*message.SignInAnswer)) *forge {
		kcv, link := w.second.keys.RecordCheckValue(), w.links[lostTo]
		a := &message.SignInAnswer{TerminalNonce: w.second.terminalNonce[:], CloudNonce: w.second.cloudNonce[:], HighWater: lostTo,
			HighWaterLink: link[:], Highest: lostTo, HighestLink: link[:], CloudTime: micro(900_020), CheckValue: kcv[:]}
		change(a)
		body, err := proto.Marshal(a)
		require.NoError(t, err)
		f := down().set(4, 0x80, 0x01).sequence(0, seal.Hash{}).set(12, 0, 0, 0, byte(len(body)))
		f.body, f.tag = body, w.second.signIn
		return f
	}
	other := answer(func(a *message.SignInAnswer) { a.TerminalNonce = w.first.terminalNonce[:] })
	check := answer(func(a *message.SignInAnswer) { a.CheckValue = []byte{1, 2, 3} })
	unsigned := answer(func(*message.SignInAnswer) {})
	unsigned.tag = w.second.keys.Answer
	return lane("down",
		because("malformed", "version 2", down().set(0, 2).frame()),
		because("not-ours", "direction up", down().set(2, 1).frame()),
		because("not-ours", "another terminal's id", down().set(32, []byte("10000002")...).frame()),
		because("epoch", "epoch 4", down().set(8, 0, 0, 0, 4).frame()),
		because("tag", "envelope altered", altered(down().frame(), -1)),
		because("tag", "secret beside an answer", down().frame([]byte("0112345678903456789")...)),
		because("tag", "tagged under MAK", asUp.frame()),
		because("tag", "sign-in answer tagged under ACK", unsigned.record()),
		because("nonce", "sign-in answer to another request", other.record()),
		because("check-value", "sign-in answer with a wrong check value", check.record()),
	)
}

// judge knows what cloud and terminal know at the end of the story, and says why bytes are refused; "" when they are not.
type judge struct {
	w        *world
	ended    map[uint32]uint64 // first sequence of the epoch after
	identity sign.PublicKey
}

func (j judge) epoch(number uint32) *epoch {
	return map[uint32]*epoch{3: j.w.first, 5: j.w.second}[number]
}

func (j judge) judge(lane string, b []byte) string {
	switch lane {
	case "frame":
		return j.frame(b)
	case "batch":
		if _, err := record.SplitBatch(b); err != nil {
			return "malformed"
		}
		return ""
	case "sign":
		return j.signIn(b)
	case "limits":
		return j.limits(b)
	case "shift":
		return j.shift(j.identity, b)
	default:
		return j.down(b)
	}
}

func (j judge) frame(b []byte) string {
	header, err := record.ParseHeader(b)
	if err != nil || header.Direction != seal.Up || header.Terminal != j.w.terminal ||
		header.Sequence == 0 || header.Sequence > sequenceMax {
		return "malformed"
	}
	e := j.epoch(header.Epoch)
	if e == nil {
		return "epoch"
	}
	r, _, err := record.Frame(b).Open(e.keys.Envelope, header)
	if err != nil || r.Verify(e.keys.Record) != nil {
		return "tag"
	}
	if end := j.ended[header.Epoch]; end != 0 && header.Sequence >= end {
		return "epoch"
	}
	if stored, ok := j.w.stored[header.Sequence]; ok {
		if string(stored) != string(r) {
			return "other-bytes"
		}
		return ""
	}
	if before, ok := j.w.links[header.Sequence-1]; ok && before != header.Previous {
		return "chain"
	}
	return ""
}

func (j judge) signIn(b []byte) string {
	r, header, err := record.Parse(b)
	e := j.w.second
	if err != nil || header.Direction != seal.Up || header.Type != record.SignIn || header.Terminal != j.w.terminal ||
		header.Epoch != 0 || header.Sequence != 0 || header.KeyVersion != e.version {
		return "malformed"
	}
	if r.Verify(e.signIn) != nil {
		return "tag"
	}
	var body message.SignIn
	if proto.Unmarshal(r.Body(), &body) != nil || len(body.GetTerminalNonce()) != seal.NonceSize {
		return "malformed"
	}
	return ""
}

func (j judge) down(b []byte) string {
	header, err := record.ParseHeader(b)
	if err != nil {
		return "malformed"
	}
	if header.Direction != seal.Down || header.Terminal != j.w.terminal {
		return "not-ours"
	}
	if header.Type == record.SignInAnswer {
		return j.signInAnswer(b)
	}
	e := j.epoch(header.Epoch)
	if e == nil {
		return "epoch"
	}
	r, _, err := record.Frame(b).Open(e.keys.Envelope, header)
	if err != nil || r.Verify(e.keys.Answer) != nil {
		return "tag"
	}
	return ""
}

func (j judge) signInAnswer(b []byte) string {
	r, header, err := record.Parse(b)
	if err != nil {
		return "malformed"
	}
	e := j.w.second
	if r.Verify(e.signIn) != nil {
		return "tag"
	}
	var body message.SignInAnswer
	if proto.Unmarshal(r.Body(), &body) != nil || string(body.GetTerminalNonce()) != string(e.terminalNonce[:]) {
		return "nonce"
	}
	keys := seal.DeriveKeys(j.w.engine, e.terminalKey, header.Epoch, e.terminalNonce, [seal.NonceSize]byte(body.GetCloudNonce()))
	if check := keys.RecordCheckValue(); string(body.GetCheckValue()) != string(check[:]) {
		return "check-value"
	}
	return ""
}

// TestVectorsRefused refuses what must be refused, for the reason given, and nothing of the story itself.
func TestVectorsRefused(t *testing.T) {
	g := readGolden(t)
	w := newWorld(seal.Portable())
	w.golden(t)
	j := judge{w: w, ended: map[uint32]uint64{3: lostTo + 1}, identity: identityKey(t).Public()}
	seen := make(map[string]int)
	for _, r := range g.Refused {
		t.Run(r.Lane+"/"+r.Name, func(t *testing.T) {
			require.Equal(t, r.Reason, j.judge(r.Lane, unhex(t, r.Bytes)))
		})
		seen[r.Lane+" "+r.Reason]++
	}
	for _, kind := range []string{"frame malformed", "frame tag", "frame epoch", "frame other-bytes", "frame chain",
		"batch malformed", "sign malformed", "sign tag", "down malformed", "down not-ours", "down epoch", "down tag",
		"down nonce", "down check-value", "limits tag", "limits epoch", "limits not-ours", "limits malformed",
		"shift signature", "shift malformed"} {
		require.NotZero(t, seen[kind], kind)
	}
	t.Run("nothing of the story", func(t *testing.T) {
		for _, v := range g.Records {
			require.Empty(t, j.judge("frame", unhex(t, v.Frame)), v.Sequence)
		}
		for _, v := range g.Answers {
			require.Empty(t, j.judge("down", unhex(t, v.Frame)), v.Sequence)
		}
		for _, v := range g.Records {
			switch m := bodyOf(t, v).(type) {
			case *message.OfflineLimitsTaken:
				require.Empty(t, j.judge("limits", m.GetAnswer()))
			case *message.ShiftClosed:
				require.Empty(t, j.judge("shift", unhex(t, v.Body)))
			}
		}
		require.Empty(t, j.judge("batch", unhex(t, g.Batch)))
		require.Empty(t, j.judge("sign", unhex(t, g.SignIn[2].Header+g.SignIn[2].Body+g.SignIn[2].Tag)))
		require.Empty(t, j.judge("down", unhex(t, g.SignIn[3].Header+g.SignIn[3].Body+g.SignIn[3].Tag)))
		require.Empty(t, j.judge("frame", w.forge(t).frame([]byte("0112345678903456789")...)), "before it is forged")
	})
}
