package trial

// Valid reports whether what was stored can be the state of a trial: what is an index is one. It takes every number for
// finite, and every count for one that is not below zero.
func (s *State) Valid() bool {
	return s.Pendings <= pendingScrapes && s.WorstBound < Bounds
}
