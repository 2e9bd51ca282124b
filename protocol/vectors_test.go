package protocol_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

const (
	vectorsFile = "testdata/vectors.json"
	// transactionFile is a hard wallet's payment for the story; its signature was made with a fixed nonce.
	transactionFile = "testdata/transaction.hex"
)

// golden is testdata/vectors.json: a terminal's story and what must be refused. All byte strings are lower-case
// hexadecimal.
type golden struct {
	Root     string         `json:"root"`
	Terminal string         `json:"terminal"`
	Identity goldenIdentity `json:"identity"`
	Genesis  string         `json:"genesis_link"`
	Epochs   []goldenKeys   `json:"epochs"`
	SignIn   []goldenRecord `json:"sign_in"`
	Records  []goldenRecord `json:"records"`
	Answers  []goldenRecord `json:"answers"`
	Batch    string         `json:"batch"`
	Shifts   []goldenShift  `json:"shifts"`
	Refused  []refused      `json:"refused"`
}

type goldenKeys struct {
	KeyVersion    uint16 `json:"key_version"`
	TerminalKey   string `json:"tmk"`
	SignInKey     string `json:"sgn"`
	Epoch         uint32 `json:"epoch"`
	TerminalNonce string `json:"terminal_nonce"`
	CloudNonce    string `json:"cloud_nonce"`
	RecordKey     string `json:"mak"`
	RecordKCV     string `json:"mak_check_value"`
	EnvelopeKey   string `json:"tek"`
	PINKey        string `json:"pik"`
	AnswerKey     string `json:"ack"`
}

type goldenRecord struct {
	Type       string          `json:"type"`
	TypeCode   uint16          `json:"type_code"`
	Direction  uint32          `json:"direction"`
	KeyVersion uint16          `json:"key_version"`
	Epoch      uint32          `json:"epoch"`
	Sequence   uint64          `json:"sequence"`
	TimeMicro  int64           `json:"time_us"`
	Fields     json.RawMessage `json:"fields,omitempty"` // absent for a type that nobody knows
	Header     string          `json:"header"`
	Body       string          `json:"body"`
	Tag        string          `json:"tag"`
	Link       string          `json:"link,omitempty"`
	Secret     string          `json:"secret_text,omitempty"`
	FrameKey   string          `json:"frame_key,omitempty"` // CMAC(TEK, header)
	Frame      string          `json:"frame,omitempty"`
}

// epoch is one epoch of the story with its keys.
type epoch struct {
	number                    uint32
	version                   uint16
	terminalNonce, cloudNonce [seal.NonceSize]byte
	terminalKey               []byte
	keys                      *seal.Keys
	signIn                    *seal.MAC
}

func (w *world) epoch(number uint32, version uint16, terminalNonce, cloudNonce string) *epoch {
	e := &epoch{number: number, version: version, terminalNonce: [seal.NonceSize]byte([]byte(terminalNonce)),
		cloudNonce: [seal.NonceSize]byte([]byte(cloudNonce))}
	e.terminalKey = seal.TerminalKey(w.engine, root, w.terminal.String(), version)
	e.keys = seal.DeriveKeys(w.engine, e.terminalKey, number, e.terminalNonce, e.cloudNonce)
	e.signIn = seal.SignInMAC(w.engine, e.terminalKey)
	return e
}

func (e *epoch) context() []byte {
	return append([]byte{0, 0, 0, byte(e.number)}, append(e.terminalNonce[:], e.cloudNonce[:]...)...)
}

