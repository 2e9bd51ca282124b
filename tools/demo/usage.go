package main

import (
	"fmt"
	"path/filepath"

	"github.com/yuantill/yuantill/tools/action"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakeoperator/front"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/shellword"
)

// usage tells how to work with the running shop, and what can be broken in it; net is where its network is cut.
func (t *transcript) usage(bin string, s *shop.Shop, k *keeper, net string) {
	program := shellword.Quote(filepath.Join(bin, "yuantill"))
	flags := fmt.Sprintf("--station %s --settings %s", s.Station.Address(), shellword.Quote(s.Till.Settings))
	t.note("\n小店继续营业，Ctrl-C 结束 · the shop stays open until Ctrl-C. Try in another terminal:")
	for _, command := range []string{"status", "sale --amount 12.50", "reprint", "journal list", "journal verify", "doctor"} {
		t.command(program+" "+command+" "+flags, "")
	}
	t.command("curl http://"+s.API+"/v1/stats", "")
	t.command(fmt.Sprintf("%s alarms --settings %s", shellword.Quote(filepath.Join(bin, "yuantill-cloud")),
		shellword.Quote(filepath.Join(s.Dir, "cloud.toml"))), "要有人处理的事 · what somebody has to look after")
	t.customer(s.Devices.Address())
	t.command(program+" sale --amount 8.00 --shown "+flags, "出示收款码，码下有文字 · shows a code, with its text under it")
	t.request(s.Operator.Address(), front.PayShown(), "付它，CODE 换成那段文字 · pays it; put that text for CODE")
	t.troubles(s.Devices.Address(), s.Operator.Address())
	t.note("断开终端的网络，再恢复 · to cut the terminal's network and mend it:")
	t.request(net, cutNetwork(), "断网后试试收款和碰硬钱包 · then try a sale and the hard wallet")
	t.request(net, mendNetwork(), "恢复 · back again")
	t.note("试试断电，它会自己回来，各 %d 次 · to see what a power cut does; each comes back by itself, %[1]d times:", againMax)
	for _, role := range []shop.Role{shop.CloudRole, shop.AgentRole} {
		name, english := roleName(role)
		t.command(fmt.Sprintf("kill -9 %d", k.pid(role)), name+" · "+english)
	}
	t.note("")
}

// customer tells how to pay.
func (t *transcript) customer(devices string) {
	t.note("顾客付款 · to pay as a customer:")
	t.request(devices, action.Example{Path: "/scan", Body: `{"text":"0120261123900000001"}`}, "付款码，每码一次 · a code, each pays once")
	t.request(devices, action.Example{Path: "/tap"}, "碰硬钱包 · the hard wallet is tapped")
	t.request(devices, action.Example{Path: "/remove"}, "拿开 · and taken away")
	t.request(devices, action.Example{Path: "/card/connect"}, "它付 10 笔后须联网 · after 10 payments it has to go online")
}

// troubles tells what the simulated machines can be made to do; each lists the rest by itself.
func (t *transcript) troubles(devices, operator string) {
	t.note("制造麻烦，on:false 恢复 · to make trouble; on:false ends it:")
	t.request(devices, control.PaperOut(), "打印机缺纸 · the printer has no paper")
	t.command("curl "+devices+"/", "外设的全部操作 · all that the devices do")
	t.request(operator, front.Decline(), "下一笔 12.50 被拒 · the next 12.50 is declined")
	t.command("curl "+operator+"/", "运营机构的全部操作 · all that the operator does")
}

func (t *transcript) request(address string, example action.Example, does string) {
	t.command(example.Curl(address), does)
}
