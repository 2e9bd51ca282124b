// Package hid lists the USB devices of the human-interface class that are plugged in, such as HID-POS scanners: nothing
// comes in, devices leave. No driver speaks to one yet.
//
// It stands on github.com/karalabe/usb, whose pitfalls it holds off: a program built without cgo, and one on a system
// without a USB bus, sees no device at all and is not told.
package hid

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/karalabe/usb"
)

// The errors of this package.
var (
	// ErrUnsupported: this program cannot see USB devices, so an empty list would say nothing.
	ErrUnsupported = errors.New("hid: built without cgo, USB devices cannot be seen")
	// ErrNoBus: the system shows no USB bus, so there is nothing that could be listed.
	ErrNoBus = errors.New("hid: no USB bus")
)

// Device is one HID interface that is plugged in.
type Device struct {
	// Path names it until it is unplugged.
	Path                string
	VendorID, ProductID uint16
	Interface           int
	// The texts are empty where this user may not open the device, or where the C library lacks its UTF-16 converter.
	Serial, Manufacturer, Product string
}

// String returns vendor and product as lsusb writes them, such as "1eab:0022", and the product's name if known.
func (d Device) String() string {
	id := fmt.Sprintf("%04x:%04x", d.VendorID, d.ProductID)
	return strings.TrimSpace(id + " " + d.Product)
}

// List returns the devices that are plugged in, ordered by path. It returns ErrUnsupported or ErrNoBus where an empty
// list would be a lie.
func List() ([]Device, error) { return here().list() }

// source is where devices are looked for.
type source struct {
	supported bool
	// bus is the folder without which the library finds nothing and says nothing; empty where there is no such folder.
	bus       string
	enumerate func() ([]usb.DeviceInfo, error)
}

func here() source {
	s := source{supported: usb.Supported(), enumerate: func() ([]usb.DeviceInfo, error) { return usb.EnumerateHid(0, 0) }}
	if runtime.GOOS == "linux" {
		s.bus = "/dev/bus/usb"
	}
	return s
}

func (s source) list() ([]Device, error) {
	infos, err := s.devices()
	if err != nil {
		return nil, err
	}
	devices := make([]Device, 0, len(infos))
	for _, info := range infos {
		devices = append(devices, Device{
			Path: info.Path, VendorID: info.VendorID, ProductID: info.ProductID, Interface: info.Interface,
			Serial: info.Serial, Manufacturer: info.Manufacturer, Product: info.Product,
		})
	}
	slices.SortFunc(devices, func(a, b Device) int { return strings.Compare(a.Path, b.Path) })
	return devices, nil
}

func (s source) devices() ([]usb.DeviceInfo, error) {
	if !s.supported {
		return nil, ErrUnsupported
	}
	if s.bus != "" {
		if _, err := os.Stat(s.bus); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoBus, err)
		}
	}
	infos, err := s.enumerate()
	if err != nil {
		return nil, fmt.Errorf("list HID devices: %w", err)
	}
	return infos, nil
}
