// Package terminal is a terminal reduced to its half of the protocol: no devices, no screens, a chain of records in
// memory. The load generator runs hundreds of them in one process.
package terminal

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/seal/fast"
	"github.com/yuantill/yuantill/protocol/topic"
)

// dialTimeout bounds each step of connecting and signing in.
const dialTimeout = 20 * time.Second

// The errors of this package.
var (
	ErrTimeout = errors.New("terminal: no answer in time")
	ErrSignIn  = errors.New("terminal: sign-in answer does not verify")
)

// Handlers receive what the cloud sends. They are called from the connection's goroutine and must not block. Refused
// may be nil.
type Handlers struct {
	Acknowledged func(*message.Acknowledgement)
	Result       func(*message.PaymentResult)
	Refused      func(*message.Refusal)
}

// Terminal is one signed-in terminal.
type Terminal struct {
	ID record.Terminal

	keyVersion uint16
	tmk        [seal.KeySize]byte
	engine     seal.Engine
	handlers   Handlers
	client     *connection
	signedIn   chan record.Record

	mu       sync.Mutex
	keys     *seal.Keys
	sequence uint64
	previous seal.Hash
}

// Dial reads an enrolment file, connects to the broker, subscribes, signs in and makes the epoch's first record, which
// it returns for the caller to send.
func Dial(ctx context.Context, path, broker string, handlers Handlers) (*Terminal, record.Record, error) {
	t, tlsConfig, err := load(path, handlers)
	if err != nil {
		return nil, nil, err
	}
	if t.client, err = dial(ctx, broker, tlsConfig, t.ID.String(), topic.Name(t.ID, topic.Down), t.receive); err != nil {
		return nil, nil, err
	}
	first, err := t.signIn(ctx)
	if err != nil {
		t.Close()
		return nil, nil, err
	}
	return t, first, nil
}

func load(path string, handlers Handlers) (*Terminal, *tls.Config, error) {
	file, err := enrolment.Read(path)
	if err != nil {
		return nil, nil, err
	}
	deviceKey, err := enrolment.ReadDeviceKey(enrolment.DeviceKeyPath(path))
	if err != nil {
		return nil, nil, err
	}
	engine := fast.Engine()
	wrapped, wrapping := file.Sealed()
	tmk, err := enrolment.Unwrap(engine, deviceKey, wrapped, wrapping)
	if err != nil {
		return nil, nil, err
	}
	id, err := record.ParseTerminal(file.Terminal)
	if err != nil {
		return nil, nil, err
	}
	pair, err := tls.X509KeyPair([]byte(file.Certificate), []byte(file.CertificateKey))
	if err != nil {
		return nil, nil, fmt.Errorf("read client certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(file.Authority))
	t := &Terminal{ID: id, keyVersion: file.KeyVersion, tmk: [seal.KeySize]byte(tmk), engine: engine, handlers: handlers,
		signedIn: make(chan record.Record, 1), previous: record.Genesis(engine, id)}
	return t, &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, RootCAs: pool}, nil
}

// Close disconnects at once.
func (t *Terminal) Close() { t.client.Close() }

func (t *Terminal) signIn(ctx context.Context) (record.Record, error) {
	var nonce [seal.NonceSize]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	body, err := proto.Marshal(&message.SignIn{TerminalNonce: nonce[:], LastLink: t.previous[:], AgentVersion: "loadtest"})
	if err != nil {
		return nil, fmt.Errorf("encode sign-in: %w", err)
	}
	mac := seal.SignInMAC(t.engine, t.tmk[:])
	request, err := record.Build(mac, record.Header{Direction: seal.Up, Type: record.SignIn, KeyVersion: t.keyVersion,
		Time: time.Now(), Terminal: t.ID}, body)
	if err != nil {
		return nil, fmt.Errorf("build sign-in: %w", err)
	}
	if err := t.Publish(topic.SignIn, request).Error(); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	select {
	case answer := <-t.signedIn:
		return t.openEpoch(mac, answer, nonce)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(dialTimeout):
		return nil, fmt.Errorf("sign in: %w", ErrTimeout)
	}
}

func (t *Terminal) openEpoch(mac *seal.MAC, answer record.Record, nonce [seal.NonceSize]byte) (record.Record, error) {
	_, header, err := record.Parse(answer)
	if err != nil {
		return nil, fmt.Errorf("read sign-in answer: %w", err)
	}
	var body message.SignInAnswer
	if answer.Verify(mac) != nil || proto.Unmarshal(answer.Body(), &body) != nil ||
		string(body.GetTerminalNonce()) != string(nonce[:]) || len(body.GetCloudNonce()) != seal.NonceSize {
		return nil, ErrSignIn
	}
	t.mu.Lock()
	t.keys = seal.DeriveKeys(t.engine, t.tmk[:], header.Epoch, nonce, [seal.NonceSize]byte(body.GetCloudNonce()))
	if body.GetHighest() > 0 {
		t.sequence, t.previous = body.GetHighest(), seal.Hash(body.GetHighestLink())
	}
	t.mu.Unlock()
	return t.Make(record.EpochOpened, &message.EpochOpened{Epoch: header.Epoch, TerminalNonce: nonce[:],
		CloudNonce: body.GetCloudNonce()})
}

// Make builds the next record of the chain.
func (t *Terminal) Make(kind record.Type, body proto.Message) (record.Record, error) {
	encoded, err := proto.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	r, err := record.Build(t.keys.Record, record.Header{Direction: seal.Up, Type: kind, KeyVersion: t.keyVersion,
		Epoch: t.keys.Epoch, Sequence: t.sequence + 1, Time: time.Now(), Terminal: t.ID, Previous: t.previous}, encoded)
	if err != nil {
		return nil, fmt.Errorf("build record: %w", err)
	}
	t.sequence++
	t.previous = r.Link(t.engine)
	return r, nil
}

// Last returns the sequence of the newest record made.
func (t *Terminal) Last() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sequence
}

