// Package shellword writes what a person may paste into a shell: any text comes in, one word of a command line leaves.
package shellword

import "strings"

// Quote makes a word that a POSIX shell takes as it is; plain ones stay readable.
func Quote(word string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == '/' || r == ':' || r >= 0x80 ||
			(r >= '0' && r <= '9') || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z')
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
