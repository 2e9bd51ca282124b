// Package topic names the MQTT topics and their quality of service. Topics are built and parsed here only: terminal
// ids come in, topic names and NATS subjects leave.
package topic

import (
	"strings"

	"github.com/yuantill/yuantill/protocol/record"
)

// Lane is one of a terminal's topics.
type Lane string

// The lanes. A terminal publishes on the first three and subscribes to the last.
const (
	SignIn Lane = "sign" // sign-in requests
	Now    Lane = "now"  // batches of urgent records, ahead of any backlog
	Up     Lane = "up"   // batches of all other records
	Down   Lane = "down" // answers: acknowledgements, results, refusals
)

// Quality of service. A PUBACK proves nothing: a broker sends it before anybody has stored anything, so a terminal must
// wait for our acknowledgement and send again without it in any case. QoS 1 would only add a packet back for each
// message and a pass through the broker's own store: 13 % of the cloud's processor time, 30 % of the single-record
// ingest rate. Answers go at QoS 0 as well, because a QoS 1 subscription costs the broker a consumer, and an answer
// that is lost is asked for again.
const (
	PublishQoS   = 0
	SubscribeQoS = 0
)

const prefix = "yt/v1/"

// Name returns the MQTT topic, such as "yt/v1/10000001/up".
func Name(terminal record.Terminal, lane Lane) string {
	return prefix + terminal.String() + "/" + string(lane)
}

// Subject returns the NATS subject of the topic, such as "yt.v1.10000001.up".
func Subject(terminal record.Terminal, lane Lane) string {
	return strings.ReplaceAll(Name(terminal, lane), "/", ".")
}

// Wildcard returns the NATS subject of one lane of all terminals, such as "yt.v1.*.up".
func Wildcard(lane Lane) string { return "yt.v1.*." + string(lane) }

// ParseSubject returns the terminal and lane of a NATS subject, or record.ErrTerminal.
func ParseSubject(subject string) (record.Terminal, Lane, error) {
	parts := strings.Split(subject, ".")
	if len(parts) != 4 || parts[0] != "yt" || parts[1] != "v1" {
		return record.Terminal{}, "", record.ErrTerminal
	}
	terminal, err := record.ParseTerminal(parts[2])
	return terminal, Lane(parts[3]), err
}
