package slacksim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
)

// ErrNoFile means that a file to upload has no name, nothing in it, or too much.
var ErrNoFile = errors.New("no such file can be uploaded")

// Upload posts a file of this name into a channel, into a thread unless thread is empty. An app that hears messages gets
// file_share. That a person's file can be shown at once is our rule: Slack looks at it first.
func (p *Person) Upload(channel, thread, name string, content []byte) (Outcome, error) {
	return outcome(p.startUpload(channel, thread, name, content))
}

func (p *Person) startUpload(channel, thread, name string, content []byte) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := p.checkAccess(channel)
	if err != nil {
		return nil, err
	}
	if name = path.Base(name); name == "." || name == "/" || len(content) == 0 || len(content) > maxFile {
		return nil, fmt.Errorf("%w: it takes a name, and from one byte to %d MiB", ErrNoFile, maxFile>>20)
	}
	if thread, err = at.room.threadOf(thread); err != nil {
		return nil, err
	}
	kind := cmp.Or(mime.TypeByExtension(path.Ext(name)), http.DetectContentType(content))
	f := &File{
		ID: s.id("F"), User: at.user.ID, Name: name, Title: name, Type: kind, Content: content, ReadyAt: at.now,
		declared: len(content), uploaded: true, complete: true, channels: []string{at.room.ID},
	}
	s.files = append(s.files, f)
	m, told := s.post(at.room, Message{User: at.user.ID, ThreadTS: thread, Files: []string{f.ID}, At: at.now})
	return &Pending{sim: s, waiting: told, outcome: Outcome{Delivery: Silent, TS: m.TS}}, nil
}

// threadOf returns the thread that a reply to a message belongs to: people cannot reply to a reply. "" stays.
func (r *room) threadOf(ts string) (string, error) {
	if ts == "" {
		return "", nil
	}
	parent := r.message(ts)
	if parent == nil {
		return "", fmt.Errorf("%w: %s", ErrNoMessage, ts)
	}
	return cmp.Or(parent.ThreadTS, ts), nil
}

// serveVisitorFile uploads the body of a request for a visitor of the page.
func (s *Sim) serveVisitorFile(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
	if err != nil {
		http.Error(w, ErrNoFile.Error()+": "+err.Error(), http.StatusBadRequest)
		return
	}
	q := r.URL.Query()
	s.answerAct(w, func() (*Pending, error) {
		return s.As(q.Get("as")).startUpload(q.Get("channel"), q.Get("thread"), q.Get("name"), content)
	})
}
