package control

import (
	"net/http"
	"time"

	"github.com/yuantill/yuantill/tools/action"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

// Help lists what a counter does, with examples for a control at an address such as "http://127.0.0.1:7500".
func Help(address string) string { return action.Help(address, new(Counter).actions()) }

// PaperOut is the request that takes the printer's paper out.
func PaperOut() action.Example {
	return action.Example{Path: "/printer/paper-out", Body: `{"on":true}`}
}

// actions are what the control serves.
func (c *Counter) actions() []action.Action {
	return []action.Action{
		{Pattern: "POST /scan", Text: "扫一个码 · scan a code", Body: ScanRequest{}, Names: scanNames(), Serve: c.postScan,
			Example: action.Example{Path: "/scan", Body: `{"text":"0120261123900000001"}`}},
		{Pattern: "POST /tap", Text: "碰硬钱包 · hold the hard wallet to the reader", Body: TapRequest{}, Serve: c.postTap,
			Example: action.Example{Path: "/tap"}},
		{Pattern: "POST /remove", Text: "拿开硬钱包 · take it away", Serve: c.postRemove, Example: action.Example{Path: "/remove"}},
		{Pattern: "POST /card/connect", Text: "硬钱包联网，可付笔数重新计算 · the hard wallet goes online, and its payments count from 0 again",
			Body: ConnectRequest{}, Serve: c.postConnect, Example: action.Example{Path: "/card/connect"}},
		{Pattern: "POST /card-reader/faults", Text: "读卡器故障，{} 清除之前一直有效，碰卡不会清除 · " +
			"the card reader's faults, until {} clears them; a tap does not", Body: CardReaderFaults{},
			Serve: c.postCardReaderFaults, Example: action.Example{Path: "/card-reader/faults", Body: `{"stall":true}`}},
		{Pattern: "POST /printer/{fault}", Text: "打印机故障 · a fault of the printer", Body: PrinterRequest{}, Names: faultNames(),
			Serve: c.postPrinter, Example: PaperOut()},
		{Pattern: "POST /hang-up/{device}", Text: "拔下 · pull a device's cable", Names: deviceNames(), Serve: c.postCable,
			Example: action.Example{Path: "/hang-up/" + DevicePrinter}},
		{Pattern: "POST /plug-in/{device}", Text: "插回 · put it back", Names: deviceNames(), Serve: c.postCable,
			Example: action.Example{Path: "/plug-in/" + DevicePrinter}},
		{Pattern: "GET /devices", Text: "设备与是否被打开 · the devices, and whether a program has them open", Serve: c.getDevices},
		{Pattern: "GET /events", Text: "事件，可带 ?after=序号&wait=5s，或 text/event-stream · " +
			"events, with ?after=SEQUENCE&wait=5s, or as text/event-stream", Serve: c.getEvents},
		{Pattern: "GET /receipts", Text: "打印出的小票 · what was printed", Serve: c.getReceipts},
		{Pattern: "GET /livez", Text: "在运行 · it runs", Serve: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }},
	}
}

func scanNames() []action.Name {
	var names []action.Name
	for _, step := range scanner.Actions() {
		names = append(names, action.Name{Word: step.String(), Text: step.Text()})
	}
	return names
}

func deviceNames() []action.Name {
	return []action.Name{{Word: DeviceScanner, Text: "扫码枪"}, {Word: DeviceCardReader, Text: "读卡器"}, {Word: DevicePrinter, Text: "打印机"}}
}

// printerFault is what can go wrong with the printer.
type printerFault struct {
	action.Name
	set func(p *printer.Printer, r PrinterRequest, on bool)
}

func printerFaults() []printerFault {
	return []printerFault{
		{action.Name{Word: "paper-out", Text: "缺纸 · no paper"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetPaperOut(on) }},
		{action.Name{Word: "paper-out-after", Text: "再印 lines 行后缺纸 · no paper after so many lines"},
			func(p *printer.Printer, r PrinterRequest, _ bool) { p.PaperOutAfter(r.Lines) }},
		{action.Name{Word: "cover-open", Text: "机盖打开 · the cover is open"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetCoverOpen(on) }},
		{action.Name{Word: "near-end", Text: "纸将用完 · little paper is left"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetNearEnd(on) }},
		{action.Name{Word: "offline", Text: "脱机 · off line"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetOffline(on) }},
		{action.Name{Word: "cutter-jam", Text: "切刀卡住 · the cutter is jammed"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetCutterJam(on) }},
		{action.Name{Word: "drawer-open", Text: "钱箱打开 · the drawer is open"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetDrawerOpen(on) }},
		{action.Name{Word: "stall", Text: "不再应答 · it reads and answers no more"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.Stall(on) }},
		{action.Name{Word: "slow", Text: "每行需时 line · each line takes so long"},
			func(p *printer.Printer, r PrinterRequest, _ bool) { p.Slow(time.Duration(r.Line)) }},
		{action.Name{Word: "power-lost", Text: "断电 · the power is cut"}, func(p *printer.Printer, _ PrinterRequest, on bool) { p.SetPower(!on) }},
		{action.Name{Word: "power-lost-after", Text: "再收 bytes 字节后断电 · the power is cut after so many bytes"},
			func(p *printer.Printer, r PrinterRequest, _ bool) { p.LosePowerAfter(r.Bytes) }},
	}
}

func faultNames() []action.Name {
	var names []action.Name
	for _, fault := range printerFaults() {
		names = append(names, fault.Name)
	}
	return names
}
