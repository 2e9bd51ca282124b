package escpos_test

import (
	"errors"
	"image"
	"testing"
	"time"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

// FuzzEncode: whatever the text, a job holds allowed commands only, and exactly the cuts and pulses asked for.
func FuzzEncode(f *testing.F) {
	f.Add("数字人民币签购单", "061234567890", "https://pay.example.cn/r/x", []byte{0x10, 0x04, 0x10, 0x14}, uint8(2))
	f.Add("\x1dV\x00\x10\x14\x01\x00\x01", "{{}}", "\x1b@", []byte{}, uint8(9))
	f.Fuzz(func(t *testing.T, text, barcode, qr string, dots []byte, scale uint8) {
		blocks := []drivers.Block{
			drivers.Text{Content: text, Scale: int(scale%8) + 1, Align: drivers.Align(scale % 3), Bold: scale%2 == 0},
			drivers.Pair{Label: text, Value: qr}, drivers.Pair{Label: barcode, Value: text},
			drivers.OpenDrawer{}, drivers.Cut{},
		}
		if len(dots) > 0 {
			picture := &image.Gray{Pix: dots, Stride: len(dots), Rect: image.Rect(0, 0, len(dots), 1)}
			blocks = append(blocks, drivers.Picture{Image: picture})
		}
		for _, symbol := range []drivers.Block{drivers.Barcode{Content: barcode}, drivers.QR{Content: qr, Module: int(scale % 17)}} {
			document := drivers.Document{Blocks: append(blocks, symbol)}
			job, err := escpos.Encode(document, escpos.Paper58())
			var content *escpos.ContentError
			if errors.As(err, &content) || errors.Is(err, escpos.ErrTooLong) {
				continue
			}
			if err != nil {
				t.Fatalf("encode: %v", err)
			}
			commands, err := walk(job.Data)
			if err != nil {
				t.Fatalf("walk: %v", err)
			}
			if cuts, pulses := count(commands, "\x1dV"), count(commands, "\x1bp"); cuts != 1 || pulses != 1 {
				t.Fatalf("%d cuts and %d pulses", cuts, pulses)
			}
		}
	})
}

// FuzzDecode: every byte is accounted for, in one event, in one begun status, or dropped from one that was begun.
func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x12, 0x12, 0x12, 0x12, 0x10, 0x00, 0x00, 0x00, 0x00})
	f.Add([]byte{0x10, 0x10, 0x13, 0x11, 0xFF, 0x00, 0x7E})
	f.Fuzz(func(t *testing.T, data []byte) {
		var decoder escpos.Decoder
		bytes := 0
		for i, b := range data {
			event, ok := decoder.Decode(b, start().Add(time.Duration(i)*time.Millisecond))
			if !ok {
				continue
			}
			switch event.Kind {
			case escpos.EventAuto:
				bytes += 4
			case escpos.EventRealTime, escpos.EventInOrder, escpos.EventPause, escpos.EventResume, escpos.EventGarbage:
				bytes++
				if event.Data[0] != b {
					t.Fatalf("byte %#x became %#x", b, event.Data[0])
				}
			default:
				t.Fatalf("unknown kind %d", event.Kind)
			}
		}
		if bytes > len(data) {
			t.Fatalf("%d bytes of events from %d bytes", bytes, len(data))
		}
	})
}
