package keyring

// ParseState opens the reader of the epochs file.
func ParseState(text []byte, terminal string) ([]Epoch, error) { return parseState(text, terminal) }