// Batch seals records into one message. secret goes with the first of them and may be nil.
func (t *Terminal) Batch(secret []byte, records ...record.Record) ([]byte, error) {
	frames := make([]record.Frame, 0, len(records))
	for _, r := range records {
		frame, err := record.Seal(t.keys.Envelope, r, secret)
		if err != nil {
			return nil, fmt.Errorf("seal record: %w", err)
		}
		secret = nil
		frames = append(frames, frame)
	}
	return record.AppendBatch(nil, frames...), nil
}

// Publish writes a message to the broker.
func (t *Terminal) Publish(lane topic.Lane, payload []byte) paho.Token {
	return t.client.Publish(topic.Name(t.ID, lane), topic.PublishQoS, false, payload)
}

func (t *Terminal) receive(payload []byte) {
	frame := record.Frame(payload)
	header, err := record.ParseHeader(frame)
	if err != nil || header.Direction != seal.Down {
		return
	}
	if header.Type == record.SignInAnswer {
		select {
		case t.signedIn <- record.Record(frame):
		default: // a second answer to one request
		}
		return
	}
	t.mu.Lock()
	keys := t.keys
	t.mu.Unlock()
	if keys == nil || keys.Epoch != header.Epoch {
		return
	}
	answer, _, err := frame.Open(keys.Envelope, header)
	if err != nil || answer.Verify(keys.Answer) != nil {
		return
	}
	t.dispatch(header.Type, answer.Body())
}

func (t *Terminal) dispatch(kind record.Type, body []byte) {
	switch kind {
	case record.Acknowledgement:
		var ack message.Acknowledgement
		if proto.Unmarshal(body, &ack) == nil {
			t.handlers.Acknowledged(&ack)
		}
	case record.PaymentResult:
		var result message.PaymentResult
		if proto.Unmarshal(body, &result) == nil {
			t.handlers.Result(&result)
		}
	case record.Refusal:
		var refusal message.Refusal
		if t.handlers.Refused != nil && proto.Unmarshal(body, &refusal) == nil {
			t.handlers.Refused(&refusal)
		}
	}
}