func (e *epoch) golden(engine seal.Engine) goldenKeys {
	derive := func(label string) string {
		return hex.EncodeToString(seal.Derive(engine, e.terminalKey, label, e.context(), seal.KeySize))
	}
	kcv := e.keys.RecordCheckValue()
	return goldenKeys{
		KeyVersion: e.version, TerminalKey: hex.EncodeToString(e.terminalKey),
		SignInKey: hex.EncodeToString(seal.Derive(engine, e.terminalKey, "SGN", nil, seal.KeySize)), Epoch: e.number,
		TerminalNonce: hex.EncodeToString(e.terminalNonce[:]), CloudNonce: hex.EncodeToString(e.cloudNonce[:]),
		RecordKey: derive("MAK"), RecordKCV: hex.EncodeToString(kcv[:]), EnvelopeKey: derive("TEK"),
		PINKey: derive("PIK"), AnswerKey: derive("ACK"),
	}
}

// world tells the story of one terminal from fixed inputs.
type world struct {
	engine   seal.Engine
	terminal record.Terminal
	first    *epoch
	second   *epoch // under the next terminal key, after the journal was lost in part
	previous seal.Hash
	sequence uint64
	answered uint64
	links    map[uint64]seal.Hash
	frames   []record.Frame
	stored   map[uint64]record.Record
	shifts   []goldenShift
}

var (
	root      = []byte("root key, golden")
	codeOrder = []byte{0x01, 0x93, 0x52, 0x11, 0x22, 0x33, 0x74, 0x55, 0x86, 0x77, 0x88, 0x99, 0x00, 0x01, 0x00, 0x01}
	tapOrder  = []byte{0x01, 0x93, 0x52, 0x11, 0x22, 0x33, 0x74, 0x55, 0x86, 0x77, 0x88, 0x99, 0x00, 0x01, 0x00, 0x02}
	ownOrder  = []byte{0x01, 0x93, 0x52, 0x11, 0x22, 0x33, 0x74, 0x55, 0x86, 0x77, 0x88, 0x99, 0x00, 0x01, 0x00, 0x03}
	leftOrder = []byte{0x01, 0x93, 0x52, 0x11, 0x22, 0x33, 0x74, 0x55, 0x86, 0x77, 0x88, 0x99, 0x00, 0x01, 0x00, 0x04}
	started   = time.UnixMicro(1_795_000_000_000_000).UTC()
)

// The cloud has records up to lostTo when the terminal comes back with an old copy that ends at copyEnd.
const (
	copyEnd     = 15
	lostTo      = 20
	unknownType = record.Type(0x7001)
)

func newWorld(engine seal.Engine) *world {
	w := &world{engine: engine, terminal: record.Terminal([]byte("10000001")), links: make(map[uint64]seal.Hash),
		stored: make(map[uint64]record.Record)}
	w.first = w.epoch(3, 1, "terminal nonce 1", "cloud nonce 0001")
	w.second = w.epoch(5, 2, "terminal nonce 2", "cloud nonce 0002")
	w.previous = record.Genesis(engine, w.terminal)
	w.links[0] = w.previous
	return w
}

// at is a moment of the story in milliseconds.
func at(milliseconds int64) time.Time {
	return started.Add(time.Duration(milliseconds) * time.Millisecond)
}

func micro(milliseconds int64) int64 { return at(milliseconds).UnixMicro() }

// build makes a record and its entry. A body of nil is a type that nobody knows, with extra as its content.
func (w *world) build(t *testing.T, mac *seal.MAC, header record.Header, h happened) (record.Record, goldenRecord) {
	t.Helper()
	var content []byte
	var fields json.RawMessage
	if h.body != nil {
		var err error
		content, err = proto.MarshalOptions{Deterministic: true}.Marshal(h.body)
		require.NoError(t, err)
		fields, err = protojson.MarshalOptions{UseProtoNames: true}.Marshal(h.body)
		require.NoError(t, err)
	}
	if content = append(content, h.extra...); h.turned {
		content = turned(t, content)
	}
	header.Terminal = w.terminal
	r, err := record.Build(mac, header, content)
	require.NoError(t, err)
	return r, goldenRecord{
		Type: header.Type.String(), TypeCode: uint16(header.Type), Direction: uint32(header.Direction),
		KeyVersion: header.KeyVersion, Epoch: header.Epoch, Sequence: header.Sequence, TimeMicro: header.Time.UnixMicro(),
		Fields: fields, Header: hex.EncodeToString(r.HeaderBytes()), Body: hex.EncodeToString(r.Body()),
		Tag: hex.EncodeToString(r.Tag()),
	}
}

