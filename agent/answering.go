package agent

import (
	"context"
	"errors"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/drivers"
)

// Times and counts of a reader's answering.
const (
	probeEvery  = time.Second            // how often a reader is asked while no sale wants a card
	probeWithin = time.Second            // what it may take to answer
	probeAgain  = 250 * time.Millisecond // after which one that did not is asked again
	probesMax   = 20                     // questions in vain before the reader is opened again
)

// idleReader waits until a sale may want a card. It returns ctx's error, and why the reader has to be opened again.
func (t *till) idleReader(ctx context.Context, reader drivers.CardReader) error {
	select {
	case <-t.armed:
		return nil
	case <-time.After(probeEvery):
		return t.answering(ctx, reader)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answering returns once the reader has answered, and tells whether it does; of one that cannot be asked nothing better is known
// than that it was opened. Its errors are ctx's, and that of a reader that has to be opened again.
func (t *till) answering(ctx context.Context, reader drivers.CardReader) error {
	prober, asks := reader.(drivers.Prober)
	for tries := 1; ; tries++ {
		var err error
		if asks {
			asking, cancel := context.WithTimeout(ctx, probeWithin)
			err = prober.Probe(asking)
			cancel()
		}
		switch {
		case err == nil:
			t.devices.up(ctx, deviceReader)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case tries == probesMax || !unanswered(err):
			return err
		}
		t.devices.down(ctx, deviceReader, err)
		if err := sleep(ctx, probeAgain); err != nil {
			return err
		}
	}
}

// unanswered reports whether an error is that of a device that is there and says nothing, or nothing that makes sense.
func unanswered(err error) bool {
	var failure *drivers.Error
	if errors.As(err, &failure) {
		return failure.Retryable()
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// troubleOf is what people are told of a device's fault.
func troubleOf(name string, fault error) catalogue.Phrase {
	switch {
	case name == deviceReader && unanswered(fault):
		return catalogue.NoticeReaderSilent
	case name == deviceReader:
		return catalogue.NoticeReaderGone
	case name == deviceScanner:
		return catalogue.NoticeScannerGone
	default:
		return catalogue.NoticePrinterAway
	}
}
