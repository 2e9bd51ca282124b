package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/journalfile"
	"github.com/yuantill/yuantill/tools/yuantill/wallclock"
)

// Bounds of a plausible clock against the cloud's.
const (
	clockWarn = 5 * time.Second
	clockFail = time.Minute
)

// Bounds of a journal that gets rid of its records.
const (
	unsentOld  = time.Hour
	roomFactor = 4 // times the agent's bound is "soon full"
	roomUnset  = 32 << 20
)

func (d *Doctor) checkAgent(ctx context.Context) []Finding {
	status, err := d.tools.Status(ctx)
	if err != nil {
		return one(fail("agent", "收银程序没有应答", "the agent does not answer").because(err).
			next("启动收银程序，查看日志", "start the agent and read its log", "systemctl status yuantill-agent").
			with("station", d.site.Station))
	}
	if d.enrolment != nil && status.Terminal != d.enrolment.Terminal {
		return one(fail("agent", fmt.Sprintf("应答的是终端 %s 的收银程序，入网文件是 %s", status.Terminal, d.enrolment.Terminal),
			fmt.Sprintf("terminal %s's agent answers, the enrolment is %s's", status.Terminal, d.enrolment.Terminal)).
			next("检查 --station 与 --settings 是否属于同一终端", "make sure that --station and --settings are the same terminal's", "").
			with("station", d.site.Station))
	}
	d.agent = &status
	f := ok("agent", "收银程序 "+status.Version+" 正在运行", "agent "+status.Version+" is running").
		with("version", status.Version).with("connected", status.Uplink.Connected)
	switch cloud := status.Uplink; {
	case cloud.Stopped != "":
		return []Finding{f, fail("cloud", "已停止上送："+cloud.Stopped, "sending has stopped: "+cloud.Stopped).
			next("保留流水并联系服务商", "keep the journal and call support", "yuantill journal verify")}
	case cloud.Barred:
		return []Finding{f, fail("cloud", "平台不让本机连接：已停用、已注销，或入网文件不对", "the cloud does not let this terminal in: it is blocked, retired, or not enrolled there").
			next("联系服务商；未上送的记录请保留", "call support, and keep what is not sent", "yuantill journal verify")}
	case !cloud.Connected:
		return []Finding{f, warn("cloud", "与平台未连接："+cloud.LastError, "not connected to the cloud: "+cloud.LastError).
			next("检查网络与下面的 broker 检查", "check the network and the broker checks below", "yuantill status")}
	case cloud.Refused != 0:
		return []Finding{f, warn("cloud", fmt.Sprintf("平台拒收过 %d 条记录", cloud.Refused),
			"the cloud refused "+catalogue.Counted(cloud.Refused, "record")).next("联系服务商", "call support", "yuantill status")}
	default:
		return []Finding{f, ok("cloud", "已连接 "+cloud.Broker, "connected to "+cloud.Broker)}
	}
}

// checkClock holds the clock against when this program was built and against the cloud's clock at the last sign-in.
func (d *Doctor) checkClock(context.Context) []Finding {
	now := d.tools.Clock()
	if !d.tools.Built.IsZero() && now.Before(d.tools.Built) {
		return one(fail("clock", "本机时间 "+wallclock.DateTime(now)+" 早于程序的生成时间",
			"the clock says "+wallclock.DateTime(now)+", before this program was built").
			next("校时；若每次开机都这样，请更换纽扣电池", "set the clock; if it happens at every start, replace its battery",
				"timedatectl set-ntp true"))
	}
	if d.agent == nil || !d.agent.Uplink.Connected {
		return one(ok("clock", "本机时间合理，未能与平台比对", "the clock is plausible; it could not be held against the cloud's"))
	}
	offset := time.Duration(d.agent.Uplink.ClockOffsetMS) * time.Millisecond
	text := offset.Round(time.Millisecond).String()
	f := ok("clock", "与平台相差 "+text, "differs from the cloud's by "+text)
	switch away := offset.Abs(); {
	case away > clockFail:
		f = fail("clock", f.Text.Chinese, f.Text.English)
	case away > clockWarn:
		f = warn("clock", f.Text.Chinese, f.Text.English)
	default:
		return one(f.with("offset_ms", offset.Milliseconds()))
	}
	return one(f.next("校时", "set the clock", "timedatectl set-ntp true").with("offset_ms", offset.Milliseconds()))
}