// happened is one record of the story.
type happened struct {
	at     int64 // milliseconds
	kind   record.Type
	body   proto.Message
	extra  []byte
	secret string
	turned bool // its fields in another order
}

func (w *world) up(t *testing.T, e *epoch, h happened) goldenRecord {
	t.Helper()
	w.sequence++
	r, g := w.build(t, e.keys.Record, record.Header{Direction: seal.Up, Type: h.kind, KeyVersion: e.version, Epoch: e.number,
		Sequence: w.sequence, Time: at(h.at), Previous: w.previous}, h)
	var secret []byte
	if h.secret != "" {
		secret = []byte(h.secret)
	}
	frame := w.seal(t, e, r, secret, &g)
	w.previous = r.Link(w.engine)
	w.links[w.sequence], w.stored[w.sequence] = w.previous, r
	w.frames = append(w.frames, frame)
	g.Link, g.Secret = hex.EncodeToString(w.previous[:]), h.secret
	return g
}

func (w *world) down(t *testing.T, e *epoch, h happened) goldenRecord {
	t.Helper()
	w.answered++
	r, g := w.build(t, e.keys.Answer, record.Header{Direction: seal.Down, Type: h.kind, KeyVersion: e.version,
		Epoch: e.number, Sequence: 1<<32 | w.answered, Time: at(h.at)}, h)
	w.seal(t, e, r, nil, &g)
	return g
}

func (w *world) seal(t *testing.T, e *epoch, r record.Record, secret []byte, g *goldenRecord) record.Frame {
	t.Helper()
	frame, err := record.Seal(e.keys.Envelope, r, secret)
	require.NoError(t, err)
	key := seal.NewMAC(w.engine, seal.Derive(w.engine, e.terminalKey, "TEK", e.context(), seal.KeySize)).Tag(r.HeaderBytes())
	g.FrameKey, g.Frame = hex.EncodeToString(key[:]), hex.EncodeToString(frame)
	return frame
}

// ask and answer are the two halves of a sign-in.
func (w *world) ask(t *testing.T, e *epoch, moment int64, last uint64) goldenRecord {
	t.Helper()
	link := w.links[last]
	_, g := w.build(t, e.signIn, record.Header{Direction: seal.Up, Type: record.SignIn, KeyVersion: e.version, Time: at(moment)},
		happened{body: &message.SignIn{TerminalNonce: e.terminalNonce[:], LastSequence: last, LastLink: link[:],
			AgentVersion: "1.0.0", SerialNumber: "SN0001"}})
	return g
}

func (w *world) answer(t *testing.T, e *epoch, moment int64, highest uint64, link seal.Hash) goldenRecord {
	t.Helper()
	kcv := e.keys.RecordCheckValue()
	_, g := w.build(t, e.signIn, record.Header{Direction: seal.Down, Type: record.SignInAnswer, KeyVersion: e.version,
		Epoch: e.number, Time: at(moment)}, happened{body: &message.SignInAnswer{TerminalNonce: e.terminalNonce[:],
		CloudNonce: e.cloudNonce[:], HighWater: highest, HighWaterLink: link[:], Highest: highest, HighestLink: link[:],
		CloudTime: micro(moment), CheckValue: kcv[:]}})
	return g
}

