package hid_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/karalabe/usb"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers/port/hid"
)

func TestList(t *testing.T) {
	none := func() ([]usb.DeviceInfo, error) { return nil, nil }
	t.Run("OK, ordered by path", func(t *testing.T) {
		devices, err := hid.ListFrom(true, t.TempDir(), func() ([]usb.DeviceInfo, error) {
			return []usb.DeviceInfo{
				{Path: "0002:0001:00", VendorID: 0x1EAB, ProductID: 0x22, Product: "NLS-HR22", Serial: "A1"},
				{Path: "0001:0003:01", VendorID: 0x0C2E, ProductID: 0x0B81, Interface: 1},
			}, nil
		})
		require.NoError(t, err)
		require.Equal(t, []hid.Device{
			{Path: "0001:0003:01", VendorID: 0x0C2E, ProductID: 0x0B81, Interface: 1},
			{Path: "0002:0001:00", VendorID: 0x1EAB, ProductID: 0x22, Product: "NLS-HR22", Serial: "A1"},
		}, devices)
		require.Equal(t, "0c2e:0b81", devices[0].String())
		require.Equal(t, "1eab:0022 NLS-HR22", devices[1].String())
	})
	t.Run("OK with nothing plugged in", func(t *testing.T) {
		devices, err := hid.ListFrom(true, t.TempDir(), none)
		require.NoError(t, err)
		require.Empty(t, devices)
	})
	t.Run("ErrUnsupported and not an empty list without cgo", func(t *testing.T) {
		_, err := hid.ListFrom(false, t.TempDir(), none)
		require.ErrorIs(t, err, hid.ErrUnsupported)
	})
	t.Run("ErrNoBus and not an empty list without a bus", func(t *testing.T) {
		_, err := hid.ListFrom(true, filepath.Join(t.TempDir(), "bus"), none)
		require.ErrorIs(t, err, hid.ErrNoBus)
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("the library's error", func(t *testing.T) {
		broken := errors.New("access denied")
		_, err := hid.ListFrom(true, "", func() ([]usb.DeviceInfo, error) { return nil, broken })
		require.ErrorIs(t, err, broken)
	})
}
