package rollout

// Direction says which way a value gets worse.
type Direction string

// The directions.
const (
	Higher Direction = "higher"
	Lower  Direction = "lower"
)

// Margin is how much worse than stable's a check's value may be, where the two are compared. One of Ratio and Difference
// is set.
type Margin struct {
	Worse Direction `json:"worse"`
	// Ratio is how many times stable's value the canary's may be: above 1 where higher is worse, between 0 and 1 where
	// lower is.
	Ratio float64 `json:"ratio,omitempty"`
	// Difference is how far from stable's value the canary's may be, in the check's unit, above 0.
	Difference float64 `json:"difference,omitempty"`
}

// Bound is the worst value that is still fine beside one of stable.
func (m Margin) Bound(stable float64) float64 {
	switch {
	case m.Ratio > 0:
		return stable * m.Ratio
	case m.Worse == Lower:
		return stable - m.Difference
	}
	return stable + m.Difference
}

// Excess is by how much a value is worse than the margin allows beside one of stable; at most 0: it is fine.
func (m Margin) Excess(canary, stable float64) float64 {
	if m.Worse == Lower {
		return m.Bound(stable) - canary
	}
	return canary - m.Bound(stable)
}

// Twice returns the margin that is twice as wide: the ratio of the ratio, or double the difference.
func (m Margin) Twice() Margin {
	return Margin{Worse: m.Worse, Ratio: m.Ratio * m.Ratio, Difference: 2 * m.Difference}
}

// Compares reports whether anything can be compared with such a value of stable: a ratio to a negative number means
// nothing.
func (m Margin) Compares(stable float64) bool { return m.Ratio == 0 || stable >= 0 }
