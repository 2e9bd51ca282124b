package tomlfile_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/tomlfile"
)

type line struct {
	Path string `toml:"path"`
	Baud int    `toml:"baud"`
}

type shop struct {
	Name    string   `toml:"name"`
	Hosts   []string `toml:"hosts"`
	Printer *printer `toml:"printer"`
	Banks   []bank   `toml:"bank"`
	Log     struct {
		At wait `toml:"at"`
	} `toml:"log"`
}

type printer struct {
	line
	Paper int  `toml:"paper"`
	Cuts  bool `toml:"cuts"`
}

type bank struct {
	Code string `toml:"code"`
	Each wait   `toml:"each"`
}

// wait is a duration written as text.
type wait time.Duration

func (w *wait) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*w = wait(d)
	return err
}

func TestPlaces(t *testing.T) {
	var s shop
	places, err := tomlfile.Decode("shop.toml", []byte(`name = "茶" # tea
hosts = [
  "a",
]
log.at = "3s"

  [printer]
paper = 58
"path" = '/dev/x'

[[bank]]
code = "A"
[[bank]]
code = "B"
`), &s)
	require.NoError(t, err)
	require.Equal(t, 58, s.Printer.Paper)
	require.Equal(t, "/dev/x", s.Printer.Path)
	for key, want := range map[string]string{
		"name": "1:8", "hosts": "2:1", "log.at": "5:10", "printer": "7:4", "printer.paper": "8:9", "printer.path": "9:10",
		"bank.0": "11:3", "bank.0.code": "12:8", "bank.1.code": "14:8",
		// What is left out is where its section begins.
		"printer.baud": "7:4", "bank.1.url": "13:3",
	} {
		require.Equal(t, want, places.At(key).String(), key)
	}
	require.Zero(t, places.At("merchant"))
	require.Zero(t, places.At("merchant.name"))
	t.Run("OnOneLine", func(t *testing.T) {
		var s shop
		places, err := tomlfile.Decode("shop.toml", []byte("printer = { paper = 58, path = \"x\" }\n"), &s)
		require.NoError(t, err)
		require.Equal(t, "1:21", places.At("printer.paper").String())
		require.Equal(t, "1:1", places.At("printer.baud").String())
	})
	t.Run("Empty", func(t *testing.T) {
		places, err := tomlfile.Decode("shop.toml", nil, &s)
		require.NoError(t, err)
		require.Empty(t, places)
	})
}

// TestByteOrderMark: a file that an editor has begun with one reads as without, and its places are those that people see.
func TestByteOrderMark(t *testing.T) {
	var s shop
	places, err := tomlfile.Decode("shop.toml", []byte("\uFEFFname = \"茶\"\r\n"), &s)
	require.NoError(t, err)
	require.Equal(t, "茶", s.Name)
	require.Equal(t, "1:8", places.At("name").String())
}

func TestMistakes(t *testing.T) {
	at := func(line, column int) tomlfile.Place { return tomlfile.Place{Line: line, Column: column} }
	for text, want := range map[string]tomlfile.Mistake{
		"nam = 1\n":                              {Place: at(1, 1), Kind: tomlfile.Unknown, Key: "nam"},
		"[printer]\npaper = 58\npapr = 1\n":      {Place: at(3, 1), Kind: tomlfile.Unknown, Key: "printer.papr"},
		"name = 1\n":                             {Place: at(1, 8), Kind: tomlfile.Wrong, Key: "name", Want: tomlfile.Text},
		"[printer]\npaper = \"58\"\n":            {Place: at(2, 9), Kind: tomlfile.Wrong, Key: "printer.paper", Want: tomlfile.Number},
		"[printer]\nbaud = 9.6\n":                {Place: at(2, 8), Kind: tomlfile.Wrong, Key: "printer.baud", Want: tomlfile.Number},
		"[printer]\ncuts = 1\n":                  {Place: at(2, 8), Kind: tomlfile.Wrong, Key: "printer.cuts", Want: tomlfile.YesNo},
		"hosts = \"a\"\n":                        {Place: at(1, 9), Kind: tomlfile.Wrong, Key: "hosts", Want: tomlfile.Texts},
		"[log]\nat = \"3\"\n":                    {Place: at(2, 6), Kind: tomlfile.Wrong, Key: "log.at", Want: tomlfile.Written},
		"[log]\nat = 3\n":                        {Place: at(2, 6), Kind: tomlfile.Wrong, Key: "log.at", Want: tomlfile.Written},
		"log = { at = 3 }\n":                     {Place: at(1, 14), Kind: tomlfile.Wrong, Key: "log.at", Want: tomlfile.Written},
		"[[bank]]\neach = 3\n":                   {Place: at(2, 8), Kind: tomlfile.Wrong, Key: "bank.0.each", Want: tomlfile.Written},
		"printer = 1\n":                          {Place: at(1, 11), Kind: tomlfile.Wrong, Key: "printer", Want: tomlfile.Section},
		"bank = 1\n":                             {Place: at(1, 8), Kind: tomlfile.Wrong, Key: "bank", Want: tomlfile.Sections},
		"[[bank]]\ncode = 1\n":                   {Place: at(2, 8), Kind: tomlfile.Wrong, Key: "bank.code", Want: tomlfile.Text},
		"[printer]\nbaud=99999999999999999999\n": {Place: at(2, 6), Kind: tomlfile.Wrong, Key: "printer.baud", Want: tomlfile.Number},
		"name = \"a\"\nname = \"b\"\n":           {Place: at(2, 1), Kind: tomlfile.Twice, Key: "name"},
		"[printer]\n[printer]\n":                 {Place: at(2, 2), Kind: tomlfile.Twice, Key: "printer"},
		"name = \"a\n":                           {Place: at(1, 10), Kind: tomlfile.Syntax, Cause: "basic strings cannot have new lines"},
		"name\n":                                 {Place: at(1, 5), Kind: tomlfile.Syntax, Cause: "expected '=' after key"},
	} {
		t.Run(text, func(t *testing.T) {
			var s shop
			_, err := tomlfile.Decode("shop.toml", []byte(text), &s)
			var failure *tomlfile.Error
			require.True(t, errors.As(err, &failure), "%v", err)
			require.Equal(t, "shop.toml", failure.Path)
			require.Equal(t, []tomlfile.Mistake{want}, failure.Mistakes)
			require.ErrorContains(t, err, "shop.toml:"+want.Place.String())
		})
	}
	t.Run("AllUnknownKeysAtOnce", func(t *testing.T) {
		var s shop
		_, err := tomlfile.Decode("shop.toml", []byte("a = 1\nb = 2\n"), &s)
		var failure *tomlfile.Error
		require.ErrorAs(t, err, &failure)
		require.Len(t, failure.Mistakes, 2)
	})
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"name = \"x\"\n[printer]\npaper = 1\n", "printer = {paper = 1, path = \"x\"}", "[[bank]]\ncode = \"a\"\n[[bank]]\n", "hosts = []",
		"a.b.c = 1", "[printer\n", "log.at = 3", "\"\" = 1", "hosts = [[\"a\"]]", "printer = {",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s shop
		places, err := tomlfile.Decode("shop.toml", text, &s)
		if err != nil {
			var failure *tomlfile.Error
			require.ErrorAs(t, err, &failure)
			require.NotEmpty(t, failure.Mistakes)
			return
		}
		for key, place := range places {
			require.Positive(t, place.Line, key)
			require.Positive(t, place.Column, key)
		}
	})
}
