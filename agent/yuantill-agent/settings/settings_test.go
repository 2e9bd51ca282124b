package settings_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
)

func TestExampleParses(t *testing.T) {
	s, err := settings.Parse("/etc/yuantill/agent.toml", []byte(settings.Example()))
	require.NoError(t, err)
	require.Equal(t, "10000001", s.Terminal)
	require.Equal(t, "幸福小吃店", s.Merchant.Name)
	require.Equal(t, "/etc/yuantill/enrolment.json", s.Keys.Enrolment)
	require.Equal(t, "/dev/ttyUSB0", s.Scanner.Path)
	require.Equal(t, "pn532", s.Reader.Driver)
	require.Equal(t, 58, s.Printer.Paper)
	require.Equal(t, slog.LevelInfo, s.Log.Level)
	require.Equal(t, 45*time.Second, s.CheckoutTiming().GiveUp)
}

// TestExampleShowsTheDefaults: what the example documents is what an agent does without it.
func TestExampleShowsTheDefaults(t *testing.T) {
	s, err := settings.Parse("/x/agent.toml", []byte(settings.Example()))
	require.NoError(t, err)
	d := settings.Default()
	require.Equal(t, d.Sale, s.Sale)
	require.Equal(t, d.Timing, s.Timing)
	require.Equal(t, d.Memory, s.Memory)
	require.Equal(t, d.Station, s.Station)
	require.Equal(t, d.Journal.RoomMin, s.Journal.RoomMin)
}

const least = `terminal = "10000001"
[merchant]
name = "店"
id = "102290053110001"
acquirer = "机构"
[device]
serial_number = "YT1"
[cloud]
brokers = ["localhost:8883"]
`

// located is the least file with a place in it.
func located(place string) string {
	return strings.Replace(least, "[cloud]", "location = \""+place+"\"\n[cloud]", 1)
}

// TestWhatIsOnTheEarth: the ends of the world belong to it, and so does a shop that says nothing.
func TestWhatIsOnTheEarth(t *testing.T) {
	for _, place := range []string{"", "+31.23/+121.47", "-90/180", "0/0", "90/-180.0"} {
		s, err := settings.Parse("agent.toml", []byte(located(place)))
		require.NoError(t, err, place)
		require.Equal(t, place, s.Till("1").Device.Location)
	}
}

// TestNamesMayHaveSpaces: also the wide one, and characters beyond the first plane.
func TestNamesMayHaveSpaces(t *testing.T) {
	s, err := settings.Parse("agent.toml", []byte(strings.Replace(least, `"店"`, `"幸福　小吃 𠮷野家"`, 1)))
	require.NoError(t, err)
	require.Equal(t, "幸福　小吃 𠮷野家", s.Merchant.Name)
}

func TestLeastFile(t *testing.T) {
	s, err := settings.Parse("agent.toml", []byte(least))
	require.NoError(t, err)
	require.Nil(t, s.Scanner, "a section that is left out is a device the till has not")
	require.Nil(t, s.Reader)
	require.Nil(t, s.Printer)
	require.Equal(t, "CNY", s.Sale.Currency)
}

