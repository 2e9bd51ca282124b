package command_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/tools/yuantill/command"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
)

// noticed runs a sale to which the till says these notices one after another before it is paid.
func noticed(t *testing.T, notices ...catalogue.Phrase) (out, errors string) {
	t.Helper()
	till := sitetest.NewTill(t, "")
	go func() {
		<-till.Started()
		<-till.Listened()
		for _, notice := range notices {
			till.Notice(notice)
		}
		till.Finish(checkout.Approved)
	}()
	code, out, errors := run(t, command.Environment{Interrupts: make(chan os.Signal)},
		"sale", "--station", till.URL, "--amount", "1", "--lang", "en")
	require.Equal(t, int(command.CodeOK), code, errors)
	return out, errors
}

func TestNotices(t *testing.T) {
	waiting := catalogue.TitleWaiting.Text().English
	for name, notice := range map[string]catalogue.Phrase{
		"a WeChat code":     catalogue.NoticeWeChat,
		"a product's code":  catalogue.NoticeGoods,
		"an unreadable one": catalogue.NoticeUnreadable,
	} {
		t.Run(name+" is told although the sale goes on as before", func(t *testing.T) {
			out, _ := noticed(t, notice)
			require.Contains(t, out, "! "+notice.Text().English)
			require.Equal(t, 1, strings.Count(out, waiting), "the line itself has not changed")
			require.Less(t, strings.Index(out, notice.Text().English), strings.Index(out, catalogue.TitleApproved.Text().English),
				"at once, and not with the outcome")
		})
	}
	t.Run("one after another, each is told once", func(t *testing.T) {
		out, _ := noticed(t, catalogue.NoticeWeChat, catalogue.NoticeWeChat, catalogue.NoticeGoods)
		for _, notice := range []catalogue.Phrase{catalogue.NoticeWeChat, catalogue.NoticeGoods} {
			require.Equal(t, 1, strings.Count(out, notice.Text().English), out)
		}
	})
	t.Run("again when it happens again after another", func(t *testing.T) {
		out, _ := noticed(t, catalogue.NoticeWeChat, catalogue.NoticeGoods, catalogue.NoticeWeChat)
		require.Equal(t, 2, strings.Count(out, catalogue.NoticeWeChat.Text().English), out)
	})
}

// TestStatusTellsOfADevicesNotice: a printer can work and still have something to tell.
func TestStatusTellsOfADevicesNotice(t *testing.T) {
	till := sitetest.NewTill(t, "")
	status, err := till.Status(t.Context())
	require.NoError(t, err)
	altered := catalogue.NoticePrintAltered.Text()
	status.Devices = []station.Device{{Name: "printer", State: "ready", Notice: &altered}}
	till.SetStatus(status)
	code, out, _ := run(t, command.Environment{}, "status", "--station", till.URL, "--lang", "zh")
	require.Zero(t, code)
	require.Contains(t, out, "打印机  正常  ! "+altered.Chinese+"\n")
}
