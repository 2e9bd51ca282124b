package settings

import (
	"time"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// Till is the till's part of the settings; version is the program's. A terminal id or currency that makes no sense is
// left out.
func (s Settings) Till(version string) agent.Config {
	config := agent.DefaultConfig()
	config.Version, config.Timing = version, s.CheckoutTiming()
	config.Terminal, _ = record.ParseTerminal(s.Terminal)
	config.Currency, _ = money.Lookup(s.Sale.Currency)
	config.Merchant = agent.Merchant{Name: s.Merchant.Name, ID: s.Merchant.ID, Acquirer: s.Merchant.Acquirer}
	config.Cashier, config.AmountMax = s.Sale.Cashier, s.Sale.AmountMax
	config.CheckBase, config.ShiftByItself = s.Receipt.CheckBase, s.Shift.OpenByItself
	config.Device = &message.TerminalBlock{
		DeviceType: s.Device.Type, SerialNumber: s.Device.SerialNumber, Location: s.Device.Location,
		NetworkLicence: s.Device.NetworkLicence, AgentVersion: version,
	}
	return config
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
