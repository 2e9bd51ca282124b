package escpos

import "github.com/yuantill/yuantill/drivers"

// The four real-time status requests, DLE EOT n.
const (
	statusPrinter = 1 // bit 2 drawer, bit 3 offline
	statusOffline = 2 // bit 2 cover, bit 5 stopped by paper end, bit 6 error
	statusError   = 3 // bit 3 cutter, bit 5 unrecoverable, bit 6 recovers by itself
	statusPaper   = 4 // bits 2–3 near end, bits 5–6 end
	statusLast    = statusPaper
)

// applyDirect merges the answer to DLE EOT n into a status.
func applyDirect(s drivers.PrinterStatus, n, b byte, drawerOpenLow bool) drivers.PrinterStatus {
	switch n {
	case statusPrinter:
		s.DrawerOpen = (b&0x04 != 0) != drawerOpenLow
		s.Online = b&0x08 == 0
	case statusOffline:
		s.CoverOpen = b&0x04 != 0
		s.PaperOut = b&0x20 != 0
		s.Fault = b&0x40 != 0
	case statusError:
		s.CutterJam = b&0x08 != 0
		// An error that names its cause or passes by itself (a hot head) is no fault for a person to clear.
		s.Fault = b&0x20 != 0 || (s.Fault && b&0x48 == 0)
	case statusPaper:
		s.PaperLow = b&0x0C != 0
		s.PaperOut = s.PaperOut || b&0x60 != 0
	}
	return s
}

// fromAuto reads the four bytes of an automatic status: byte 0 bit 2 drawer, 3 offline, 5 cover; byte 1 bit 3 cutter,
// 5 unrecoverable; byte 2 bits 0–1 near end, 2–3 end.
func fromAuto(data [4]byte, drawerOpenLow bool) drivers.PrinterStatus {
	return drivers.PrinterStatus{
		Online:     data[0]&0x08 == 0,
		CoverOpen:  data[0]&0x20 != 0,
		DrawerOpen: (data[0]&0x04 != 0) != drawerOpenLow,
		CutterJam:  data[1]&0x08 != 0,
		Fault:      data[1]&0x20 != 0,
		PaperLow:   data[2]&0x03 != 0,
		PaperOut:   data[2]&0x0C != 0,
	}
}

// complaint names what keeps a printer from printing, for a person to act on; "" when it is ready.
func complaint(s drivers.PrinterStatus) string {
	switch {
	case s.PaperOut:
		return "paper out"
	case s.CoverOpen:
		return "cover open"
	case s.CutterJam:
		return "cutter jammed"
	case s.Fault:
		return "printer fault"
	case !s.Online:
		return "offline"
	default:
		return ""
	}
}
