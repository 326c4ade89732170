package api

// Paths are those that need a token.
func (a *API) Paths() []string {
	var all []string
	for _, r := range a.routes() {
		all = append(all, r.path)
	}
	return all
}

// Decode reads a body.
var Decode = decode
