package command

// DrawQR is drawQR for tests.
func DrawQR(text string) ([]string, error) { return drawQR(text) }
