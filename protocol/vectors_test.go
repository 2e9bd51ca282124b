package protocol_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
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

const vectorsFile = "testdata/vectors.json"

// golden is testdata/vectors.json. All byte strings are lower-case hexadecimal.
type golden struct {
	Keys    goldenKeys     `json:"keys"`
	SignIn  []goldenRecord `json:"sign_in"`
	Records []goldenRecord `json:"records"`
	Answers []goldenRecord `json:"answers"`
	Batch   string         `json:"batch"`
}

type goldenKeys struct {
	Root          string `json:"root"`
	Terminal      string `json:"terminal"`
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
	Genesis       string `json:"genesis_link"`
}

type goldenRecord struct {
	Type      string          `json:"type"`
	TypeCode  uint16          `json:"type_code"`
	Direction uint32          `json:"direction"`
	Epoch     uint32          `json:"epoch"`
	Sequence  uint64          `json:"sequence"`
	TimeMicro int64           `json:"time_us"`
	Fields    json.RawMessage `json:"fields"`
	Header    string          `json:"header"`
	Body      string          `json:"body"`
	Tag       string          `json:"tag"`
	Link      string          `json:"link,omitempty"`
	Secret    string          `json:"secret_text,omitempty"`
	Frame     string          `json:"frame,omitempty"`
}

// world builds the golden vectors from fixed inputs.
type world struct {
	engine   seal.Engine
	terminal record.Terminal
	keys     *seal.Keys
	signIn   *seal.MAC
	previous seal.Hash
	sequence uint64
	frames   []record.Frame
}

var (
	root          = []byte("root key, golden")
	terminalNonce = [seal.NonceSize]byte([]byte("terminal nonce 1"))
	cloudNonce    = [seal.NonceSize]byte([]byte("cloud nonce 0001"))
	orderID       = []byte{0x01, 0x93, 0x52, 0x11, 0x22, 0x33, 0x74, 0x55, 0x86, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd}
	started       = time.UnixMicro(1_795_000_000_000_000).UTC()
)

const (
	keyVersion = 1
	epoch      = 3
)

func newWorld(engine seal.Engine) *world {
	w := &world{engine: engine, terminal: record.Terminal([]byte("10000001"))}
	tmk := seal.TerminalKey(engine, root, w.terminal.String(), keyVersion)
	w.keys = seal.DeriveKeys(engine, tmk, epoch, terminalNonce, cloudNonce)
	w.signIn = seal.SignInMAC(engine, tmk)
	w.previous = record.Genesis(engine, w.terminal)
	return w
}

func (w *world) goldenKeys() goldenKeys {
	tmk := seal.TerminalKey(w.engine, root, w.terminal.String(), keyVersion)
	context := append([]byte{0, 0, 0, epoch}, append(terminalNonce[:], cloudNonce[:]...)...)
	derive := func(label string) string { return hex.EncodeToString(seal.Derive(w.engine, tmk, label, context, 16)) }
	kcv := w.keys.RecordCheckValue()
	return goldenKeys{
		Root: hex.EncodeToString(root), Terminal: w.terminal.String(), KeyVersion: keyVersion,
		TerminalKey: hex.EncodeToString(tmk), SignInKey: hex.EncodeToString(seal.Derive(w.engine, tmk, "SGN", nil, 16)),
		Epoch: epoch, TerminalNonce: hex.EncodeToString(terminalNonce[:]), CloudNonce: hex.EncodeToString(cloudNonce[:]),
		RecordKey: derive("MAK"), RecordKCV: hex.EncodeToString(kcv[:]), EnvelopeKey: derive("TEK"),
		PINKey: derive("PIK"), AnswerKey: derive("ACK"), Genesis: hex.EncodeToString(w.previous[:]),
	}
}

func (w *world) make(t *testing.T, mac *seal.MAC, header record.Header, body proto.Message) (record.Record, goldenRecord) {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(body)
	require.NoError(t, err)
	header.KeyVersion, header.Terminal = keyVersion, w.terminal
	header.Time = started.Add(time.Duration(header.Sequence) * time.Second)
	r, err := record.Build(mac, header, b)
	require.NoError(t, err)
	fields, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(body)
	require.NoError(t, err)
	return r, goldenRecord{
		Type: header.Type.String(), TypeCode: uint16(header.Type), Direction: uint32(header.Direction),
		Epoch: header.Epoch, Sequence: header.Sequence, TimeMicro: header.Time.UnixMicro(), Fields: fields,
		Header: hex.EncodeToString(r.HeaderBytes()), Body: hex.EncodeToString(r.Body()), Tag: hex.EncodeToString(r.Tag()),
	}
}

func (w *world) up(t *testing.T, kind record.Type, body proto.Message, secret string) goldenRecord {
	t.Helper()
	w.sequence++
	r, g := w.make(t, w.keys.Record, record.Header{Direction: seal.Up, Type: kind, Epoch: epoch, Sequence: w.sequence,
		Previous: w.previous}, body)
	var sealed []byte
	if secret != "" {
		sealed = []byte(secret)
	}
	frame, err := record.Seal(w.keys.Envelope, r, sealed)
	require.NoError(t, err)
	w.previous = r.Link(w.engine)
	w.frames = append(w.frames, frame)
	g.Link, g.Secret, g.Frame = hex.EncodeToString(w.previous[:]), secret, hex.EncodeToString(frame)
	return g
}

