package enrolment_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/seal"
)

func written(t *testing.T) (string, enrolment.Enrolment) {
	t.Helper()
	e := enrolmenttest.NewAuthority(t).Enrolment(t, "10000001")
	path := filepath.Join(t.TempDir(), "enrolment.json")
	require.NoError(t, enrolment.Write(path, e, seal.Portable(), rand.Reader))
	return path, e
}

func TestWriteThenRead(t *testing.T) {
	path, e := written(t)
	file, err := enrolment.Read(path)
	require.NoError(t, err)
	require.Equal(t, "10000001", file.Terminal)
	require.Equal(t, e.KeyVersion, file.KeyVersion)
	require.Equal(t, string(e.Certificate), file.Certificate)
	require.Equal(t, string(e.Identity), file.Identity)

	deviceKey, err := enrolment.ReadDeviceKey(enrolment.DeviceKeyPath(path))
	require.NoError(t, err)
	wrapped, context := file.Sealed()
	key, err := enrolment.Unwrap(seal.Portable(), deviceKey, wrapped, context)
	require.NoError(t, err)
	require.Equal(t, e.TerminalKey[:], key)
	require.NoError(t, file.CheckKey(seal.Portable(), key))

	t.Run("terminal key is in neither file", func(t *testing.T) {
		for _, name := range []string{path, enrolment.DeviceKeyPath(path)} {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			require.False(t, bytes.Contains(text, e.TerminalKey[:]))
			require.NotContains(t, string(text), hexOf(e.TerminalKey[:]))
		}
	})
	t.Run("files are private", func(t *testing.T) {
		for _, name := range []string{path, enrolment.DeviceKeyPath(path)} {
			info, err := os.Stat(name)
			require.NoError(t, err)
			require.Equal(t, os.FileMode(0o600), info.Mode())
		}
	})
	t.Run("existing files are not replaced", func(t *testing.T) {
		require.ErrorIs(t, enrolment.Write(path, e, seal.Portable(), rand.Reader), os.ErrExist)
		again, err := enrolment.Read(path)
		require.NoError(t, err)
		require.Equal(t, file, again)
	})
	t.Run("ErrDeviceKey with another device's key", func(t *testing.T) {
		deviceKey[0] ^= 1
		_, err := enrolment.Unwrap(seal.Portable(), deviceKey, wrapped, context)
		require.ErrorIs(t, err, enrolment.ErrDeviceKey)
	})
	t.Run("ErrDeviceKey for another terminal's context", func(t *testing.T) {
		deviceKey[0] ^= 1
		_, err := enrolment.Unwrap(seal.Portable(), deviceKey, wrapped, append([]byte("10000002"), context[8:]...))
		require.ErrorIs(t, err, enrolment.ErrDeviceKey)
	})
	t.Run("ErrDeviceKey when the check value differs", func(t *testing.T) {
		require.ErrorIs(t, file.CheckKey(seal.Portable(), make([]byte, seal.KeySize)), enrolment.ErrDeviceKey)
		require.ErrorIs(t, file.CheckKey(seal.Portable(), nil), enrolment.ErrDeviceKey)
	})
}

