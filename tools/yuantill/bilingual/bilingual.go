// Package bilingual picks the language of what the command line prints: both texts come in, the line that is asked for
// leaves, Chinese first when both are.
package bilingual

import (
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// ErrLanguage marks a language that is neither zh, en nor both.
var ErrLanguage = errors.New("bilingual: language is not zh, en or both")

// Text is one sentence in both languages.
type Text = catalogue.Text

// Language is what is printed. It implements pflag's Value.
type Language uint8

// The languages.
const (
	Both Language = iota
	Chinese
	English
)

// String returns the flag's value.
func (l Language) String() string {
	switch l {
	case Chinese:
		return "zh"
	case English:
		return "en"
	default:
		return "both"
	}
}

// Set reads the flag's value, or returns ErrLanguage.
func (l *Language) Set(text string) error {
	switch text {
	case "zh":
		*l = Chinese
	case "en":
		*l = English
	case "both", "":
		*l = Both
	default:
		return fmt.Errorf("%w: %q", ErrLanguage, text)
	}
	return nil
}

// Type names the flag's values.
func (l Language) Type() string { return "zh|en|both" }

// Pick returns the text in this language. Where one of the two is missing the other serves.
func (l Language) Pick(t Text) string {
	switch {
	case t.Chinese == "" || t.Chinese == t.English:
		return t.English
	case t.English == "":
		return t.Chinese
	case l == Chinese:
		return t.Chinese
	case l == English:
		return t.English
	default:
		return t.Chinese + "  " + t.English
	}
}
