package world

import (
	"bytes"
	"errors"
	"time"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

var (
	errCut     = errors.New("line is dead")
	errEvicted = errors.New("another connection of the same id came")
	errBroker  = errors.New("broker went away")
)

// noticeAfter is after how long without a sign of life a till's client gives its connection up: keep-alive and ping.
const noticeAfter = 25 * time.Second

// weather is what a line does to messages, in per cent of them.
type weather struct {
	loss, lossDown     int
	duplicate, reorder int
	stale              int // a copy comes again, hours or days later
	cutUp, cutDown     bool
}

// link is the line between one till and the broker.
type link struct {
	world  *World
	till   *till
	random random
	weather
	turn int // of the weather
}

// up carries a message to the broker.
func (n *link) up(lane topic.Lane, payload []byte) {
	w := n.world
	if n.cutUp {
		w.hit("net-cut-up")
		return
	}
	payload = bytes.Clone(payload)
	if lane == topic.SignIn {
		n.till.evidence.signedIn(payload)
	}
	subject := topic.Subject(n.till.id, lane)
	n.carry(n.loss, "net-loss", func(stale bool) {
		if w.broker.up && (stale || w.broker.sessions[n.till.id] == n.till) {
			w.broker.deliver(collector.Message{Subject: subject, Data: bytes.Clone(payload)})
		}
	})
}

// down carries a message to the till.
func (n *link) down(payload []byte) {
	w := n.world
	if n.cutDown {
		w.hit("net-cut-down")
		return
	}
	payload = bytes.Clone(payload)
	n.carry(n.lossDown, "net-answer-lost", func(bool) {
		if w.broker.sessions[n.till.id] == n.till && n.till.life != nil {
			n.till.receive(bytes.Clone(payload))
		}
	})
}

// carry brings a message to its end, or not, or more than once.
func (n *link) carry(loss int, lost string, arrive func(stale bool)) {
	w := n.world
	if n.random.chance(n.stale) {
		w.hit("net-delay-days")
		w.loop.after(n.random.between(time.Hour, 50*time.Hour), nil, func() { arrive(true) })
	}
	if n.random.chance(loss) {
		w.hit(lost)
		return
	}
	delay := n.random.between(5*time.Millisecond, 60*time.Millisecond)
	if n.random.chance(n.reorder) {
		w.hit("net-reorder")
		delay += n.random.between(0, 4*time.Second)
	}
	w.loop.after(delay, nil, func() { arrive(false) })
	if n.random.chance(n.duplicate) {
		w.hit("net-duplicate")
		w.loop.after(delay+n.random.between(0, 6*time.Second), nil, func() { arrive(false) })
	}
}

// broker is the MQTT broker in the cloud's process: it keeps nothing.
type broker struct {
	world    *World
	random   random
	up       bool
	overflow bool // drops most of what comes
	turn     int
	sessions map[record.Terminal]*till
}

// deliver hands a message to the cloud.
func (b *broker) deliver(m collector.Message) {
	if b.overflow && b.random.chance(70) {
		b.world.hit("broker-overflow")
		return
	}
	if b.world.cloud.life != nil {
		b.world.arrives(m.Data)
		b.world.cloud.handle(m)
	}
}

// settleWithin is how long a record that reached the cloud may take to be stored, or set aside; a cloud that dies earlier
// may have lost it.
const settleWithin = 30 * time.Second

// arrives writes down which records have reached the cloud, by their headers, which travel in the clear.
func (w *World) arrives(batch []byte) {
	frames, err := record.SplitBatch(batch)
	if err != nil {
		return // a sign-in
	}
	for _, frame := range frames {
		w.arrived[string(frame[:record.HeaderSize])] = w.loop.now
		w.comes(string(frame[:record.HeaderSize]))
	}
}

// unsettled forgets what a dying cloud may not have stored yet.
func (w *World) unsettled() {
	for header, at := range w.arrived {
		if w.loop.now-at < settleWithin {
			delete(w.arrived, header)
			if b := w.backlogs[header]; b != nil {
				b.came, b.beyond = false, false
			}
		}
	}
}

// down takes an answer of the cloud on.
func (b *broker) down(subject string, data []byte) {
	terminal, _, err := topic.ParseSubject(subject)
	if err != nil {
		b.world.violation("wrong-subject", "%s", subject)
		return
	}
	b.world.sealed(data)
	if t := b.sessions[terminal]; t != nil && b.up {
		t.link.down(data)
	}
}

// connect makes a session of a till; another one of the same id loses its own.
func (b *broker) connect(t *till) {
	if before := b.sessions[t.id]; before != nil && before != t {
		b.world.hit("terminal-evicted")
		b.world.loop.after(time.Millisecond, before.life, func() { before.disconnect(errEvicted) })
	}
	b.sessions[t.id] = t
}

func (b *broker) leave(t *till) {
	if b.sessions[t.id] == t {
		delete(b.sessions, t.id)
	}
}

// stop loses all sessions.
func (b *broker) stop() {
	b.up = false
	b.lose()
}

// lose ends all sessions.
func (b *broker) lose() {
	for _, t := range b.world.tills {
		if b.sessions[t.id] != t {
			continue
		}
		delete(b.sessions, t.id)
		if t.life != nil {
			b.world.loop.after(b.random.between(time.Millisecond, time.Second), t.life, func() { t.disconnect(errBroker) })
		}
	}
}
