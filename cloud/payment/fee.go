package payment

// basisPointsPerUnit is how many basis points are the whole.
const basisPointsPerUnit = 10_000

// Fee is the merchant's fee for an amount in minor units: rate basis points, rounded half up, and never more than limit
// basis points of the amount. Rounding therefore cannot push a fee over the cap, not even on one fen (requirement R1.7).
func Fee(amount int64, rate, limit uint16) int64 {
	if amount <= 0 {
		return 0
	}
	// Split so that nothing overflows: amount = whole·10,000 + rest.
	whole, rest := amount/basisPointsPerUnit, amount%basisPointsPerUnit
	bounded := min(int64(rate), basisPointsPerUnit)
	fee := whole*bounded + (rest*bounded+basisPointsPerUnit/2)/basisPointsPerUnit
	return min(fee, ceiling(amount, limit))
}

// ceiling is the highest fee on an amount: limit basis points of it, rounded down.
func ceiling(amount int64, limit uint16) int64 {
	if amount <= 0 {
		return 0
	}
	whole, rest := amount/basisPointsPerUnit, amount%basisPointsPerUnit
	points := min(int64(limit), basisPointsPerUnit)
	return whole*points + rest*points/basisPointsPerUnit
}
