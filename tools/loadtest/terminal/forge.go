package terminal

import (
	"fmt"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// Remake builds another record in the place of one that was made before, with a right tag: what a copy of the terminal
// would make. The terminal's own chain is not changed.
func (t *Terminal) Remake(r record.Record, kind record.Type, body proto.Message) (record.Record, error) {
	header, err := record.ParseHeader(r)
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	encoded, err := proto.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode body: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	header.Type = kind
	remade, err := record.Build(t.keys.Record, header, encoded)
	if err != nil {
		return nil, fmt.Errorf("build record: %w", err)
	}
	return remade, nil
}

// PublishAs publishes on another terminal's lane, which the broker must not let through.
func (t *Terminal) PublishAs(other record.Terminal, lane topic.Lane, payload []byte) paho.Token {
	return t.client.Publish(topic.Name(other, lane), topic.PublishQoS, false, payload)
}
