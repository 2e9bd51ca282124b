package settings_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
)

// TestSettingsThatCannotBeMeant: what reads well and would break the till, or do nothing, has its place and what to write.
func TestSettingsThatCannotBeMeant(t *testing.T) {
	const reader = "[reader]\ndriver = \"pn532\"\npath = \"r\"\nbaud = "
	broker := func(address string) string { return strings.Replace(least, "localhost:8883", address, 1) }
	timing := func(text string) string { return least + "[timing]\n" + text + "\n" }
	for name, c := range map[string]struct{ text, says string }{
		"BrokerPortZero":       {broker("localhost:0"), `cloud.brokers: "localhost:0" is not host:port`},
		"BrokerPortTooHigh":    {broker("localhost:65536"), `cloud.brokers: "localhost:65536" is not host:port`},
		"BrokerIsTheStation":   {broker("127.0.0.1:7710"), "cloud.brokers: 127.0.0.1:7710 is station.listen on this machine, and no broker"},
		"BrokerIsItByName":     {broker("LocalHost:7710"), "cloud.brokers: LocalHost:7710 is station.listen"},
		"JournalIsTheEpochs":   {least + "[keys]\nepochs = \"./journal.db\"\n", "journal.path: /d/journal.db is keys.epochs already"},
		"EpochsAreTheKey":      {least + "[keys]\nepochs = \"enrolment.devicekey\"\n", "keys.epochs: /d/enrolment.devicekey is keys.enrolment already"},
		"EpochsAreTheLock":     {least + "[keys]\nepochs = \"journal.db.lock\"\n", "journal.path: /d/journal.db.lock is keys.epochs already"},
		"EpochsAreTheBallast":  {least + "[keys]\nepochs = \"journal.db.ballast\"\n", "journal.path: /d/journal.db.ballast is keys.epochs already"},
		"EpochsAreTheLog":      {least + "[keys]\nepochs = \"journal.db-wal\"\n", "journal.path: /d/journal.db-wal is keys.epochs already"},
		"JournalIsTheDraft":    {least + "[journal]\npath = \"epochs.json.new\"\n", "journal.path: /d/epochs.json.new is keys.epochs already"},
		"JournalIsEnrolment":   {least + "[journal]\npath = \"enrolment.json\"\n", "journal.path: /d/enrolment.json is keys.enrolment already"},
		"ReaderIsTheLock":      {least + strings.Replace(reader, "\"r\"", "\"journal.db.lock\"", 1) + "0\n", "reader.path: /d/journal.db.lock is journal.path already"},
		"PathWithNUL":          {least + "[journal]\npath = \"a\\u0000b\"\n", "journal.path: character 5, U+0000, cannot be printed"},
		"TokenOfACharacter":    {least + "[station]\ntoken = \"a\"\n", "station.token: must be 8 to 128 visible ASCII characters, without spaces"},
		"TokenWithALine":       {least + "[station]\ntoken = \"aaaaaaaaaa\\nb\"\n", "station.token: must be 8 to 128"},
		"TokenBeyondASCII":     {least + "[station]\ntoken = \"口令口令口令口令\"\n", "station.token: must be 8 to 128"},
		"TokenTooLong":         {least + "[station]\ntoken = \"" + strings.Repeat("x", 129) + "\"\n", "station.token: must be 8 to 128"},
		"OddBaud":              {least + reader + "12345\n", "reader.baud: cannot be 12345, there is 1200, 2400, "},
		"BaudBeyondAll":        {least + reader + "4294967296\n", "reader.baud: cannot be 4294967296, there is "},
		"GivesUpTooLate":       {timing("give_up = \"1h\""), "timing.give_up: 1h0m0s is too long, it is at most 45s"},
		"GivesUpTooLateShown":  {timing("give_up_shown = \"24h\""), "timing.give_up_shown: 24h0m0s is too long, it is at most 2m0s"},
		"AsksTooSeldom":        {timing("ask_every = \"31s\""), "timing.ask_every: 31s is too long, it is at most 30s"},
		"WaitsForDays":         {timing("wait_at_most = \"25h\""), "timing.wait_at_most: 25h0m0s is too long, it is at most 24h0m0s"},
		"ControlInAMerchant":   {strings.Replace(least, "店", "店\\u001b@", 1), "merchant.name: character 2, U+001B, cannot be printed"},
		"ControlInAnAcquirer":  {strings.Replace(least, "机构", "机\\n构", 1), "merchant.acquirer: character 2, U+000A, cannot be printed"},
		"ControlInACashier":    {least + "[sale]\ncashier = \"0\\u202e1\"\n", "sale.cashier: character 2, U+202E, cannot be printed"},
		"ControlInAnAddress":   {least + "[receipt]\ncheck_base = \"https://a\\u0007b\"\n", "receipt.check_base: "},
		"ControlInAMerchantID": {strings.Replace(least, "102290053110001", "10229005311000\\u0001", 1), "merchant.id: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.Parse("/d/agent.toml", []byte(c.text))
			require.ErrorIs(t, err, settings.ErrSettings)
			require.Contains(t, err.Error(), c.says)
		})
	}
	for name, text := range map[string]string{
		"TheSlowestTimes": timing("give_up = \"45s\"\ngive_up_shown = \"2m\"\nask_every = \"30s\"\nwait_at_most = \"24h\""),
		"AToken":          least + "[station]\ntoken = \"!~aB3_$%\"\n",
		"AnotherPort":     broker("127.0.0.1:7711"),
		"AnotherMachine":  broker("10.0.0.1:7710"),
		"UsualBauds":      least + reader + "9600\n",
		"NoBaud":          least + reader + "0\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.Parse("/d/agent.toml", []byte(text))
			require.NoError(t, err)
		})
	}
}
