package pn532

import "bytes"

// bufferMax bounds what a Decoder keeps: one whole frame and the beginning of the next.
const bufferMax = 2 * (PayloadMax + 16)

// Decoder finds frames in a stream of bytes: split, merged or between garbage. It does no I/O. The zero value is ready.
type Decoder struct {
	buffer  []byte
	skipped int
}

// Write takes bytes from the wire. When more than bufferMax would be waiting the oldest go.
func (d *Decoder) Write(data []byte) {
	d.buffer = append(d.buffer, data...)
	if excess := len(d.buffer) - bufferMax; excess > 0 {
		d.drop(excess)
	}
}

// Reset forgets what is waiting.
func (d *Decoder) Reset() { d.buffer = d.buffer[:0] }

// Skipped returns how many bytes were passed over as garbage so far, the 00 of preambles and postambles not counted.
func (d *Decoder) Skipped() int { return d.skipped }

// Next returns the next frame, and false when more bytes are needed. The payload is a copy.
func (d *Decoder) Next() (Frame, bool) {
	for {
		start := bytes.Index(d.buffer, []byte{0x00, 0xFF})
		if start < 0 {
			d.dropGarbage()
			return Frame{}, false
		}
		frame, size, result := parse(d.buffer[start:])
		switch result {
		case whole:
			d.drop(start)
			d.take(size)
			return frame, true
		case partial:
			return Frame{}, false
		case garbage:
			// Not a start code after all, or its length was hit: a true one may begin one byte later.
			d.drop(start + 1)
		}
	}
}

// dropGarbage keeps only what can still become a start code.
func (d *Decoder) dropGarbage() {
	size := len(d.buffer)
	keep := 0
	for keep < startSize-1 && keep < size && d.buffer[size-1-keep] == 0x00 {
		keep++
	}
	d.drop(size - keep)
}

// drop removes n bytes and counts them as garbage.
func (d *Decoder) drop(n int) {
	d.skipped += n - bytes.Count(d.buffer[:n], []byte{0x00})
	d.take(n)
}

// take removes n bytes.
func (d *Decoder) take(n int) { d.buffer = append(d.buffer[:0], d.buffer[n:]...) }

// parsed says what the bytes behind a start code are.
type parsed uint8

const (
	whole parsed = iota + 1
	partial
	garbage
)

// parse reads a frame whose start code 00 FF is at the beginning of b, and returns its size from there. The closing 00
// is not waited for: libnfc and chips disagree on whether it is always sent.
func parse(b []byte) (Frame, int, parsed) {
	if len(b) < 4 {
		return Frame{}, 0, partial
	}
	length, check, body := int(b[2]), b[3], b[4:]
	switch {
	case length == 0x00 && check == 0xFF:
		return Frame{Kind: Acknowledge}, 4, whole
	case length == 0xFF && check == 0x00:
		return Frame{Kind: Refuse}, 4, whole
	case length == 0xFF && check == 0xFF:
		if len(body) < 3 {
			return Frame{}, 0, partial
		}
		if body[0]+body[1]+body[2] != 0 {
			return Frame{}, 0, garbage
		}
		length, body = int(body[0])<<8|int(body[1]), body[3:]
	case byte(length)+check != 0:
		return Frame{}, 0, garbage
	}
	if length == 0 || length > PayloadMax {
		return Frame{}, 0, garbage
	}
	if len(body) < length+1 {
		return Frame{}, 0, partial
	}
	size := len(b) - len(body) + length + 1
	return payloadFrame(body[:length], body[length]), size, whole
}

// payloadFrame tells data, the chip's error frame and damage apart.
func payloadFrame(payload []byte, check byte) Frame {
	switch {
	case sum(payload)+check != 0:
		return Frame{Kind: Corrupt}
	case len(payload) == 1 && payload[0] == syntaxError:
		return Frame{Kind: SyntaxError}
	default:
		return Frame{Kind: Data, Payload: bytes.Clone(payload)}
	}
}
