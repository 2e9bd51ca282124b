package settings

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// Validate says which setting makes no sense. What needs the disk, the network or a device is not tried.
func (s Settings) Validate() error {
	if _, err := record.ParseTerminal(s.Terminal); err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	if _, err := money.Lookup(s.Sale.Currency); err != nil {
		return fmt.Errorf("sale.currency: %w", err)
	}
	switch {
	case s.Merchant.Name == "" || s.Merchant.ID == "" || s.Merchant.Acquirer == "":
		return errors.New("merchant: name, id and acquirer are needed")
	case s.Device.SerialNumber == "":
		return errors.New("device.serial_number is needed")
	case s.Sale.AmountMax <= 0:
		return fmt.Errorf("sale.amount_max: %d is not above zero", s.Sale.AmountMax)
	case s.Journal.RoomMin < 0:
		return fmt.Errorf("journal.room_min: %d is below zero", s.Journal.RoomMin)
	case s.Memory.GCPercent < 10 || s.Memory.GCPercent > 400:
		return fmt.Errorf("memory.gc_percent: %d is not 10 to 400", s.Memory.GCPercent)
	case s.Memory.LimitMB < 8:
		return fmt.Errorf("memory.limit_mb: %d is below 8", s.Memory.LimitMB)
	}
	if err := s.CheckoutTiming().Validate(); err != nil {
		return fmt.Errorf("timing: %w", err)
	}
	return errors.Join(s.validateAddresses(), s.validateDevices())
}

func (s Settings) validateAddresses() error {
	if len(s.Cloud.Brokers) == 0 {
		return errors.New("cloud.brokers: at least one host:port is needed")
	}
	for _, broker := range s.Cloud.Brokers {
		if host, port, err := net.SplitHostPort(broker); err != nil || host == "" || port == "" {
			return fmt.Errorf("cloud.brokers: %q is not host:port", broker)
		}
	}
	host, _, err := net.SplitHostPort(s.Station.Listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("station.listen: %q is not a loopback address with a port", s.Station.Listen)
	}
	return nil
}

func (s Settings) validateDevices() error {
	var errs []error
	if s.Scanner != nil {
		errs = append(errs, s.Scanner.validate("scanner"))
	}
	if s.Reader != nil {
		errs = append(errs, s.Reader.validate("reader"))
	}
	if s.Printer != nil {
		errs = append(errs, s.Printer.validate("printer"))
		if s.Printer.Paper != 58 && s.Printer.Paper != 80 {
			errs = append(errs, fmt.Errorf("printer.paper: %d is not 58 or 80", s.Printer.Paper))
		}
	}
	return errors.Join(errs...)
}

func (l Line) validate(section string) error {
	switch {
	case l.Driver == "":
		return fmt.Errorf("%s.driver is needed", section)
	case l.Path == "":
		return fmt.Errorf("%s.path is needed", section)
	case l.Baud < 0:
		return fmt.Errorf("%s.baud: %d is below zero", section, l.Baud)
	}
	return nil
}

// CheckoutTiming is the checkout's timing with these settings in it.
func (s Settings) CheckoutTiming() checkout.Timing {
	timing := checkout.DefaultTiming()
	timing.WaitAtMost, timing.AnswerWithin = time.Duration(s.Timing.WaitAtMost), time.Duration(s.Timing.AnswerWithin)
	timing.AskEvery = time.Duration(s.Timing.AskEvery)
	timing.GiveUp, timing.GiveUpShown = time.Duration(s.Timing.GiveUp), time.Duration(s.Timing.GiveUpShown)
	timing.AskSlowly = max(timing.AskSlowly, timing.AskEvery)
	timing.AskEagerly = max(timing.AskEagerly, timing.AskEvery)
	return timing
}
