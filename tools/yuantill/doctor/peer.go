package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/port/hid"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

const (
	deviceReady   = "ready" // the station's word
	brokerTimeout = 5 * time.Second
	// brokerPatience is how long a broker has to refuse our certificate: in TLS 1.3 that comes after the handshake.
	brokerPatience = 500 * time.Millisecond
)

// checkDevices asks the agent, which holds the devices; without an agent it opens them itself.
func (d *Doctor) checkDevices(context.Context) []Finding {
	findings := make([]Finding, 0, len(d.site.Devices))
	for _, device := range d.site.Devices {
		switch {
		case device.Path == "":
			findings = append(findings, skip(device.Name, "未设置", "not in the settings"))
		case d.agent != nil:
			findings = append(findings, d.agentsDevice(device))
		default:
			findings = append(findings, d.openDevice(device))
		}
	}
	return findings
}

func (d *Doctor) agentsDevice(device Device) Finding {
	for _, seen := range d.agent.Devices {
		if seen.Name != device.Name {
			continue
		}
		if seen.State == deviceReady && seen.Notice != nil {
			return warn(device.Name, device.Path+" 可用："+seen.Notice.Chinese, device.Path+" works: "+seen.Notice.English).
				next("照此处理后再看状态", "see to it, then look at the status", "yuantill status")
		}
		if seen.State == deviceReady {
			return ok(device.Name, device.Path+" 正常（收银程序正在使用）", device.Path+" is well (in use by the agent)")
		}
		return d.deviceTrouble(device, seen)
	}
	return warn(device.Name, "收银程序没有这个设备", "the agent does not have this device").
		next("设置改过后重新启动收银程序", "restart the agent after changing the settings", "systemctl restart yuantill-agent")
}

func (d *Doctor) deviceTrouble(device Device, seen stationclient.Device) Finding {
	fault := strings.TrimSpace(seen.State + " " + seen.Fault)
	if seen.Notice != nil {
		return fail(device.Name, device.Path+" 不可用："+seen.Notice.Chinese, device.Path+" cannot be used: "+seen.Notice.English).
			because(errors.New(fault)).
			next("照此处理后再看状态", "see to it, then look at the status", "yuantill status")
	}
	return fail(device.Name, device.Path+" 不可用："+fault, device.Path+" cannot be used: "+fault).
		next("检查插头、电源、纸张与机盖", "check plug, power, paper and cover", "ls -l "+device.Path)
}

func (d *Doctor) openDevice(device Device) Finding {
	err := d.tools.OpenSerial(device.Path)
	var failure *drivers.Error
	switch {
	case err == nil:
		return ok(device.Name, device.Path+" 可以打开", device.Path+" can be opened")
	case errors.Is(err, fs.ErrPermission):
		return fail(device.Name, "当前用户不能打开 "+device.Path, "this user may not open "+device.Path).
			next("加入 dialout 组后重新登录", "join the group dialout and log in again", "sudo usermod -aG dialout $USER")
	case errors.As(err, &failure) && failure.Kind == drivers.KindBusy:
		return warn(device.Name, device.Path+" 被另一个程序占用", device.Path+" is in use by another program").
			next("查出占用者", "find out by whom", "fuser -v "+device.Path)
	case errors.As(err, &failure) && failure.Kind == drivers.KindGone:
		return fail(device.Name, "没有 "+device.Path, "there is no "+device.Path).
			next("检查插头；对照实际的设备名", "check the plug; compare with what there is", "ls -l /dev/serial/by-path /dev/ttyUSB* /dev/ttyACM*")
	default:
		return fail(device.Name, "不能打开 "+device.Path, "cannot open "+device.Path).because(err).
			next("检查设置里的路径", "check the path in the settings", "ls -l "+device.Path)
	}
}

