package terminal

import (
	"context"
	"crypto/tls"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Connection is the MQTT connection of a terminal.
type Connection interface {
	Publish(topic string, quality byte, retained bool, payload []byte) paho.Token
	Close()
}

// DialConnection connects and subscribes.
func DialConnection(ctx context.Context, broker string, config *tls.Config, client, topic string, receive func([]byte)) (Connection, error) {
	return dial(ctx, broker, config, client, topic, receive)
}
