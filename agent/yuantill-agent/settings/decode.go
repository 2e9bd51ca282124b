package settings

import (
	"errors"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/tomlfile"
)

// keyLevel is the one text with rules of its own that is no duration.
const keyLevel = "log.level"

// decode reads TOML strictly. Its error is *Error.
func decode(path string, text []byte, into *Settings) error {
	places, err := tomlfile.Decode(path, text, into)
	var wrong *tomlfile.Error
	if !errors.As(err, &wrong) {
		into.path, into.places = path, places
		return err
	}
	found := &Error{}
	for _, m := range wrong.Mistakes {
		found.Mistakes = append(found.Mistakes, Mistake{Path: path, Place: m.Place, Key: m.Key, What: describe(m)})
	}
	return found
}

func describe(m tomlfile.Mistake) catalogue.Text {
	switch m.Kind {
	case tomlfile.Unknown:
		return catalogue.SettingUnknown()
	case tomlfile.Twice:
		return catalogue.SettingTwice()
	case tomlfile.Syntax:
		return catalogue.NotTOML(m.Cause)
	}
	switch m.Want {
	case tomlfile.Section, tomlfile.Sections:
		return catalogue.WantsSection(m.Key)
	case tomlfile.Text:
		return catalogue.WantsText()
	case tomlfile.Texts:
		return catalogue.WantsTexts()
	case tomlfile.YesNo:
		return catalogue.WantsYesNo()
	case tomlfile.Written:
		if m.Key == keyLevel {
			return catalogue.WantsOneOf([]string{"debug", "info", "warn", "error"})
		}
		return catalogue.WantsDuration()
	default:
		return catalogue.WantsNumber()
	}
}
