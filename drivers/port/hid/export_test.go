package hid

import (
	"io"

	"github.com/karalabe/usb"
)

// ReportsMax is the bound of the reports that wait.
const ReportsMax = reportsMax

// NewPort opens a port over a device of the test's own.
func NewPort(device io.ReadWriteCloser) *Port { return newPort("test", device) }

// ListFrom lists what a source of the test's own has.
func ListFrom(supported bool, bus string, enumerate func() ([]usb.DeviceInfo, error)) ([]Device, error) {
	return source{supported: supported, bus: bus, enumerate: enumerate}.list()
}

// Writing reports whether a write is under way.
func (p *Port) Writing() bool { return len(p.writing) == 1 }
