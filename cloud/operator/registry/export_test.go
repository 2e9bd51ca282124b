package registry

// Size is how many operators a registry has.
func Size(r *Registry) int { return len(r.byCode) }
