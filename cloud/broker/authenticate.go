package broker

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// admitTimeout bounds the look-up of a terminal that connects.
const admitTimeout = 5 * time.Second

// authenticator binds a connection's certificate to its MQTT client id and to the terminal's own subjects.
type authenticator struct{ broker *Broker }

var _ server.Authentication = (*authenticator)(nil)

// Check admits in-process collectors by password and terminals by certificate.
func (a *authenticator) Check(c server.ClientAuthentication) bool {
	state := c.GetTLSConnectionState()
	if state == nil { // in process: the server listens nowhere without TLS
		options := c.GetOpts()
		return options.Username == collectorUser &&
			subtle.ConstantTimeCompare([]byte(options.Password), []byte(a.broker.password)) == 1
	}
	if len(state.PeerCertificates) == 0 {
		return false
	}
	name := state.PeerCertificates[0].Subject.CommonName
	terminal, err := record.ParseTerminal(name)
	if err != nil {
		return a.refuse(name, "certificate names no terminal", err)
	}
	// A terminal is who its certificate says. What else a CONNECT may ask for, a will or a kept session, the server shows to
	// nobody: a will is published under the permissions below, and of a session nothing is kept that was sent at QoS 0.
	if options := c.GetOpts(); options.Username != "" || options.Password != "" {
		return a.refuse(name, "user name or password given", nil)
	}
	id, err := a.clientID(c.GetID())
	if err != nil || id != name {
		return a.refuse(name, "client id differs from certificate", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), admitTimeout)
	defer cancel()
	if err := a.broker.config.Admit(ctx, terminal, sha256.Sum256(state.PeerCertificates[0].Raw)); err != nil {
		return a.refuse(name, "terminal not admitted", err)
	}
	c.RegisterUser(permissions(terminal))
	return true
}

func (a *authenticator) refuse(name, why string, err error) bool {
	a.broker.logger.refused(name, why, err)
	return false
}

// clientID asks the server for the MQTT client id: the interface given to Check does not carry it.
func (a *authenticator) clientID(connection uint64) (string, error) {
	found, err := a.broker.server.Connz(&server.ConnzOptions{CID: connection})
	if err != nil || len(found.Conns) != 1 {
		return "", err
	}
	return found.Conns[0].MQTTClient, nil
}

// permissions let a terminal publish its three lanes and subscribe to its answers, nothing else.
func permissions(terminal record.Terminal) *server.User {
	return &server.User{Username: terminal.String(), Permissions: &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			topic.Subject(terminal, topic.SignIn), topic.Subject(terminal, topic.Now), topic.Subject(terminal, topic.Up)}},
		Subscribe: &server.SubjectPermission{Allow: []string{topic.Subject(terminal, topic.Down)}},
	}}
}
