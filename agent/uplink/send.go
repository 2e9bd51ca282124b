package uplink

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// read returns the next piece of the journal; up to recheckTo also what the cloud seems to have.
func (d *drainer) read(ctx context.Context) ([]record.Record, error) {
	u := d.uplink
	u.mu.Lock()
	recheckTo := u.recheckTo
	u.mu.Unlock()
	if d.cursor < max(recheckTo, d.again) {
		return u.journal.Records(ctx, d.cursor, batchFrames, batchBytes)
	}
	return u.journal.Unsent(ctx, d.cursor, batchFrames, batchBytes)
}

// send publishes the records as one message, without those that were refused or are on their way in lane now.
func (d *drainer) send(records []record.Record) error {
	b := batch{}
	frames := make([]record.Frame, 0, len(records))
	for i, r := range records {
		if i%yieldEvery == 0 {
			runtime.Gosched()
		}
		header, err := record.ParseHeader(r)
		if err != nil {
			return fmt.Errorf("send record after %d: %w", d.cursor, err)
		}
		frame, err := d.seal(r, header)
		if err != nil {
			return err
		}
		if b.first == 0 {
			b.first = header.Sequence
		}
		b.last = header.Sequence
		if frame != nil {
			frames = append(frames, frame)
			b.bytes += len(frame)
		}
	}
	d.cursor = b.last
	if len(frames) == 0 {
		return nil
	}
	if len(d.onWay) == 0 {
		d.progress = d.uplink.config.Steady()
	}
	b.frames, b.sentAt = len(frames), d.uplink.config.Steady()
	d.onWay = append(d.onWay, b)
	d.frames += b.frames
	d.bytes += b.bytes
	return d.session.publish(topic.Up, record.AppendBatch(make([]byte, 0, record.BatchSize(frames...)), frames...))
}

// seal returns nil for a record that is not to be sent now.
func (d *drainer) seal(r record.Record, header record.Header) (record.Frame, error) {
	u := d.uplink
	if u.isRefused(header.Sequence) {
		return nil, nil
	}
	var secret []byte
	if header.Type.Urgent() {
		var sentAt time.Time
		secret, sentAt = u.urgent.secretOf(header.Sequence)
		defer clear(secret)
		if d.leaveToSendNow(header, sentAt) {
			return nil, nil
		}
	}
	keys, err := u.keyring.Keys(header.Epoch)
	if err != nil {
		return nil, fmt.Errorf("send record %d: %w", header.Sequence, err)
	}
	frame, err := record.Seal(keys.Envelope, r, secret)
	if err != nil {
		return nil, fmt.Errorf("seal record %d: %w", header.Sequence, err)
	}
	return frame, nil
}

// leaveToSendNow says that an urgent record is on its way in lane now, or is so new that SendNow is about to be called
// for it: going first without the secret, this copy would have the cloud judge a payment without its code. A record
// that is left out is sent after all when no acknowledgement comes.
func (d *drainer) leaveToSendNow(header record.Header, sentAt time.Time) bool {
	limit := d.uplink.config.Timings.Ack
	if !sentAt.IsZero() {
		return d.uplink.config.since(sentAt) < limit
	}
	age := d.uplink.config.Clock().Sub(header.Time)
	return age >= 0 && age < limit
}
