package settings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// decode reads TOML strictly and names every mistake with its place.
func decode(path string, text []byte, into *Settings) error {
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	err := decoder.Decode(into)
	var unknown *toml.StrictMissingError
	var mistake *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		var places []string
		for i := range unknown.Errors {
			places = append(places, place(path, &unknown.Errors[i], "unknown key "+strings.Join(unknown.Errors[i].Key(), ".")))
		}
		return fmt.Errorf("%w: %s", ErrSettings, strings.Join(places, "; "))
	case errors.As(err, &mistake):
		return fmt.Errorf("%w: %s", ErrSettings, place(path, mistake, mistake.Error()))
	default:
		return fmt.Errorf("%w: %s: %w", ErrSettings, path, err)
	}
}

func place(path string, at *toml.DecodeError, what string) string {
	line, column := at.Position()
	return fmt.Sprintf("%s:%d:%d: %s", path, line, column, what)
}
