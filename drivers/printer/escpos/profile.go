package escpos

// Profile is the geometry of one paper width at 203 dpi (8 dots/mm) and the drawer's connector.
type Profile struct {
	// Dots is the printable width in dots, a multiple of 8.
	Dots int
	// Columns is the printable width in characters of 12 dots; a Chinese character takes two.
	Columns int
	// DrawerPin is the connector pin that the drawer pulse goes to: 0 for pin 2, 1 for pin 5.
	DrawerPin uint8
}

// Paper58 is 58 mm paper: 384 dots, 32 columns.
func Paper58() Profile { return Profile{Dots: 384, Columns: 32} }

// Paper80 is 80 mm paper: 576 dots, 48 columns.
func Paper80() Profile { return Profile{Dots: 576, Columns: 48} }

// valid reports whether the encoder can lay out for this geometry: every character must fit at every scale.
func (p Profile) valid() bool {
	return p.Columns >= 2*scaleMax && p.Columns <= 255 && p.Dots == p.Columns*columnDots && p.Dots%8 == 0 && p.DrawerPin <= 1
}
