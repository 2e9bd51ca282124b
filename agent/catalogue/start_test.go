package catalogue_test

import (
	"testing"

	"github.com/yuantill/yuantill/agent/catalogue"
)

func TestCausesOfNotStartingAreInBothLanguages(t *testing.T) {
	for name, text := range map[string]catalogue.Text{
		"OtherTerminal": catalogue.OtherTerminal("10000002", "10000001", "enrolment.json"), "AfterOtherTerminal": catalogue.AfterOtherTerminal(),
		"KeysOpen": catalogue.KeysOpen("mode"), "AfterKeysOpen": catalogue.AfterKeysOpen(),
		"KeysMalformed": catalogue.KeysMalformed("malformed"), "AfterKeysMalformed": catalogue.AfterKeysMalformed(),
		"KeysWrong": catalogue.KeysWrong("SM3"), "AfterKeysWrong": catalogue.AfterKeysWrong(),
		"AddressUnusable": catalogue.AddressUnusable("in use"), "AfterAddress": catalogue.AfterAddress(),
	} {
		requireBoth(t, text, name)
	}
}

func TestTheProgramIsDescribedInBothLanguages(t *testing.T) {
	for i, text := range append(catalogue.TillExits(), catalogue.TillProgram(), catalogue.TillRun("/etc/x.toml"), catalogue.TillCheck(),
		catalogue.TillExample(), catalogue.TillVersion(), catalogue.SettingsRight(), catalogue.ExitCodes(), catalogue.Usage()) {
		requireBoth(t, text, i)
	}
}