func (w *world) down(t *testing.T, kind record.Type, sequence uint64, body proto.Message) goldenRecord {
	t.Helper()
	r, g := w.make(t, w.keys.Answer, record.Header{Direction: seal.Down, Type: kind, Epoch: epoch, Sequence: sequence}, body)
	frame, err := record.Seal(w.keys.Envelope, r, nil)
	require.NoError(t, err)
	g.Frame = hex.EncodeToString(frame)
	return g
}

func (w *world) golden(t *testing.T) golden {
	t.Helper()
	g := golden{Keys: w.goldenKeys()}
	kcv := w.keys.RecordCheckValue()
	genesis := w.previous
	_, request := w.make(t, w.signIn, record.Header{Direction: seal.Up, Type: record.SignIn},
		&message.SignIn{TerminalNonce: terminalNonce[:], LastLink: genesis[:], AgentVersion: "1.0.0", SerialNumber: "SN0001"})
	_, answer := w.make(t, w.signIn, record.Header{Direction: seal.Down, Type: record.SignInAnswer, Epoch: epoch},
		&message.SignInAnswer{TerminalNonce: terminalNonce[:], CloudNonce: cloudNonce[:], HighWaterLink: genesis[:],
			HighestLink: genesis[:], CloudTime: started.UnixMicro(), CheckValue: kcv[:]})
	g.SignIn = []goldenRecord{request, answer}
	result := &message.PaymentResult{OrderId: orderID, Outcome: message.Outcome_OUTCOME_APPROVED,
		Stage: message.Stage_STAGE_FINAL, Amount: 1250, Currency: "CNY", Reference: "261123000001", Authorisation: "A1B2C3",
		OperatorCode: "ICBC", PayerOperator: "ICBC", WalletMasked: "001200******3456", DecidedAt: started.UnixMicro(), Revision: 2}
	g.Records = []goldenRecord{
		w.up(t, record.EpochOpened, &message.EpochOpened{Epoch: epoch, TerminalNonce: terminalNonce[:], CloudNonce: cloudNonce[:]}, ""),
		w.up(t, record.AgentStarted, &message.AgentStarted{Version: "1.0.0"}, ""),
		w.up(t, record.PaymentRequested, &message.PaymentRequested{OrderId: orderID, Method: message.Method_METHOD_CODE,
			Amount: 1250, Currency: "CNY", MerchantId: "105290054110001", Batch: 1, Voucher: 1, Cashier: "01", Note: "豆浆",
			CodeTail: "456789", GiveUp: started.Add(45 * time.Second).UnixMicro(),
			Terminal: &message.TerminalBlock{DeviceType: "till", SerialNumber: "SN0001", Location: "+31.23/+121.47",
				AgentVersion: "1.0.0"}}, "0112345678903456789"),
		w.up(t, record.OutcomeShown, &message.OutcomeShown{OrderId: orderID, Outcome: message.Outcome_OUTCOME_APPROVED, Result: result}, ""),
		w.up(t, record.ReceiptPrinted, &message.ReceiptPrinted{OrderId: orderID, Copy: message.ReceiptPrinted_COPY_CUSTOMER,
			Result: message.ReceiptPrinted_RESULT_DONE}, ""),
	}
	last := w.previous
	g.Answers = []goldenRecord{
		w.down(t, record.PaymentResult, 1<<32|1, result),
		w.down(t, record.Acknowledgement, 1<<32|2, &message.Acknowledgement{HighWater: 5, HighWaterLink: last[:], Highest: 9,
			Gaps: []*message.Gap{{First: 6, Last: 7}}}),
		w.down(t, record.Refusal, 1<<32|3, &message.Refusal{Sequence: 9, Epoch: epoch, Cause: message.Refusal_CAUSE_TAG}),
	}
	g.Batch = hex.EncodeToString(record.AppendBatch(nil, w.frames[:2]...))
	return g
}

// TestVectors holds testdata/vectors.json to the code on both engines.
func TestVectors(t *testing.T) {
	if *update {
		text, err := json.MarshalIndent(newWorld(seal.Portable()).golden(t), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(vectorsFile, append(text, '\n'), 0o644))
	}
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	for name, engine := range map[string]seal.Engine{"Portable": seal.Portable(), "Fast": fast.Engine()} {
		t.Run(name, func(t *testing.T) {
			got, err := json.Marshal(newWorld(engine).golden(t))
			require.NoError(t, err)
			require.JSONEq(t, string(text), string(got))
		})
	}
}

// TestVectorsAreWhole reads the vectors as a stranger would: every frame opens to its header, body and tag, and the
// links make one chain.
func TestVectorsAreWhole(t *testing.T) {
	text, err := os.ReadFile(vectorsFile)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	w := newWorld(seal.Portable())
	require.Len(t, g.Records, 5)
	require.Len(t, g.Answers, 3)
	for _, v := range append(append([]goldenRecord{}, g.Records...), g.Answers...) {
		frame, err := hex.DecodeString(v.Frame)
		require.NoError(t, err)
		header, err := record.ParseHeader(frame)
		require.NoError(t, err)
		opened, secret, err := record.Frame(frame).Open(w.keys.Envelope, header)
		require.NoError(t, err)
		require.Equal(t, v.Header+v.Body+v.Tag, hex.EncodeToString(opened))
		require.Equal(t, v.Secret, string(secret))
		if header.Direction == seal.Up {
			require.Equal(t, w.previous, header.Previous)
			require.NoError(t, opened.Verify(w.keys.Record))
			w.previous = opened.Link(w.engine)
			require.Equal(t, v.Link, hex.EncodeToString(w.previous[:]))
		} else {
			require.NoError(t, opened.Verify(w.keys.Answer))
		}
	}
}