// checkJournal opens the journal beside the agent and verifies every record, with tags where the keys can be had.
func (d *Doctor) checkJournal(ctx context.Context) []Finding {
	path := d.site.JournalPath
	if path == "" {
		return one(skip("journal", "未指明流水文件", "no journal file is named"))
	}
	j, err := journalfile.Open(ctx, path, d.tools.Engine, d.ring)
	if err != nil {
		return one(d.journalFailure(err))
	}
	f := d.journalFinding(ctx, j)
	if err := j.Close(); err != nil {
		return []Finding{f, d.journalFailure(err)}
	}
	return one(f)
}

func (d *Doctor) journalFinding(ctx context.Context, j *journal.Journal) Finding {
	report, err := j.Verify(ctx)
	if err != nil {
		return d.journalFailure(err)
	}
	counts, err := j.Counts(ctx)
	if err != nil {
		return d.journalFailure(err)
	}
	lost := agent.LossesOf(counts.Lost)
	if d.agent != nil {
		if len(d.agent.Journal.Lost) > 0 {
			lost = d.agent.Journal.Lost // it knows what the cloud lacks
		}
		// Acknowledgements reach the file with the next commit only; the agent knows them already.
		counts.Unsent, counts.OldestUnsent = d.agent.Journal.Unsent, time.Time{}
		if d.agent.Journal.OldestUnsent != nil {
			counts.OldestUnsent = *d.agent.Journal.OldestUnsent
		}
	}
	checkedChinese, checkedEnglish := "链接完好（无密钥，未校验签名）", "chain good (no keys: tags not checked)"
	if report.TagsChecked {
		checkedChinese, checkedEnglish = "链接与签名完好", "chain and tags good"
	}
	chinese := fmt.Sprintf("%d 条记录，%d 条未上送，%s", counts.Records, counts.Unsent, checkedChinese)
	english := fmt.Sprintf("%s, %d not sent, %s", catalogue.Counted(counts.Records, "record"), counts.Unsent, checkedEnglish)
	f := ok("journal", chinese, english)
	if !counts.OldestUnsent.IsZero() && d.tools.Clock().Sub(counts.OldestUnsent) > unsentOld {
		f = warn("journal", chinese+"；最早的自 "+wallclock.DateTime(counts.OldestUnsent)+" 起",
			english+"; the oldest since "+wallclock.DateTime(counts.OldestUnsent)).
			next("检查网络；记录不会丢失", "check the network; nothing is lost meanwhile", "yuantill status").
			with("oldest_unsent", counts.OldestUnsent.UTC())
	}
	notice, next := station.Losses(lost, d.tools.Clock(), false)
	if d.agent != nil && d.agent.Journal.Notice != nil && d.agent.Journal.Next != nil {
		notice, next = d.agent.Journal.Notice, d.agent.Journal.Next // it knows what no file tells
	}
	if notice != nil {
		found := foundAt(lost)
		f = warn("journal", chinese+"；"+notice.Chinese+found.Chinese, english+"; "+notice.English+found.English).
			advise(*next, "yuantill journal verify").with("lost", lost)
	}
	return f.with("records", counts.Records).with("unsent", counts.Unsent).with("tags_checked", report.TagsChecked)
}

// foundAt says when the latest loss was found, and nothing where that is not known.
func foundAt(lost []station.Loss) bilingual.Text {
	if len(lost) == 0 {
		return bilingual.Text{}
	}
	at := lost[len(lost)-1].FoundAt
	if at == nil {
		return bilingual.Text{}
	}
	when := wallclock.DateTime(*at)
	return bilingual.Text{Chinese: "；发现于 " + when, English: "; found " + when}
}

