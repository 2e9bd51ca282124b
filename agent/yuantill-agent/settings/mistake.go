package settings

import (
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/tomlfile"
)

// Mistake is one mistake in a settings file.
type Mistake struct {
	Path  string
	Place tomlfile.Place // zero where nothing stands in the file
	Key   string         // with dots; empty where the mistake is of no key
	What  catalogue.Text
}

// Text is the mistake with where it is.
func (m Mistake) Text() catalogue.Text {
	at := m.Path
	if m.Place != (tomlfile.Place{}) {
		at += ":" + m.Place.String()
	}
	if m.Key != "" {
		at += ": " + m.Key
	}
	return catalogue.Text{Chinese: at, English: at}.With(m.What)
}

// Error is all that is wrong with a settings file; it is an ErrSettings.
type Error struct{ Mistakes []Mistake }

// Text is all mistakes as one sentence.
func (e *Error) Text() catalogue.Text {
	texts := make([]catalogue.Text, 0, len(e.Mistakes))
	for _, m := range e.Mistakes {
		texts = append(texts, m.Text())
	}
	return catalogue.Listed(texts...)
}

// Error implements error, in English; people read the mistakes' texts.
func (e *Error) Error() string { return ErrSettings.Error() + ": " + e.Text().English }

// Is reports ErrSettings.
func (e *Error) Is(target error) bool { return target == ErrSettings }

// Wrong is a mistake that shows only when a setting is used, such as a driver that there is not.
func (s Settings) Wrong(key string, what catalogue.Text) Mistake {
	return Mistake{Path: s.path, Place: s.places.At(key), Key: key, What: what}
}
