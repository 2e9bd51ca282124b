package printer

// Control bytes of ESC/POS.
const (
	nul = 0x00
	ht  = 0x09
	lf  = 0x0A
	ff  = 0x0C
	cr  = 0x0D
	dle = 0x10
	can = 0x18
	esc = 0x1B
	fs  = 0x1C
	gs  = 0x1D
)

// skipped gives the number of parameter bytes of commands that are read and change nothing in the picture.
func skipped(family, command byte) (parameters int, known bool) {
	switch family {
	case esc:
		switch command {
		case 'R', 'V', '{', '=', 'T', 'U', 'r':
			return 1, true
		case 'c':
			return 2, true
		}
	case fs:
		switch command {
		case 'C':
			return 1, true
		}
	case gs:
		switch command {
		case 'P':
			return 2, true
		}
	}
	return 0, false
}
