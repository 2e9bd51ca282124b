package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

// Bounds of what is still good.
const (
	certificateSoon = 30 * 24 * time.Hour
	epochOld        = 48 * time.Hour // the agent signs in daily
)

// checkEnrolment looks at the file alone: mode, form, certificate. Of keys only check values and fingerprints are told.
func (d *Doctor) checkEnrolment(context.Context) []Finding {
	path := d.site.EnrolmentPath
	if path == "" {
		return one(skip("enrolment", "未指明入网文件", "no enrolment file is named"))
	}
	file, err := enrolment.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return one(fail("enrolment", "没有入网文件 "+path+"：本机尚未入网", "no enrolment file "+path+": this machine is not enrolled").
			next("在平台为本终端入网，把文件放到这里", "enrol this terminal in the cloud and put its file there", ""))
	case errors.Is(err, fs.ErrPermission):
		return one(fail("enrolment", "当前用户不能读 "+path, "this user may not read "+path).
			next("用收银程序的用户运行", "run as the agent's user", "sudo yuantill doctor"))
	case errors.Is(err, enrolment.ErrMode):
		return one(fail("enrolment", "其他用户可以读入网文件", "others may read the enrolment file").
			next("收紧权限", "tighten its mode", "chmod 600 "+path))
	case err != nil:
		return one(fail("enrolment", "入网文件有误", "the enrolment file is wrong").because(err).
			next("重新入网", "enrol this terminal again", ""))
	}
	d.enrolment = &file
	if d.site.Terminal != "" && d.site.Terminal != file.Terminal {
		return one(fail("enrolment", fmt.Sprintf("设置里是终端 %s，入网文件是 %s", d.site.Terminal, file.Terminal),
			fmt.Sprintf("settings say terminal %s, the enrolment %s", d.site.Terminal, file.Terminal)).
			next("改正设置，或换成本机的入网文件", "mend the settings or put the right enrolment there", ""))
	}
	f := ok("enrolment", fmt.Sprintf("终端 %s，密钥版本 %d，校验值 %s", file.Terminal, file.KeyVersion, file.CheckValue),
		fmt.Sprintf("terminal %s, key version %d, check value %s", file.Terminal, file.KeyVersion, file.CheckValue)).
		with("terminal", file.Terminal).with("key_version", file.KeyVersion).with("check_value", file.CheckValue)
	return []Finding{f, d.certificate("certificate", file.Certificate), d.certificate("authority", file.Authority)}
}

// certificate checks the first certificate of a PEM text.
func (d *Doctor) certificate(check, text string) Finding {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return fail(check, "没有证书", "no certificate").next("重新入网", "enrol this terminal again", "")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fail(check, "证书不可读", "certificate is not readable").because(err).
			next("重新入网", "enrol this terminal again", "")
	}
	sum := sha256.Sum256(certificate.Raw)
	fingerprint, until := hex.EncodeToString(sum[:8]), wallclock.DateOnly(certificate.NotAfter)
	chinese := fmt.Sprintf("%s 有效至 %s，指纹 %s", certificate.Subject.CommonName, until, fingerprint)
	english := fmt.Sprintf("%s valid until %s, fingerprint %s", certificate.Subject.CommonName, until, fingerprint)
	now := d.tools.Clock()
	f := ok(check, chinese, english)
	switch {
	case now.Before(certificate.NotBefore):
		f = fail(check, "证书尚未生效："+chinese, "not valid yet: "+english).
			next("本机时钟可能偏慢，请校时", "the clock may be slow: set it", "timedatectl")
	case now.After(certificate.NotAfter):
		f = fail(check, "证书已过期："+chinese, "expired: "+english).
			next("重新入网；或本机时钟偏快", "enrol this terminal again, or the clock is fast", "timedatectl")
	case now.Add(certificateSoon).After(certificate.NotAfter):
		f = warn(check, "证书即将过期："+chinese, "expires soon: "+english).next("更新证书", "renew the certificate", "")
	}
	return f.with("subject", certificate.Subject.CommonName).with("sha256", hex.EncodeToString(sum[:])).
		with("not_before", certificate.NotBefore.UTC()).with("not_after", certificate.NotAfter.UTC())
}

// checkKeys opens the keyring as the agent does and looks at the epochs.
func (d *Doctor) checkKeys(context.Context) []Finding {
	if d.enrolment == nil {
		return one(skip("keys", "先解决入网文件", "the enrolment comes first"))
	}
	ring, err := keyring.Open(keyring.Config{
		EnrolmentPath: d.site.EnrolmentPath, StatePath: d.site.EpochsPath, Engine: d.tools.Engine,
	})
	deviceKey := enrolment.DeviceKeyPath(d.site.EnrolmentPath)
	switch {
	case errors.Is(err, enrolment.ErrMode):
		return one(fail("keys", "其他用户可以读设备密钥", "others may read the device key").
			next("收紧权限", "tighten its mode", "chmod 600 "+deviceKey))
	case errors.Is(err, fs.ErrNotExist):
		return one(fail("keys", "缺少设备密钥 "+deviceKey, "the device key is missing: "+deviceKey).
			next("重新入网", "enrol this terminal again", ""))
	case errors.Is(err, enrolment.ErrDeviceKey):
		return one(fail("keys", "设备密钥与入网文件不匹配", "the device key does not belong to this enrolment").
			next("恢复成对的两个文件，或重新入网", "restore the two files that belong together, or enrol again", ""))
	case errors.Is(err, keyring.ErrState):
		return one(fail("keys", "密钥期文件有误", "the epochs file is wrong").because(err).
			advise(catalogue.RestoreEpochs(), ""))
	case err != nil:
		return one(fail("keys", "密钥不可用", "keys cannot be used").because(err).
			next("检查文件与权限", "check the files and their permissions", "ls -l "+d.site.EnrolmentPath+" "+deviceKey))
	}
	d.ring = ring
	epoch, signedIn := ring.Current()
	if !signedIn {
		return one(warn("keys", "密钥可用；尚未签到，联网签到后才能收款", "keys are good; never signed in: no sale before the first sign-in").
			next("启动收银程序并检查网络", "start the agent and check the network", "yuantill status"))
	}
	keys, err := ring.Keys(epoch.Number)
	if err != nil {
		return one(fail("keys", "当前密钥期的密钥不可用", "the present epoch's keys cannot be used").because(err).next("联系服务商", "call support", ""))
	}
	check := keys.RecordCheckValue()
	at := wallclock.DateTime(epoch.OpenedAt)
	chinese := fmt.Sprintf("密钥可用；密钥期 %d，签到于 %s，校验值 %s", epoch.Number, at, hex.EncodeToString(check[:]))
	english := fmt.Sprintf("keys are good; epoch %d, signed in %s, check value %s", epoch.Number, at, hex.EncodeToString(check[:]))
	f := ok("keys", chinese, english)
	if d.tools.Clock().Sub(epoch.OpenedAt) > epochOld {
		f = warn("keys", "两天没有签到："+chinese, "no sign-in for two days: "+english).
			next("检查网络", "check the network", "yuantill status")
	}
	return one(f.with("epoch", epoch.Number).with("opened_at", epoch.OpenedAt.UTC()).
		with("record_check_value", hex.EncodeToString(check[:])))
}
