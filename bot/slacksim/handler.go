package slacksim

import "net/http"

// Handler serves everything: the Web API under /api/, Socket Mode under /link/,
// response URLs under /response/, files under /upload/ and /files/, and the web page with its own API under /sim/
// and at the root.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("/link/", s.serveLink)
	mux.HandleFunc("POST /response/", s.serveResponse)
	mux.HandleFunc("POST /upload/{file}", s.serveUpload)
	mux.HandleFunc("GET /files/{file}/{name}", s.serveFile)
	mux.HandleFunc("GET /sim/file/{file}", s.servePicture)
	s.servePage(mux)
	return mux
}