// TestDraft: nothing has its own name before it is placed, and nothing is left of what is not.
func TestDraft(t *testing.T) {
	e := enrolmenttest.NewAuthority(t).Enrolment(t, "10000001")
	dir := t.TempDir()
	path := filepath.Join(dir, "enrolment.json")
	left := func() (names []string) {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	abandoned, err := enrolment.Prepare(path, e, seal.Portable(), rand.Reader)
	require.NoError(t, err)
	require.Equal(t, []string{"enrolment.devicekey.new", "enrolment.json.new"}, left())
	require.NoError(t, os.Chmod(path+".new", 0o644))
	draft, err := enrolment.Prepare(path, e, seal.Portable(), rand.Reader)
	require.NoError(t, err, "one that was left there is replaced")
	require.NoError(t, draft.Place())
	require.Equal(t, []string{"enrolment.devicekey", "enrolment.json"}, left())
	_, err = enrolment.Read(path)
	require.NoError(t, err)
	require.Error(t, abandoned.Place(), "its files were replaced")

	t.Run("ErrExist when one of the two is there", func(t *testing.T) {
		require.NoError(t, os.Remove(path))
		_, err := enrolment.Prepare(path, e, seal.Portable(), rand.Reader)
		require.ErrorIs(t, err, os.ErrExist)
		require.Equal(t, []string{"enrolment.devicekey"}, left())
	})
	t.Run("ErrNotExist without a folder", func(t *testing.T) {
		_, err := enrolment.Prepare(filepath.Join(dir, "none", "x.json"), e, seal.Portable(), rand.Reader)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("discarded", func(t *testing.T) {
		draft, err := enrolment.Prepare(filepath.Join(dir, "other.json"), e, seal.Portable(), rand.Reader)
		require.NoError(t, err)
		require.NoError(t, draft.Discard())
		require.Equal(t, []string{"enrolment.devicekey"}, left())
	})
}

func TestReadRefuses(t *testing.T) {
	t.Run("ErrMode when others may read", func(t *testing.T) {
		path, _ := written(t)
		for _, name := range []string{path, enrolment.DeviceKeyPath(path)} {
			require.NoError(t, os.Chmod(name, 0o640))
		}
		_, err := enrolment.Read(path)
		require.ErrorIs(t, err, enrolment.ErrMode)
		require.ErrorContains(t, err, "chmod 600")
		_, err = enrolment.ReadDeviceKey(enrolment.DeviceKeyPath(path))
		require.ErrorIs(t, err, enrolment.ErrMode)
	})
	t.Run("ErrMode for a directory", func(t *testing.T) {
		_, err := enrolment.Read(t.TempDir())
		require.ErrorIs(t, err, enrolment.ErrMode)
	})
	t.Run("ErrNotExist when missing", func(t *testing.T) {
		_, err := enrolment.Read(filepath.Join(t.TempDir(), "none.json"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("ErrDeviceKey on a short device key", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.devicekey")
		require.NoError(t, os.WriteFile(path, []byte("0011"), 0o600))
		_, err := enrolment.ReadDeviceKey(path)
		require.ErrorIs(t, err, enrolment.ErrDeviceKey)
	})
}

func TestParseRefuses(t *testing.T) {
	path, _ := written(t)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	good := string(text)
	other := enrolmenttest.NewAuthority(t).Enrolment(t, "10000002")
	otherFile, err := enrolment.New(other, seal.Portable(), [seal.KeySize]byte{1})
	require.NoError(t, err)
	otherText, err := otherFile.Marshal()
	require.NoError(t, err)

	for name, bad := range map[string]string{
		"empty":                "",
		"unknown field":        strings.Replace(good, `"version"`, `"colour": 1, "version"`, 1),
		"other version":        strings.Replace(good, `"version": 1`, `"version": 2`, 1),
		"bytes after the end":  good + "{}",
		"cut short":            good[:len(good)/2],
		"terminal id":          strings.Replace(good, `"10000001"`, `"1000000a"`, 1),
		"somebody else's cert": strings.Replace(string(otherText), `"10000002"`, `"10000001"`, 1),
		"key version 0":        strings.Replace(good, `"key_version": 1`, `"key_version": 0`, 1),
		"no identity":          strings.Replace(good, "PRIVATE KEY", "PRIVATE KEX", 4),
		"no authority":         strings.Replace(good, `"authority": "`, `"authority": "x`, 1)[:len(good)-2] + "}",
		"wrap method":          strings.Replace(good, "device-file", "", 1),
		"wrapped key":          strings.Replace(good, `"wrapped_key": "`, `"wrapped_key": "zz`, 1),
		"check value":          strings.Replace(good, `"check_value": "`, `"check_value": "00`, 1),
		"too large":            good + strings.Repeat(" ", enrolment.FileSizeMax),
	} {
		t.Run("ErrMalformed "+name, func(t *testing.T) {
			require.NotEqual(t, good, bad)
			_, err := enrolment.Parse([]byte(bad))
			require.ErrorIs(t, err, enrolment.ErrMalformed)
		})
	}
}

func TestNewRefusesIncompleteEnrolments(t *testing.T) {
	authority := enrolmenttest.NewAuthority(t)
	for name, spoil := range map[string]func(*enrolment.Enrolment){
		"terminal key": func(e *enrolment.Enrolment) { e.TerminalKey = [seal.KeySize]byte{} },
		"certificate":  func(e *enrolment.Enrolment) { e.Certificate = nil },
		"foreign key":  func(e *enrolment.Enrolment) { _, e.CertificateKey = authority.Issue(t, "10000001") },
		"authority":    func(e *enrolment.Enrolment) { e.Authority = nil },
		"identity":     func(e *enrolment.Enrolment) { e.Identity = e.CertificateKey },
		"terminal":     func(e *enrolment.Enrolment) { e.Terminal[0] = 'a' },
	} {
		t.Run("ErrMalformed without "+name, func(t *testing.T) {
			e := authority.Enrolment(t, "10000001")
			spoil(&e)
			_, err := enrolment.New(e, seal.Portable(), [seal.KeySize]byte{1})
			require.ErrorIs(t, err, enrolment.ErrMalformed)
		})
	}
}

// FuzzParse: no bytes make it panic, and what it takes it gives back.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1}`))
	f.Add([]byte(`{"version":1,"terminal":"10000001","key_version":1,"wrap_method":"device-file","wrapped_key":"00","check_value":"000000"}`))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := enrolment.Parse(text)
		if err != nil {
			require.ErrorIs(t, err, enrolment.ErrMalformed)
			return
		}
		out, err := file.Marshal()
		require.NoError(t, err)
		again, err := enrolment.Parse(out)
		require.NoError(t, err)
		require.Equal(t, file, again)
	})
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var text strings.Builder
	for _, c := range b {
		text.WriteByte(digits[c>>4])
		text.WriteByte(digits[c&15])
	}
	return text.String()
}