func (w *world) golden(t *testing.T) golden {
	t.Helper()
	g := golden{Root: hex.EncodeToString(root), Terminal: w.terminal.String(), Genesis: hex.EncodeToString(w.previous[:]),
		Identity: goldenIdentityOf(t),
		Epochs:   []goldenKeys{w.first.golden(w.engine), w.second.golden(w.engine)}}
	g.SignIn = []goldenRecord{w.ask(t, w.first, 0, 0), w.answer(t, w.first, 20, 0, w.links[0])}
	for _, h := range firstLife(t, w.first) {
		g.Records = append(g.Records, w.up(t, w.first, h))
	}
	require.EqualValues(t, copyEnd, w.sequence)
	for _, h := range answersOf(w) {
		g.Answers = append(g.Answers, w.down(t, w.first, h))
	}
	// The cloud has five records more than the copy that the terminal was restored from.
	beyond := seal.Hash(w.engine.Sum([]byte("a record that only the cloud has")))
	g.SignIn = append(g.SignIn, w.ask(t, w.second, 900_000, copyEnd), w.answer(t, w.second, 900_020, lostTo, beyond))
	w.sequence, w.previous, w.links[lostTo] = lostTo, beyond, beyond
	for _, h := range secondLife(w.second) {
		g.Records = append(g.Records, w.up(t, w.second, h))
	}
	last := w.links[w.sequence]
	g.Answers = append(g.Answers, w.down(t, w.second, happened{at: 900_100, kind: record.Acknowledgement,
		body: &message.Acknowledgement{HighWater: w.sequence, HighWaterLink: last[:], Highest: w.sequence}}))
	w.tellDay(t, &g)
	g.Shifts = w.shifts
	g.Batch = hex.EncodeToString(record.AppendBatch(nil, w.frames[:2]...))
	g.Refused = append(w.refused(t), w.refusedDay(t, &g)...)
	return g
}

// TestVectors holds testdata/vectors.json to the code on both engines.
func TestVectors(t *testing.T) {
	text := readVectors(t)
	for name, engine := range map[string]seal.Engine{"Portable": seal.Portable(), "Fast": fast.Engine()} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(newWorld(engine).golden(t))
			require.NoError(t, err)
			require.JSONEq(t, string(text), string(got))
		})
	}
}

// readVectors returns the file, written anew first when that was asked for: whichever test comes first reads new ones.
func readVectors(t *testing.T) []byte {
	t.Helper()
	if *update {
		text, err := json.MarshalIndent(newWorld(seal.Portable()).golden(t), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorsFile, append(text, '\n'), 0o644))
	}
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	return text
}

func readGolden(t *testing.T) golden {
	t.Helper()
	var g golden
	require.NoError(t, json.Unmarshal(readVectors(t), &g))
	return g
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimSpace(text))
	require.NoError(t, err)
	return b
}

// TestVectorsAreWhole reads the vectors as a stranger would: every frame opens to its header, body and tag, and the
// links make one chain, but for the stretch that was lost.
func TestVectorsAreWhole(t *testing.T) {
	g := readGolden(t)
	w := newWorld(seal.Portable())
	require.Len(t, g.Records, copyEnd+dayEnd-lostTo)
	for _, v := range append(append([]goldenRecord{}, g.Records...), g.Answers...) {
		frame := unhex(t, v.Frame)
		header, err := record.ParseHeader(frame)
		require.NoError(t, err)
		require.False(t, header.Time.Before(started) || header.Time.After(at(2_000_000)), "within the story")
		e := map[uint32]*epoch{3: w.first, 5: w.second}[header.Epoch]
		opened, secret, err := record.Frame(frame).Open(e.keys.Envelope, header)
		require.NoError(t, err)
		require.Equal(t, v.Header+v.Body+v.Tag, hex.EncodeToString(opened))
		require.Equal(t, v.Secret, string(secret))
		if header.Direction == seal.Down {
			require.NoError(t, opened.Verify(e.keys.Answer))
			continue
		}
		if header.Sequence != lostTo+1 {
			require.Equal(t, w.previous, header.Previous)
		}
		require.NoError(t, opened.Verify(e.keys.Record))
		w.previous = opened.Link(w.engine)
		require.Equal(t, v.Link, hex.EncodeToString(w.previous[:]))
	}
}
