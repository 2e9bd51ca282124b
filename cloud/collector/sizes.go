package collector

// Sizes counts, by name, what is in memory until something ends it: nothing of it is left once everything is settled.
func (c *Collector) Sizes() map[string]int {
	sizes := map[string]int{"alarms not stored": c.notes.size(), "acknowledgements": c.acker.size(),
		"shares": c.ahead.size() + c.behind.size()}
	for _, w := range c.workers {
		sizes["messages"] += len(w.urgent) + len(w.backlog)
	}
	directory := c.config.Downlink.directory
	directory.mu.RLock()
	defer directory.mu.RUnlock()
	for _, t := range directory.trackers {
		inflight, holders := t.size()
		sizes["submissions"] += inflight
		sizes["holders"] += holders
	}
	return sizes
}

func (n *notes) size() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.waiting)
}

func (a *acker) size() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ready) + len(a.turns[0]) + len(a.turns[1])
}

func (i *intake) size() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.shares)
}

func (t *tracker) size() (inflight, holders int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.inflight), t.holders
}
