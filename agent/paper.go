package agent

import (
	"errors"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
)

// A printer that has said nothing for so many looks does not answer.
const (
	unheardMax  = 20
	faultSilent = "no answer"
)

// paperState is how it is with a printer that can be reached: by its latest job, and by its own word since.
type paperState struct {
	// trouble is what keeps it from printing, fault the same as the driver has it; None while it prints.
	trouble catalogue.Phrase
	fault   string
	since   time.Time
	// heard is when the printer had given the word that the trouble goes by; a later one may lift it.
	heard time.Time
	// unheard counts the looks in a row at which a printer that tells by itself how it is had told nothing; it has spoken when
	// it told something since it was opened.
	unheard int
	spoke   bool
	low     bool // the paper is near its end
	// altered says that the latest paper has substitutes on it.
	altered bool
}

// show puts the state into what people see of a printer that is there.
func (p paperState) show(device station.Device) station.Device {
	if device.State != stateReady {
		return device
	}
	var notices []catalogue.Text
	switch {
	case p.trouble != catalogue.None:
		device.State, device.Fault, device.Since = stateFaulted, p.fault, p.since
		notices = append(notices, p.trouble.Text())
	case p.unheard > 0 && !p.spoke:
		device.State, device.Fault = stateFaulted, faultSilent
	}
	if p.low {
		notices = append(notices, catalogue.NoticePaperLow.Text())
	}
	if p.altered {
		notices = append(notices, catalogue.NoticePrintAltered.Text())
	}
	if len(notices) > 0 {
		text := catalogue.Listed(notices...)
		device.Notice = &text
	}
	return device
}

// judge takes what a job says of the printer. The error of a document that cannot be printed says nothing of it, and that
// of a printer that has gone is told by whoever uses it.
func (b *deviceBoard) judge(printer drivers.Printer, result drivers.PrintResult, err error) {
	if err == nil {
		b.mu.Lock()
		b.paper.altered = result == drivers.PrintAltered
		b.mu.Unlock()
		b.prints()
		return
	}
	var failure *drivers.Error
	if errors.Is(err, drivers.ErrGone) || errors.As(err, &failure) && failure.Kind == drivers.KindRefused {
		return
	}
	status, at := knownOf(printer)
	trouble := needs(status)
	if at.IsZero() || trouble == catalogue.None {
		trouble = catalogue.NoticePrinterTrouble
	}
	b.troubled(trouble, err.Error(), at)
}

// look takes the printer's own word, and reports whether to look again soon: it has given none.
func (b *deviceBoard) look(printer drivers.Printer) (soon bool) {
	status, at := knownOf(printer)
	if at.IsZero() {
		_, keeps := printer.(drivers.StatusKeeper)
		if keeps {
			b.heardNothing()
		}
		return keeps
	}
	b.setLow(status.PaperLow)
	b.mu.Lock()
	b.paper.unheard, b.paper.spoke = 0, true
	trouble, heard := b.paper.trouble, b.paper.heard
	b.mu.Unlock()
	switch now := needs(status); {
	case now == trouble:
	case now != catalogue.None:
		b.troubled(now, now.Text().English, at)
	case at.After(heard):
		b.prints()
	}
	return false
}

// heardNothing counts a look in vain. One lost answer is no news; whatever the printer says next ends the trouble.
func (b *deviceBoard) heardNothing() {
	b.mu.Lock()
	b.paper.unheard = min(b.paper.unheard+1, unheardMax)
	silent := b.paper.unheard == unheardMax
	b.mu.Unlock()
	if silent {
		b.troubled(catalogue.NoticePrinterTrouble, faultSilent, time.Time{})
	}
}

// troubled tells what keeps the printer from printing, once.
func (b *deviceBoard) troubled(trouble catalogue.Phrase, fault string, heard time.Time) {
	now := b.till.parts.Clock().UTC()
	b.mu.Lock()
	news := b.paper.trouble != trouble
	if b.paper.trouble == catalogue.None {
		b.paper.since = now
	}
	b.paper.trouble, b.paper.fault, b.paper.heard = trouble, fault, heard
	b.mu.Unlock()
	if news {
		b.till.logger.Warn("printer does not print", "fault", fault)
		b.till.feed.PublishNotice(devicePrinter, trouble, now)
	}
}

// prints tells that the printer prints again, once.
func (b *deviceBoard) prints() {
	b.mu.Lock()
	news := b.paper.trouble != catalogue.None
	b.paper.trouble, b.paper.fault = catalogue.None, ""
	b.mu.Unlock()
	if news {
		b.till.logger.Info("printer prints again")
		b.till.feed.PublishNotice(devicePrinter, catalogue.NoticeDeviceBack, b.till.parts.Clock())
	}
}

// setLow tells that the paper is near its end, once a roll.
func (b *deviceBoard) setLow(low bool) {
	b.mu.Lock()
	news := low && !b.paper.low
	b.paper.low = low
	b.mu.Unlock()
	if news {
		b.till.logger.Warn("printer's paper is near its end")
		b.till.feed.PublishNotice(devicePrinter, catalogue.NoticePaperLow, b.till.parts.Clock())
	}
}

// knownOf is the printer's own word and when it was given; the time is zero when there is none.
func knownOf(printer drivers.Printer) (drivers.PrinterStatus, time.Time) {
	keeper, keeps := printer.(drivers.StatusKeeper)
	if !keeps {
		return drivers.PrinterStatus{}, time.Time{}
	}
	return keeper.Known()
}

// needs is what a person has to do before the printer prints; None when it does.
func needs(status drivers.PrinterStatus) catalogue.Phrase {
	switch {
	case status.Ready():
		return catalogue.None
	case status.PaperOut:
		return catalogue.NoticePaperOut
	case status.CoverOpen:
		return catalogue.NoticeCoverOpen
	case status.CutterJam:
		return catalogue.NoticeCutterJam
	default:
		return catalogue.NoticePrinterTrouble
	}
}
