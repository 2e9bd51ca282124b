package hid

import "github.com/karalabe/usb"

// ListFrom lists what a source of the test's own has.
func ListFrom(supported bool, bus string, enumerate func() ([]usb.DeviceInfo, error)) ([]Device, error) {
	return source{supported: supported, bus: bus, enumerate: enumerate}.list()
}
