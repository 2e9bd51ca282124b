package pn532

// exchange carries an APDU to a target and returns status ‖ response (7.3.8).
func (c *Chip) exchange(arguments []byte) ([]byte, bool) {
	if len(arguments) == 0 {
		return nil, false
	}
	target, command := arguments[0], arguments[1:]
	if rest, waiting := c.parts[target]; waiting && len(command) == 0 {
		return c.part(target, rest), true
	}
	delete(c.parts, target)
	c.mu.Lock()
	card, active := c.listed[target]
	c.exchanges++
	before, after := c.faults.TearBefore == c.exchanges, c.faults.TearAfter == c.exchanges
	if active && before {
		c.replace(nil)
	}
	c.mu.Unlock()
	switch {
	case !active:
		return []byte{statusWrongContext}, true
	case before || card.Applet == nil:
		c.tell("card torn")
		return []byte{statusTimeout}, true
	}
	c.tell("exchange")
	response := card.Applet.Exchange(command)
	if after {
		c.Remove()
		c.tell("card torn")
		return []byte{statusTimeout}, true
	}
	return c.part(target, response), true
}

// part returns as much of a response as one frame takes, with the bit for more set while there is.
func (c *Chip) part(target byte, response []byte) []byte {
	const frameMax = 262
	c.mu.Lock()
	size := c.faults.ChainAt
	c.mu.Unlock()
	if size == 0 || size > frameMax {
		size = frameMax
	}
	if len(response) <= size {
		delete(c.parts, target)
		return append([]byte{0x00}, response...)
	}
	c.parts[target] = response[size:]
	return append([]byte{statusMore}, response[:size]...)
}
