package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkPaths wants no file twice. Two operators may have a clearing house's key and authority in common.
func (s *Settings) checkPaths(wrong func(key, format string, values ...any)) {
	taken := map[string]string{filepath.Clean(s.path): "本设置文件 · this settings file"}
	for _, at := range append([]file{{"data", s.Data}}, s.files()...) {
		if other, has := taken[at.path]; has && !at.shared() {
			wrong(at.key, "%s 已是 · is already: %s；请改正其一 · correct one of them", at.path, other)
		}
		taken[at.path] = at.key
	}
}

// fileMax bounds the settings file and each file that it names, in bytes.
const fileMax = 1 << 20

// file is a setting that names a file which somebody has to put there.
type file struct{ key, path string }

// shared says that several settings may name the file.
func (f file) shared() bool { return strings.HasPrefix(f.key, "operator.") }

// files are all such files, in the file's order.
func (s *Settings) files() []file {
	all := []file{{"plans", s.Plans}}
	for _, path := range s.Issuers {
		all = append(all, file{"issuers", path})
	}
	all = append(all, file{"api.token_file", s.API.TokenFile})
	for i, o := range s.Operators {
		section := fmt.Sprintf("operator.%d", i)
		all = append(all, file{section + ".public_key", o.PublicKey}, file{section + ".authority", o.Authority})
	}
	return slices.DeleteFunc(all, func(f file) bool { return f.path == "" })
}

// missing says which files the settings name that are not there, or folders; nil when none. A cloud that is being set up has
// not all of them yet, so that only commands that need them ask. Its error is ErrSettings.
func (s *Settings) missing() error {
	e := &settingsError{}
	for _, f := range s.files() {
		info, err := os.Stat(f.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			e.add(s.path, s.places.At(f.key), f.key, fmt.Sprintf("没有文件 %s，请放好或改正路径 · there is no %s: put it there, or correct the path", f.path, f.path))
		case err == nil && !info.IsDir() && !info.Mode().IsRegular():
			e.add(s.path, s.places.At(f.key), f.key, fmt.Sprintf("%s 是管道或设备，须为普通文件 · %s is a pipe or a device and must be a regular file", f.path, f.path))
		case err == nil && info.IsDir():
			e.add(s.path, s.places.At(f.key), f.key, fmt.Sprintf("%s 是文件夹，须为文件 · %s is a folder and must be a file", f.path, f.path))
		}
	}
	if len(e.lines) == 0 {
		return nil
	}
	return e
}
