package judge

// valid reports whether what was stored can be a state.
func (s *state) valid() bool {
	return (s.Limits == nil || s.Limits.valid()) && s.Queries.valid()
}

func (s *limitState) valid() bool {
	for name, one := range s.Checks {
		if one.Failing.N < 0 || one.Silent.N < 0 || one.Last.Check != name {
			return false
		}
	}
	return true
}