func (d *Doctor) journalFailure(err error) Finding {
	var damaged *journal.DamagedError
	var foreign *journal.ForeignError
	switch {
	case errors.As(err, &foreign):
		return fail("journal", fmt.Sprintf("流水是终端 %s 的，本机是 %s", foreign.Owner, foreign.Mine),
			fmt.Sprintf("the journal is terminal %s's, this is %s", foreign.Owner, foreign.Mine)).
			advise(catalogue.OtherJournal(), "")
	case errors.Is(err, journal.ErrGone):
		return fail("journal", "流水不见了："+d.site.JournalPath, "the journal is gone: "+d.site.JournalPath).
			advise(catalogue.JournalGone(), "")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, journal.ErrEmpty):
		return warn("journal", "还没有流水："+d.site.JournalPath, "no journal yet: "+d.site.JournalPath).
			advise(catalogue.NoJournalFile(), "")
	case errors.Is(err, journal.ErrNoKeys):
		return fail("journal", "流水有记录，而密钥期文件不在："+d.site.EpochsPath,
			"the journal has records, and the epochs file is gone: "+d.site.EpochsPath).advise(catalogue.RestoreEpochs(), "")
	case errors.Is(err, journal.ErrNewer):
		return fail("journal", "流水由更新的程序建立", "a newer program made the journal").because(err).
			advise(catalogue.NewerJournal(), "yuantill version")
	case errors.Is(err, journal.ErrOlder):
		return fail("journal", "流水是旧格式", "the journal has an older form").because(err).
			advise(catalogue.OlderJournal(), "systemctl start yuantill-agent")
	case errors.Is(err, journal.ErrUnsure):
		return fail("journal", "流水的日志不见了，无从知道是否完整", "the journal's log is gone, and nothing says whether the journal is whole").
			because(err).advise(catalogue.AcceptJournal(), "yuantill journal accept --help")
	case errors.Is(err, journal.ErrForeignSchema):
		return fail("journal", "流水数据库的结构被改动", "the structure of the journal's database was changed").
			because(err).advise(catalogue.ForeignInJournal(), "yuantill journal verify")
	case errors.As(err, &damaged):
		return fail("journal", "流水不完整或被改动", "the journal is damaged or was altered").because(err).
			advise(catalogue.KeepJournal(), "yuantill journal verify").with("sequence", damaged.Sequence).
			with("sale", damaged.Sale).with("follow_up", damaged.FollowUp)
	default:
		return fail("journal", "流水不能打开", "the journal cannot be opened").because(err).
			next("检查权限", "check its permissions", "ls -l "+d.site.JournalPath)
	}
}

func (d *Doctor) checkRoom(context.Context) []Finding {
	if d.site.JournalPath == "" {
		return one(skip("room", "未指明流水文件", "no journal file is named"))
	}
	folder := filepath.Dir(d.site.JournalPath)
	free, err := d.tools.Free(folder)
	if err != nil {
		return one(fail("room", "不能查询剩余空间", "free space cannot be read").because(err).
			next("检查目录", "check the folder", "df -h "+folder))
	}
	bound := d.site.RoomMin
	if bound <= 0 {
		bound = roomUnset
	}
	megabytes := free >> 20
	chinese, english := fmt.Sprintf("%s 剩余 %d MiB", folder, megabytes), fmt.Sprintf("%d MiB free in %s", megabytes, folder)
	f := ok("room", chinese, english)
	switch {
	case free < bound:
		f = fail("room", chinese+"，已停止收款", english+": sales are refused").next("清理磁盘", "free some disk", "df -h "+folder)
	case free < roomFactor*bound:
		f = warn("room", chinese+"，即将不足", english+": soon too little").next("清理磁盘", "free some disk", "df -h "+folder)
	}
	return one(f.with("free_bytes", free).with("refused_below", bound))
}
