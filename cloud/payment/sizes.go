package payment

// Sizes counts, by name, what is in memory until something ends it: nothing of it is left once everything is settled.
func (s *Service) Sizes() map[string]int {
	sizes := map[string]int{"timers": s.timers.size(), "spendings on their way": s.spendings.size()}
	for _, l := range s.lanes {
		sizes["calls"] += len(l.turns) + int(l.waiting.Load())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sizes["payments"], sizes["numbers"], sizes["operators with payments"] = len(s.live), len(s.numbered), len(s.open)
	return sizes
}

func (t *timers) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(len(t.heap), len(t.times))
}

func (n *spendings) size() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.way)
}
