package escpos

// Control bytes that open a command, and those a printer obeys at once wherever it meets them.
const (
	lf  = 0x0A
	dle = 0x10
	esc = 0x1B
	fs  = 0x1C
	gs  = 0x1D

	eot = 0x04 // DLE EOT n: send status n now
	enq = 0x05 // DLE ENQ n: recover from an error now
	dc4 = 0x14 // DLE DC4 …: pulse the drawer, power off or clear the buffers now
)

// Limits of one job. They keep every length byte of a command far from the values that would form a real-time
// request (10 04, 10 05, 10 14) and a job far from what a printer buffers for minutes.
const (
	columnDots   = 12
	rowDots      = 24
	lineDots     = 30 // the default line spacing
	scaleMax     = 8
	blockMax     = 2000
	jobBytesMax  = 512 << 10
	feedLinesMax = 255
	stripeRows   = 24
	pictureRows  = 2400 // 300 mm

	barcodeHeight    = 80
	barcodeHeightMax = 255
	barcodeDataMax   = 120
	quietModules     = 20 // ten on each side of a Code 128 symbol

	qrModule    = 6
	qrModuleMin = 2 // 0.25 mm: below it phone cameras fail
	qrModuleMax = 16
	qrDataMax   = 512
	qrQuiet     = 8 // four modules on each side
)

// autoStatusAll asks for automatic status on drawer, online, error and paper changes (GS a).
const autoStatusAll = 0x0F

// drawer pulse in units of 2 ms: 50 ms on, 500 ms off.
const (
	drawerOn  = 25
	drawerOff = 250
)

// commandInit resets the modes and clears the print buffer (ESC @), which also ends automatic status, so GS a follows
// at once; FS & selects two-byte Chinese.
func commandInit() []byte {
	return []byte{esc, '@', gs, 'a', autoStatusAll, fs, '&'}
}

// commandFence is GS r 1: the paper sensor's state, answered in its turn behind everything sent before it.
func commandFence() []byte { return []byte{gs, 'r', 1} }

// commandStatus is DLE EOT n, n = 1 to 4, answered at once.
func commandStatus(n byte) []byte { return []byte{dle, eot, n} }
