package git_test

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/git/forge"
)

// written is a commit in a history.
type written struct {
	hash, message, author string
	parents               []string
	number                int // in the order in which they were written
}

// history is a forge in memory that compares: GitHub or GitLab, with one repository, acme/shop/checkout at GitLab and
// acme/checkout at GitHub, which one token reads.
type history struct {
	t      *testing.T
	kind   forge.Kind
	server *httptest.Server
	token  string // that it takes; empty: it takes nobody's
	file   string // the bot's, with the token

	mu      sync.Mutex // guards the fields below
	commits map[string]written
	refs    map[string]string // hashes by the names of tags
	asked   []string          // paths, in order
	answer  http.HandlerFunc  // instead of its own; nil: none
}

const mainBranch = "main"

func newHistory(t *testing.T, kind forge.Kind) *history {
	t.Helper()
	h := &history{t: t, kind: kind, token: token, commits: map[string]written{}, refs: map[string]string{}}
	h.server = httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(h.server.Close)
	h.file = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(h.file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// project is the repository's name there.
func (h *history) project() string {
	if h.kind == forge.GitLab {
		return "acme/shop/checkout"
	}
	return "acme/checkout"
}

// source is the service's, with its tags as they are.
func (h *history) source() rollout.Source {
	return rollout.Source{Repository: "git.example.com/" + h.project()}
}

// reader reads there as the bot does.
func (h *history) reader() *git.Repository {
	api := map[forge.Kind]string{forge.GitHub: "/api/v3", forge.GitLab: "/api/v4"}[h.kind]
	return git.New(git.Options{Hosts: []git.Host{{Name: "git.example.com", TokenFile: h.file, Forge: h.kind, API: h.server.URL + api}}})
}

// add commits a message on top of others, and names it; without a name it is just there.
func (h *history) add(name, message, author string, parents ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := written{number: len(h.commits), message: message, author: author}
	one.hash = fmt.Sprintf("%x", sha1.Sum(fmt.Append(nil, one.number)))
	for _, p := range parents {
		one.parents = append(one.parents, h.refs[p])
	}
	h.commits[one.hash] = one
	h.refs[mainBranch] = one.hash
	if name != "" {
		h.refs[name] = one.hash
	}
}

// line adds so many commits upon a name, and gives the last one a name.
func (h *history) line(from, to string, n int) {
	h.t.Helper()
	h.mu.Lock()
	h.refs[mainBranch] = h.refs[from]
	h.mu.Unlock()
	for i := range n {
		name := ""
		if i == n-1 {
			name = to
		}
		h.add(name, fmt.Sprintf("Change %d of %s\n\nIt had to be.", i+1, to), "Ana", mainBranch)
	}
}

// faulty lets the next requests be answered by another; nil: by the forge again.
func (h *history) faulty(answer http.HandlerFunc) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answer = answer
}

// questions returns how often it was asked since this was asked last.
func (h *history) questions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.asked)
	h.asked = nil
	return n
}

func (h *history) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.URL.Path)
	if h.answer != nil {
		h.answer(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+h.token {
		h.refuse(w, http.StatusUnauthorized, "Bad credentials")
		return
	}
	prefix := map[forge.Kind]string{forge.GitHub: "/api/v3/repos/acme/checkout", forge.GitLab: "/api/v4/projects/acme%2Fshop%2Fcheckout/repository"}[h.kind]
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	q := r.URL.Query()
	base, head, compares := q.Get("from"), q.Get("to"), rest == "/compare"
	if h.kind == forge.GitHub {
		rest, _ := url.PathUnescape(rest)
		rest, compares = strings.CutPrefix(rest, "/compare/")
		base, head, _ = strings.Cut(rest, "...")
	}
	switch {
	case compares && h.hash(base) != "" && h.hash(head) != "":
		h.compare(w, q, h.hash(base), h.hash(head))
	case ok && strings.HasPrefix(rest, "/commits/"):
		ref, _ := url.PathUnescape(strings.TrimPrefix(rest, "/commits/"))
		if h.hash(ref) == "" {
			h.refuse(w, map[forge.Kind]int{forge.GitHub: 422, forge.GitLab: 404}[h.kind], "No commit found")
			return
		}
		h.write(w, map[string]any{"sha": h.hash(ref), "id": h.hash(ref)})
	case ok && rest == "", r.URL.EscapedPath() == "/api/v4/projects/acme%2Fshop%2Fcheckout":
		h.write(w, map[string]any{"id": 1})
	default:
		h.refuse(w, http.StatusNotFound, "Not Found")
	}
}

// hash returns what a name or the beginning of a hash names; empty: nothing.
func (h *history) hash(ref string) string {
	if found := h.refs[ref]; found != "" {
		return found
	}
	for hash := range h.commits {
		if len(ref) >= 7 && strings.HasPrefix(hash, ref) {
			return hash
		}
	}
	return ""
}

// over returns the commits that one has over another, oldest first.
func (h *history) over(head, base string) []written {
	reach := func(from string) map[string]bool {
		seen, open := map[string]bool{}, []string{from}
		for len(open) > 0 {
			hash := open[0]
			open = open[1:]
			if !seen[hash] {
				seen[hash] = true
				open = append(open, h.commits[hash].parents...)
			}
		}
		return seen
	}
	without := reach(base)
	all := []written{}
	for hash := range reach(head) {
		if !without[hash] {
			all = append(all, h.commits[hash])
		}
	}
	slices.SortFunc(all, func(a, b written) int { return a.number - b.number })
	return all
}

// compare answers as the forge does: GitHub by pages, counts and a status, GitLab with all at once.
func (h *history) compare(w http.ResponseWriter, q url.Values, base, head string) {
	ahead, behind := h.over(head, base), h.over(base, head)
	list := []any{}
	if h.kind == forge.GitLab {
		for _, c := range ahead {
			title, _, _ := strings.Cut(c.message, "\n")
			list = append(list, map[string]any{"id": c.hash, "title": title, "message": c.message, "author_name": c.author})
		}
		h.write(w, map[string]any{"commits": list, "diffs": []any{}, "compare_same_ref": base == head, "commit": nil})
		return
	}
	page, _ := strconv.Atoi(q.Get("page"))
	size, _ := strconv.Atoi(q.Get("per_page"))
	for _, c := range ahead[min(len(ahead), (page-1)*size):min(len(ahead), page*size)] {
		author := map[string]any{"name": c.author}
		list = append(list, map[string]any{"sha": c.hash, "commit": map[string]any{"message": c.message, "author": author}, "author": nil, "parents": []any{}})
	}
	status := "diverged"
	switch {
	case len(ahead) == 0 && len(behind) == 0:
		status = "identical"
	case len(behind) == 0:
		status = "ahead"
	case len(ahead) == 0:
		status = "behind"
	}
	h.write(w, map[string]any{"status": status, "ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead), "commits": list})
}

func (h *history) refuse(w http.ResponseWriter, status int, words string) {
	w.WriteHeader(status)
	h.write(w, map[string]any{"message": words})
}

func (h *history) write(w http.ResponseWriter, what any) {
	if err := json.NewEncoder(w).Encode(what); err != nil {
		h.t.Error(err)
	}
}