func (d *Doctor) checkHID(context.Context) []Finding {
	devices, err := d.tools.ListHID()
	switch {
	case errors.Is(err, hid.ErrUnsupported):
		return one(fail("usb-hid", "本程序编译时没有 cgo，看不到 USB 设备", "this program was built without cgo and cannot see USB devices").
			next("安装正式发布的程序", "install the released program", "yuantill version"))
	case errors.Is(err, hid.ErrNoBus):
		return one(warn("usb-hid", "系统没有 USB 总线（/dev/bus/usb）", "the system shows no USB bus (/dev/bus/usb)").
			next("没有 USB 设备的机器可忽略", "of no concern on a machine without USB", "ls -l /dev/bus/usb"))
	case err != nil:
		return one(fail("usb-hid", "不能列出 USB 设备", "USB devices cannot be listed").because(err).
			next("检查权限", "check permissions", "ls -lR /dev/bus/usb"))
	}
	names := make([]string, 0, len(devices))
	for _, device := range devices {
		names = append(names, device.String())
	}
	list := strings.Join(names, ", ")
	return one(ok("usb-hid", fmt.Sprintf("%d 个 USB HID 设备 %s", len(devices), list),
		fmt.Sprintf("%d USB HID devices %s", len(devices), list)).with("devices", names))
}

// checkBrokers makes TLS with each broker as the agent does. It says nothing in MQTT: a second connection of this
// terminal's name would push the agent's own out.
func (d *Doctor) checkBrokers(ctx context.Context) []Finding {
	if len(d.site.Brokers) == 0 {
		return one(skip("broker", "未设置 broker 地址", "no broker address is known"))
	}
	if d.ring == nil {
		return one(skip("broker", "先解决密钥", "the keys come first"))
	}
	findings := make([]Finding, 0, len(d.site.Brokers))
	for _, address := range d.site.Brokers {
		findings = append(findings, d.checkBroker(ctx, address).with("address", address))
	}
	return findings
}

func (d *Doctor) checkBroker(ctx context.Context, address string) Finding {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fail("broker", "地址有误", "the address is wrong").because(err).
			next("改正设置（主机:端口）", "mend the settings (host:port)", "")
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	begun := d.tools.Clock()
	connection, err := d.tools.Dial(ctx, address, d.ring.TLS(host))
	if err != nil {
		return brokerFailure(address, err)
	}
	took := d.tools.Clock().Sub(begun).Round(time.Millisecond)
	err = refusal(connection)
	if err = errors.Join(err, ignoreClosed(connection.Close())); err != nil {
		return fail("broker", address+" 拒绝了本机的证书", address+" refused this terminal's certificate").because(err).
			next("确认平台已为本终端入网且未停用", "make sure that the cloud has this terminal enrolled and not blocked", "")
	}
	return ok("broker", fmt.Sprintf("%s 可达（TLS 1.3，%v）", address, took),
		fmt.Sprintf("%s reachable (TLS 1.3, %v)", address, took))
}

// refusal waits a moment for the broker to hang up; a broker that took us waits in silence for MQTT.
func refusal(connection net.Conn) error {
	if err := connection.SetReadDeadline(time.Now().Add(brokerPatience)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	_, err := connection.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// ignoreClosed: closing what the other side has closed is no news.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func brokerFailure(address string, err error) Finding {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &name):
		return fail("broker", "域名解析失败："+address, "the name does not resolve: "+address).
			next("检查 DNS 与地址拼写", "check DNS and the spelling", "getent hosts "+name.Name)
	case errors.As(err, &certificate), errors.As(err, &unknown):
		return fail("broker", "对方证书不可信", "its certificate is not to be trusted").because(err).
			next("检查本机时间与 broker 地址；可能有人冒充", "check the clock and the address; somebody may be posing as it", "timedatectl")
	default:
		return fail("broker", "连不上 "+address, "cannot connect to "+address).because(err).
			next("检查网线、网关与防火墙", "check cable, gateway and firewall", "ip route")
	}
}
