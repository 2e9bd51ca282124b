package printer_test

import "io"

// tape is a host that only talks; answers go nowhere.
type tape struct{ io.Reader }

func (tape) Write(b []byte) (int, error) { return len(b), nil }
