package slacksim

import "net/http"

// Handler serves everything: the Web API under /api/, Socket Mode under /link/,
// response URLs under /response/, and the web page with its own API under /sim/
// and at the root.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("/link/", s.serveLink)
	mux.HandleFunc("POST /response/", s.serveResponse)
	s.servePage(mux)
	return mux
}
