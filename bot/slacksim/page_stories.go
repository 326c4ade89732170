package slacksim

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// story is one message, modal or home of the storybook.
type story struct {
	Name  string          `json:"name"`
	Story json.RawMessage `json:"story"`
}

// serveStories mounts the storybook: a page with everything that the app can show.
func (s *Sim) serveStories(mux *http.ServeMux, page http.HandlerFunc) {
	if s.opts.Page.Stories == nil {
		return
	}
	mux.HandleFunc("GET /storybook", page)
	mux.HandleFunc("GET /sim/stories", func(w http.ResponseWriter, _ *http.Request) {
		all, err := readStories(s.opts.Page.Stories)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		writeJSON(w, map[string]any{"bot": snapshotBot{ID: s.opts.Bot.UserID, Name: s.opts.Bot.Name, Emoji: s.opts.Bot.Emoji}, "stories": all})
	})
}

// readStories reads every story, in the order of their names; the first that is no JSON is the error.
func readStories(from fs.FS) ([]story, error) {
	paths, err := fs.Glob(from, "*.json")
	if err != nil {
		return nil, err
	}
	all := []story{}
	for _, path := range paths {
		raw, err := fs.ReadFile(from, path)
		if err != nil {
			return nil, err
		}
		if !json.Valid(raw) {
			return nil, fmt.Errorf("%s is no JSON", path)
		}
		all = append(all, story{Name: strings.TrimSuffix(path, ".json"), Story: raw})
	}
	return all, nil
}