// TestMistakesAreNamedWithTheirPlace: line and column, the key, what is wrong and what is allowed, in both languages.
func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	printer := "[printer]\ndriver = \"escpos\"\npath = \"/dev/x\"\npaper = "
	for name, c := range map[string]struct{ text, chinese, english string }{
		"UnknownKey": {least + "[station]\nlisten = \"127.0.0.1:1\"\nlissten = 1\n", "agent.toml:12:1: station.lissten：没有这个设置",
			"agent.toml:12:1: station.lissten: there is no such setting"},
		"UnknownSection": {least + "[printr]\npath = \"x\"\n", "agent.toml:10:2: printr：没有", "agent.toml:10:2: printr: there is no"},
		"WrongType": {least + "[sale]\namount_max = \"much\"\n", "agent.toml:11:14: sale.amount_max：须为整数",
			"agent.toml:11:14: sale.amount_max: must be a whole number"},
		"Float":    {least + "[sale]\namount_max = 12.5\n", "agent.toml:11:14: sale.amount_max：须为整数", "whole number"},
		"Syntax":   {"terminal = \"1\nx", "agent.toml:1:14：不是有效的 TOML", "agent.toml:1:14: is not valid TOML: basic strings"},
		"Duration": {least + "[timing]\ngive_up = \"45\"\n", "agent.toml:11:11: timing.give_up：须为带单位的时长", `such as "45s"`},
		"Level":    {least + "[log]\nlevel = \"loud\"\n", "agent.toml:11:9: log.level：须为以下之一", `"debug", "info", "warn", "error"`},
		"Terminal": {strings.Replace(least, "10000001", "1", 1), "agent.toml:1:12: terminal：“1”不是终端号", "8 digits or upper-case letters"},
		"NoMerchant": {strings.Replace(least, `name = "店"`, "", 1), "agent.toml:2:2: merchant.name：必须填写",
			"agent.toml:2:2: merchant.name: is needed, such as"},
		"NoSection": {strings.Replace(least, "[device]\nserial_number = \"YT1\"\n", "", 1), "agent.toml: device.serial_number：必须填写",
			"agent.toml: device.serial_number: is needed"},
		"NoSerial": {strings.Replace(least, `"YT1"`, `""`, 1), "agent.toml:7:17: device.serial_number：必须填写", "is needed"},
		"Broker": {strings.Replace(least, "localhost:8883", "localhost", 1), "agent.toml:9:1: cloud.brokers：“localhost”不是“主机:端口”",
			`"localhost" is not host:port`},
		"NoBroker": {strings.Replace(least, `"localhost:8883"`, "", 1), "agent.toml:9:1: cloud.brokers：必须填写", "is needed"},
		"ListenEverywhere": {least + "[station]\nlisten = \"0.0.0.0:7710\"\n", "agent.toml:11:10: station.listen：“0.0.0.0:7710”不是本机地址",
			"agent.toml:11:10: station.listen: \"0.0.0.0:7710\" is not a loopback address"},
		"ListenNoPort":      {least + "[station]\nlisten = \"127.0.0.1:x\"\n", "agent.toml:11:10: station.listen", "such as 127.0.0.1:7710"},
		"ListenPortZero":    {least + "[station]\nlisten = \"127.0.0.1:0\"\n", "agent.toml:11:10: station.listen：“127.0.0.1:0”不是本机地址和端口", "such as 127.0.0.1:7710"},
		"BrokerPortZero":    {strings.Replace(least, "localhost:8883", "localhost:0", 1), "agent.toml:9:1: cloud.brokers：“localhost:0”不是“主机:端口”", "is not host:port"},
		"BrokerPortTooHigh": {strings.Replace(least, "localhost:8883", "localhost:65536", 1), "agent.toml:9:1: cloud.brokers：“localhost:65536”不是“主机:端口”", "is not host:port"},
		"BrokerTwice": {strings.Replace(least, `"localhost:8883"`, `"localhost:8883", "b:1", "LocalHost:8883"`, 1), "agent.toml:9:1: cloud.brokers：“LocalHost:8883”出现了两次，请删去一处",
			`agent.toml:9:1: cloud.brokers: "LocalHost:8883" stands twice, remove one of them`},
		"OneCableTwoDevices": {least + "[scanner]\ndriver = \"line\"\npath = \"/dev/ttyUSB0\"\n[reader]\ndriver = \"pn532\"\npath = \"/dev/../dev/ttyUSB0\"\n",
			"agent.toml:15:8: reader.path：/dev/ttyUSB0 已是 scanner.path，请改正其一", "agent.toml:15:8: reader.path: /dev/ttyUSB0 is scanner.path already, correct one of them"},
		"JournalIsEpochs":      {least + "[journal]\npath = \"epochs.json\"\n", "agent.toml:11:8: journal.path：epochs.json 已是 keys.epochs", "epochs.json is keys.epochs already"},
		"EpochsIsEnrolment":    {least + "[keys]\nepochs = \"./enrolment.json\"\n", "agent.toml:11:10: keys.epochs：enrolment.json 已是 keys.enrolment", "is keys.enrolment already"},
		"JournalIsTheSettings": {least + "[journal]\npath = \"agent.toml\"\n", "agent.toml:11:8: journal.path：agent.toml 已是本设置文件", "agent.toml is this settings file already"},
		"IssuerTwice":          {least + "[reader]\ndriver = \"pn532\"\npath = \"/dev/x\"\nissuers = [\"a.pub\", \"a.pub\"]\n", "agent.toml:13:1: reader.issuers：a.pub 已是 reader.issuers", "is reader.issuers already"},
		"NoJournal":            {least + "[journal]\npath = \"\"\n", "agent.toml:11:8: journal.path：必须填写，如 \"journal.db\"", "is needed"},
		"NoEpochs":             {least + "[keys]\nepochs = \"\"\n", "agent.toml:11:10: keys.epochs：必须填写", "is needed"},
		"NoEnrolment":          {least + "[keys]\nenrolment = \"\"\n", "agent.toml:11:13: keys.enrolment：必须填写", "is needed"},
		"EmptyIssuer":          {least + "[reader]\ndriver = \"pn532\"\npath = \"/dev/x\"\nissuers = [\"\"]\n", "agent.toml:13:1: reader.issuers：必须填写，如 \"issuer.pub\"", "is needed"},
		"BeyondThePole": {located("+90.01/+121.47"), "agent.toml:8:12: device.location：“+90.01/+121.47”不是地球上的“纬度/经度”，如 +31.23/+121.47",
			`agent.toml:8:12: device.location: "+90.01/+121.47" is no latitude/longitude on the earth, such as +31.23/+121.47`},
		"BeyondTheDateLine": {located("31.23/-180.5"), "device.location：“31.23/-180.5”不是", "is no latitude/longitude"},
		"NoLongitude":       {located("31.23"), "device.location：“31.23”不是", "is no latitude/longitude"},
		"AtNoNumber":        {located("NaN/Inf"), "device.location：“NaN/Inf”不是", "is no latitude/longitude"},
		"BellInName": {strings.Replace(least, `"店"`, `"店\u0007"`, 1), "agent.toml:3:8: merchant.name：第 2 个字符 U+0007 不能打印，请删去",
			"agent.toml:3:8: merchant.name: character 2, U+0007, cannot be printed; remove it"},
		"NewlineInAcquirer": {strings.Replace(least, `"机构"`, `"机\n构"`, 1), "agent.toml:5:12: merchant.acquirer：第 2 个字符 U+000A", "character 2, U+000A"},
		"EscapeInCashier":   {least + "[sale]\ncashier = \"\\u001b@\"\n", "agent.toml:11:11: sale.cashier：第 1 个字符 U+001B", "character 1, U+001B"},
		"TurnedAround":      {strings.Replace(least, `"店"`, `"a\u202eb"`, 1), "agent.toml:3:8: merchant.name：第 2 个字符 U+202E", "cannot be printed"},
		"TabInSerialNumber": {strings.Replace(least, `"YT1"`, `"YT\t1"`, 1), "agent.toml:7:17: device.serial_number：第 3 个字符 U+0009", "cannot be printed"},
		"BellInType":        {strings.Replace(least, "[device]\n", "[device]\ntype = \"\\u0007\"\n", 1), "agent.toml:7:8: device.type：第 1 个字符 U+0007", "cannot be printed"},
		"BellInLicence":     {strings.Replace(least, "[device]\n", "[device]\nnetwork_licence = \"\\u0007\"\n", 1), "device.network_licence：第 1 个字符", "cannot be printed"},
		"Currency":          {least + "[sale]\ncurrency = \"XXX\"\n", "agent.toml:11:12: sale.currency：没有“XXX”", "ISO 4217"},
		"AmountMax":         {least + "[sale]\namount_max = 0\n", "agent.toml:11:14: sale.amount_max：不能为 0，最小 1", "at least 1"},
		"AmountMaxTooHigh":  {least + "[sale]\namount_max = 1000000000001\n", "agent.toml:11:14: sale.amount_max：不能为 1000000000001，须在 1 至 1000000000000 之间", "1 to 1000000000000"},
		"ShortMerchant": {strings.Replace(least, "102290053110001", "10229005311000", 1), "agent.toml:4:6: merchant.id：“10229005311000”不是 15 位数字",
			"agent.toml:4:6: merchant.id: \"10229005311000\" is not 15 digits"},
		"LettersInMerchant": {strings.Replace(least, "102290053110001", "10229005311000A", 1), "agent.toml:4:6: merchant.id", "is not 15 digits"},
		"LongName": {strings.Replace(least, "店", strings.Repeat("店", 41), 1), "agent.toml:3:8: merchant.name：最多 40 个字符",
			"agent.toml:3:8: merchant.name: must have at most 40 characters"},
		"LongAcquirer": {strings.Replace(least, "机构", strings.Repeat("机", 41), 1), "agent.toml:5:12: merchant.acquirer：最多 40 个字符", "at most 40"},
		"LongCashier":  {least + "[sale]\ncashier = \"" + strings.Repeat("0", 41) + "\"\n", "agent.toml:11:11: sale.cashier：最多 40 个字符", "at most 40"},
		"NoCashier":    {least + "[sale]\ncashier = \"\"\n", "agent.toml:11:11: sale.cashier：必须填写，如 \"01\"", "is needed"},
		"CheckBase": {least + "[receipt]\ncheck_base = \"nowhere\"\n", "agent.toml:11:14: receipt.check_base：“nowhere”不是网址，如 https://check.example.com",
			"agent.toml:11:14: receipt.check_base: \"nowhere\" is no web address, such as https://check.example.com"},
		"CheckBaseScheme": {least + "[receipt]\ncheck_base = \"ftp://check.example.com\"\n", "agent.toml:11:14: receipt.check_base：“ftp://check", "is no web address"},
		"CheckBaseTooLong": {least + "[receipt]\ncheck_base = \"https://check.example.com/" + strings.Repeat("a", 180) + "\"\n",
			"agent.toml:11:14: receipt.check_base", "is no web address"},
		"BlankName": {strings.Replace(least, "店", " ", 1), "agent.toml:3:8: merchant.name：缺少", "is missing"},
		"ManyBrokers": {strings.Replace(least, `"localhost:8883"`, strings.Repeat(`"localhost:8883", `, 17), 1), "agent.toml:9:1: cloud.brokers：最多 16 项",
			"must have at most 16 items"},
		"Paper":            {least + printer + "77\n", "agent.toml:13:9: printer.paper：不能为 77，可用 58、80", "agent.toml:13:9: printer.paper: cannot be 77, there is 58, 80"},
		"NoDriver":         {least + "[scanner]\npath = \"/dev/x\"\n", "agent.toml:10:2: scanner.driver：必须填写，如 \"line\"", "is needed"},
		"NoPath":           {least + "[reader]\ndriver = \"pn532\"\n", "agent.toml:10:2: reader.path：必须填写", "such as \"/dev/ttyUSB0\""},
		"GivesUpTooSoon":   {least + "[timing]\ngive_up = \"1s\"\n", "agent.toml:11:11: timing.give_up：1s 过短，须长于 timing.answer_within（5s）", "longer than"},
		"BareNumber":       {least + "[timing]\nwait_at_most = 600\n", "agent.toml:11:16: timing.wait_at_most：须为带单位的时长，如 \"45s\"、\"10m\"", "a duration with its unit"},
		"MemoryTooSmall":   {least + "[memory]\nlimit_mb = 1\n", "agent.toml:11:12: memory.limit_mb：不能为 1，最小 8", "at least 8"},
		"GCPercentTooHigh": {least + "[memory]\ngc_percent = 1000\n", "agent.toml:11:14: memory.gc_percent：不能为 1000，须在 10 至 400 之间", "10 to 400"},
		"RoomBelowZero":    {least + "[journal]\nroom_min = -1\n", "agent.toml:11:12: journal.room_min：不能为 -1", "at least 0"},
		"BaudBelowZero":    {least + "[reader]\ndriver = \"pn532\"\npath = \"/dev/x\"\nbaud = -1\n", "agent.toml:13:8: reader.baud：不能为 -1", "at least 0"},
		"AskingAllTheTime": {least + "[timing]\nask_every = \"1ms\"\n", "agent.toml:11:13: timing.ask_every：1ms 过短，至少 1s", "at least 1s"},
		"NobodyIsFast":     {least + "[timing]\nwait_at_most = \"2s\"\n", "agent.toml:11:16: timing.wait_at_most：2s 过短，至少 5s", "at least 5s"},
		"TwoMistakesAtOnce": {least + "[printer]\ndriver = \"escpos\"\npath = \"\"\npaper = 57\n", "agent.toml:12:8: printer.path：必须填写",
			"printer.paper: cannot be 57"},
		"DuplicatedSections": {least + "[cloud]\nbrokers = []\n", "agent.toml:10:2: cloud：出现了两次", "stands twice"},
		"SectionNoValue":     {least + "printer = 1\n", "agent.toml:10:", "there is no such setting"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.Parse("agent.toml", []byte(c.text))
			require.ErrorIs(t, err, settings.ErrSettings)
			require.Contains(t, err.Error(), c.english)
			require.NotContains(t, err.Error(), "struct field", "Go's own words are no help")
			var wrong *settings.Error
			require.ErrorAs(t, err, &wrong)
			var chinese []string
			for _, m := range wrong.Mistakes {
				chinese = append(chinese, m.Text().Chinese)
			}
			require.Contains(t, strings.Join(chinese, "\n"), c.chinese)
		})
	}
}

