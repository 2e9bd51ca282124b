package plan

import "fmt"

// Class is what a wallet of a class may do; 0 is no limit. Amounts are minor units.
type Class struct {
	Class      int   `toml:"class"` // 1 (opened at the counter) to 4 (phone number only)
	PaymentMax int64 `toml:"payment_max"`
	DayMax     int64 `toml:"day_max"`
	YearMax    int64 `toml:"year_max"`
	BalanceMax int64 `toml:"balance_max"`
}

// Barcode are the daily caps of barcode payments by the payer's grade of verification (银发〔2017〕296号).
type Barcode struct {
	Enforced bool   `toml:"enforced"`
	Grade    string `toml:"grade"` // A to D: the grade that holds
	A        int64  `toml:"a"`     // 0: by agreement
	B        int64  `toml:"b"`
	C        int64  `toml:"c"`
	D        int64  `toml:"d"`
}

// DayMax is what one payer's barcode payments of a day may come to; 0 is no limit.
func (b Barcode) DayMax() int64 {
	if !b.Enforced {
		return 0
	}
	return map[string]int64{"A": b.A, "B": b.B, "C": b.C, "D": b.D}[b.Grade]
}

// classMost is the last class.
const classMost = 4

// Caps are what operators hold their wallets to.
type Caps struct {
	Barcode Barcode
	classes [classMost + 1]Class
}

// Class returns a class's caps; a class that the document leaves out, or that there is not, has none.
func (c Caps) Class(class int) Class {
	if class < 1 || class > classMost {
		return Class{}
	}
	return c.classes[class]
}

func newCaps(classes []Class, barcode Barcode) (Caps, error) {
	caps := Caps{Barcode: barcode}
	for _, c := range classes {
		switch {
		case c.Class < 1 || c.Class > classMost:
			return Caps{}, fmt.Errorf("wallet class %d is not 1 to %d", c.Class, classMost)
		case caps.classes[c.Class].Class != 0:
			return Caps{}, fmt.Errorf("wallet class %d stands twice", c.Class)
		case c.PaymentMax < 0 || c.DayMax < 0 || c.YearMax < 0 || c.BalanceMax < 0:
			return Caps{}, fmt.Errorf("wallet class %d: a cap below zero", c.Class)
		}
		caps.classes[c.Class] = c
	}
	switch barcode.Grade {
	case "A", "B", "C", "D":
	case "":
		if barcode.Enforced {
			return Caps{}, fmt.Errorf("barcode: enforced without a grade")
		}
	default:
		return Caps{}, fmt.Errorf("barcode: grade %q", barcode.Grade)
	}
	if barcode.A < 0 || barcode.B < 0 || barcode.C < 0 || barcode.D < 0 {
		return Caps{}, fmt.Errorf("barcode: a cap below zero")
	}
	return caps, nil
}
