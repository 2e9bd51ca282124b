package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine reports whether a text that a person gave is one line of so many characters at most.
func OneLine(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, unicode.IsControl)
}
