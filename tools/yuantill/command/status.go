package command

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

func (p *program) status() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "本机状态  How the till is",
		Long: "本机、平台连接、未上送记录、设备、进行中的收款。\n" +
			"Till, connection to the cloud, unsent records, devices, open sale.\n\n" +
			"--json: the station's GET /v1/status: version, terminal, merchant, time, sale, pending, pending_follow_ups, refusing, orders,\n" +
			"journal{records,unsent,oldest_unsent,sales,clock_jumps,lost[{first,last,found_at,told,missing}],notice,next}, uplink{connected,broker,since,epoch,\n" +
			"last_acknowledgement,last_error,clock_offset_ms,stopped,refused,last_refusal}, devices[{name,state,since,fault,notice}],\n" +
			"offline{left,left_text,payments_left,days_left,hours_left,taken,taken_payments,stopped}; and command_version",
		Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error { return p.runStatus(cmd.Context()) }),
	}
}

// statusJSON adds this program's version to the station's answer.
type statusJSON struct {
	stationclient.Status
	CommandVersion string `json:"command_version"`
}

func (p *program) runStatus(ctx context.Context) error {
	client, err := p.client()
	if err != nil {
		return err
	}
	status, err := client.Status(ctx)
	if err != nil {
		return stationFailure(err)
	}
	if p.json {
		return p.printJSON(statusJSON{Status: status, CommandVersion: version().Version})
	}
	p.sayTill(status)
	p.sayOrders(status.Orders)
	p.sayJournal(status.Journal)
	p.sayUplink(status)
	p.sayOffline(status)
	p.sayDevices(status)
	return nil
}

func (p *program) row(chinese, english, value string) {
	fmt.Fprintf(p.Out, "%s  %s\n", p.text(chinese, english), value)
}

func (p *program) sayTill(s stationclient.Status) {
	p.row("终端", "terminal", s.Terminal+"  "+s.Merchant)
	p.row("程序", "versions", "agent "+s.Version+", yuantill "+version().Version)
	switch {
	case s.Refusing != nil:
		p.row("收款", "sales", p.text("暂停：", "refused: ")+p.language.Pick(*s.Refusing))
	case s.Sale != "":
		p.row("收款", "sales", p.text("进行中 "+s.Sale, "open "+s.Sale))
	default:
		p.row("收款", "sales", p.text("可以收款", "ready"))
	}
	if s.Pursued > 0 {
		them := "them"
		if s.Pursued == 1 {
			them = "it"
		}
		p.row("未决办理", "pending follow-ups", p.text(fmt.Sprintf("%d 次办理结果尚未知道，请勿重复", s.Pursued),
			fmt.Sprintf("%d not known yet, do not repeat %s", s.Pursued, them)))
	}
	if s.Pending > 0 {
		p.row("未决", "pending", p.text(fmt.Sprintf("%d 笔结果尚未知道", s.Pending), catalogue.Counted(s.Pending, "sale")+" not known yet"))
	}
}

// sayJournal says what somebody has to know of the journal, and nothing while all is well.
func (p *program) sayJournal(j station.JournalStatus) {
	if j.Notice == nil {
		return
	}
	said := "! " + p.language.Pick(*j.Notice)
	if n := len(j.Lost); n > 0 && j.Lost[n-1].FoundAt != nil {
		said += "  " + p.text("发现于", "found") + " " + p.local(*j.Lost[n-1].FoundAt)
	}
	p.row("流水", "journal", said)
	if j.Next != nil {
		p.row("下一步", "next", "→ "+p.language.Pick(*j.Next))
	}
}

func (p *program) sayUplink(s stationclient.Status) {
	up := s.Uplink
	state := p.text("未连接", "not connected")
	if up.Connected {
		state = p.text("已连接", "connected") + "  " + up.Broker
	}
	if up.Since != nil {
		state += "  " + p.text("自", "since") + " " + p.local(*up.Since)
	}
	p.row("平台", "cloud", state)
	if up.Stopped != "" {
		p.row("停止上送", "SENDING STOPPED", up.Stopped)
	}
	if !up.Connected && up.LastError != "" {
		p.row("原因", "cause", up.LastError)
	}
	if up.Refused > 0 {
		p.row("平台拒收", "refused by the cloud", fmt.Sprintf("%d  %s", up.Refused, up.LastRefusal))
	}
	unsent := fmt.Sprintf("%d / %d", s.Journal.Unsent, s.Journal.Records)
	if s.Journal.OldestUnsent != nil {
		unsent += "  " + p.text("最早", "oldest") + " " + p.local(*s.Journal.OldestUnsent)
	}
	p.row("未上送", "unsent", unsent)
	if up.LastAck != nil {
		p.row("最近确认", "last acknowledgement", p.local(*up.LastAck))
	}
}

// sayOffline says what hard wallets may still pay while the cloud cannot be reached.
func (p *program) sayOffline(s stationclient.Status) {
	o := s.Offline
	switch {
	case o == nil:
		return
	case o.Stopped != nil:
		p.row("脱机收款", "offline", p.text("暂停：", "none: ")+p.language.Pick(*o.Stopped))
	default:
		p.row("脱机收款", "offline", p.text(fmt.Sprintf("还可收 %s、%d 笔，%d 天", o.LeftText, o.PaymentsLeft, o.DaysLeft),
			fmt.Sprintf("%s left, %s, %s", o.LeftText, catalogue.Counted(o.PaymentsLeft, "payment"), catalogue.Counted(o.DaysLeft, "day"))))
	}
	if o.TakenPayments > 0 {
		p.row("脱机未上送", "offline, not sent", fmt.Sprintf("%d", o.TakenPayments))
	}
}

func (p *program) sayDevices(s stationclient.Status) {
	for _, d := range s.Devices {
		name := deviceText(d.Name)
		line := p.language.Pick(deviceState(d.State)) + faultText(d.Fault)
		if d.Notice != nil {
			line += "  ! " + p.language.Pick(*d.Notice)
		}
		p.row(name.Chinese, name.English, line)
	}
}

func faultText(fault string) string {
	if fault == "" {
		return ""
	}
	return "  " + fault
}

func (p *program) local(t time.Time) string { return wallclock.DateTime(t) }

func deviceText(name string) stationclient.Words {
	switch name {
	case "scanner":
		return stationclient.Words{Chinese: "扫码器", English: name}
	case "reader":
		return stationclient.Words{Chinese: "读卡器", English: name}
	case "printer":
		return stationclient.Words{Chinese: "打印机", English: name}
	default:
		return stationclient.Words{English: name}
	}
}

func deviceState(state string) stationclient.Words {
	switch state {
	case "ready":
		return stationclient.Words{Chinese: "正常", English: state}
	case "absent":
		return stationclient.Words{Chinese: "未连接", English: state}
	case "faulted":
		return stationclient.Words{Chinese: "故障", English: state}
	case "none":
		return stationclient.Words{Chinese: "未设置", English: "not set"}
	default:
		return stationclient.Words{English: state}
	}
}
