package escpos

import "time"

// EventKind tells a printer's answers apart.
type EventKind uint8

// The kinds of answer.
const (
	EventRealTime EventKind = iota + 1 // DLE EOT n; the answer does not say which n
	EventAuto                          // four bytes of automatic status
	EventInOrder                       // GS r: one byte, in its turn behind the data
	EventResume                        // XON: the buffer has room again
	EventPause                         // XOFF: the buffer is full
	EventGarbage                       // a byte that makes no sense
)

// Event is one decoded answer.
type Event struct {
	Kind EventKind
	// Data holds one byte, or four for EventAuto.
	Data [4]byte
}

// packetGap is the pause after which a begun automatic status is given up: its four bytes leave the printer in one go.
const packetGap = 100 * time.Millisecond

// Bit patterns of the answers: fixed bits and their values, x for a state bit.
const (
	answerMask   = 0x93
	answerDirect = 0x12 // 0xx1xx10
	answerAuto   = 0x10 // 0xx1xx00
	restMask     = 0x90
	restBits     = 0x00 // 0xx0xxxx, also the form of an in-order answer
	xon          = 0x11
	xoff         = 0x13
)

// Decoder splits a printer's byte stream into events. It is pure: the caller gives each byte's time.
type Decoder struct {
	packet [4]byte
	filled int
	last   time.Time
}

// Decode takes one byte that arrived at a time and reports whether it completed an event.
func (d *Decoder) Decode(b byte, at time.Time) (Event, bool) {
	if d.filled > 0 && at.Sub(d.last) > packetGap {
		d.filled = 0
	}
	d.last = at
	switch {
	case b == xon:
		return single(EventResume, b), true
	case b == xoff:
		return single(EventPause, b), true
	case b&answerMask == answerDirect:
		return single(EventRealTime, b), true
	case b&answerMask == answerAuto:
		d.packet, d.filled = [4]byte{b}, 1
		return Event{}, false
	case b&restMask == restBits && d.filled > 0:
		d.packet[d.filled] = b
		d.filled++
		if d.filled < len(d.packet) {
			return Event{}, false
		}
		d.filled = 0
		return Event{Kind: EventAuto, Data: d.packet}, true
	case b&restMask == restBits:
		return single(EventInOrder, b), true
	default:
		d.filled = 0
		return single(EventGarbage, b), true
	}
}

func single(kind EventKind, b byte) Event { return Event{Kind: kind, Data: [4]byte{b}} }