// TestAllMistakesAtOnce: nobody wants to be told one a time.
func TestAllMistakesAtOnce(t *testing.T) {
	_, err := settings.Parse("agent.toml", []byte("terminal = \"1\"\n"))
	var wrong *settings.Error
	require.ErrorAs(t, err, &wrong)
	require.Len(t, wrong.Mistakes, 6)
}

// TestTill: whatever the settings allow makes a till, and takes all that is in them.
func TestTill(t *testing.T) {
	for name, text := range map[string]string{"Least": least, "Example": settings.Example()} {
		t.Run(name, func(t *testing.T) {
			s, err := settings.Parse("agent.toml", []byte(text))
			require.NoError(t, err)
			c := s.Till("1.0")
			require.NoError(t, c.Validate())
			require.Equal(t, s.Terminal, c.Terminal.String())
			require.Equal(t, agent.Merchant{Name: s.Merchant.Name, ID: s.Merchant.ID, Acquirer: s.Merchant.Acquirer}, c.Merchant)
			require.Equal(t, s.Receipt.CheckBase, c.CheckBase)
			require.Equal(t, s.Sale.Currency, c.Currency.Code)
			require.Equal(t, s.Device.SerialNumber, c.Device.SerialNumber)
		})
	}
}

// TestWrongInUse: a mistake that shows later has its place too.
func TestWrongInUse(t *testing.T) {
	s, err := settings.Parse("agent.toml", []byte(least+"[printer]\ndriver = \"nope\"\npath = \"/dev/x\"\npaper = 58\n"))
	require.NoError(t, err)
	m := s.Wrong("printer.driver", catalogue.ValueNotOf("nope", []string{"escpos"}))
	require.Equal(t, "agent.toml:11:10: printer.driver：不能为 nope，可用 escpos", m.Text().Chinese)
	require.Equal(t, "agent.toml:11:10: printer.driver: cannot be nope, there is escpos", m.Text().English)
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.toml")
	_, err := settings.Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte(least), 0o600))
	s, err := settings.Load(path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(filepath.Dir(path), "journal.db"), s.Journal.Path)
	require.NoError(t, os.WriteFile(path, make([]byte, 100_000), 0o600))
	_, err = settings.Load(path)
	require.ErrorIs(t, err, settings.ErrSettings)
}

// TestLoadTokenOthersCanRead: the token opens the till to whoever can read it.
func TestLoadTokenOthersCanRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.toml")
	write := func(text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, os.Chmod(path, mode))
	}
	secret := least + "[station]\ntoken = \"s3cret-of-the-till\"\n"
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644} {
		write(secret, mode)
		_, err := settings.Load(path)
		var wrong *settings.Error
		require.ErrorAs(t, err, &wrong, "%v", mode)
		require.Len(t, wrong.Mistakes, 1)
		text := wrong.Mistakes[0].Text()
		require.Contains(t, text.Chinese, path+":11:9: station.token：")
		require.Contains(t, text.English, "others may read or write this file: chmod 600 "+path)
		require.NotContains(t, text.English, "s3cret")
	}
	write(secret, 0o400)
	_, err := settings.Load(path)
	require.NoError(t, err)
	write(least, 0o644)
	_, err = settings.Load(path)
	require.NoError(t, err, "without a token there is nothing to hide")
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	f.Add([]byte(settings.Example()))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := settings.Parse("agent.toml", text)
		if err != nil {
			require.ErrorIs(t, err, settings.ErrSettings)
			return
		}
		require.NoError(t, s.Till("1.0").Validate(), "what is right makes a till")
	})
}
