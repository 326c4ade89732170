package slacksim

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // decodes sizes
	_ "image/jpeg" // decodes sizes
	_ "image/png"  // decodes sizes
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// UploadURLs names the addresses that files.getUploadURLExternal hands out in SetFault.
const UploadURLs = "upload_url"

// serveUpload is the second step of an upload: the bytes, as they are or as one part of a form.
func (s *Sim) serveUpload(w http.ResponseWriter, r *http.Request) {
	fault, down := s.fault(UploadURLs)
	if down || !s.delay(r, fault.Latency) || fault.LoseRequest {
		panic(http.ErrAbortHandler)
	}
	if fault.failed(w) {
		return
	}
	content, err := uploaded(r)
	if err == nil {
		err = s.keepUpload(r.PathValue("file"), content)
	}
	switch {
	case fault.LoseResponse:
		panic(http.ErrAbortHandler)
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "OK - %d", len(content))
	}
}

// uploaded reads the file in a request: Slack's clients name the form's part as they like, or send no form.
func uploaded(r *http.Request) ([]byte, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		return io.ReadAll(io.LimitReader(r.Body, maxFile+1))
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, errors.New("the form has no file in it")
		}
		if part.FormName() == "token" {
			continue // a field beside the file
		}
		return io.ReadAll(io.LimitReader(part, maxFile+1))
	}
}

// keepUpload stores the bytes of a file that was announced. That another length is refused is our rule.
func (s *Sim) keepUpload(id string, content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.file(id)
	switch {
	case f == nil || f.complete:
		s.recordViolation(BadUpload, "no such upload: %s", id)
		return errors.New("no such upload")
	case len(content) != f.declared:
		s.recordViolation(BadUpload, "%s has %d bytes, and %d were announced", f.Name, len(content), f.declared)
		return fmt.Errorf("%d bytes came, and %d were announced", len(content), f.declared)
	}
	f.Content, f.uploaded = content, true
	f.Type = mime.TypeByExtension(path.Ext(f.Name))
	if f.Type == "" {
		f.Type = http.DetectContentType(content)
	}
	return nil
}

func fileType(name string) string { return strings.TrimPrefix(strings.ToLower(path.Ext(name)), ".") }

func pictureSize(content []byte) (width, height int) {
	config, _, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return 0, 0
	}
	return config.Width, config.Height
}

// serveFile answers url_private: to the bot with its token, and to nobody else.
func (s *Sim) serveFile(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+s.opts.Bot.BotToken || !s.granted("files:read") {
		http.Redirect(w, r, "https://"+s.opts.Workspace.Domain+".slack.com/", http.StatusFound) // a page to sign in on, as in Slack
		return
	}
	s.writeFile(w, r)
}

// servePicture shows a file on the page.
func (s *Sim) servePicture(w http.ResponseWriter, r *http.Request) { s.writeFile(w, r) }

func (s *Sim) writeFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	f := s.file(r.PathValue("file"))
	found := f != nil && f.complete
	var content []byte
	kind := ""
	if found {
		content, kind = f.Content, f.Type
	}
	s.mu.Unlock()
	if !found {
		http.NotFound(w, r)
		return
	}
	// Nothing that was uploaded may run as a page of ours.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(content) // the client may be gone
}

// filesIn checks the slack_files that blocks show: they must exist, be pictures, and Slack must be done with them. The
// caller holds the lock.
func (s *Sim) filesIn(raw []byte, base string) []blockkit.Problem {
	var problems []blockkit.Problem
	for _, shown := range blockkit.SlackFiles(raw, base) {
		f := s.file(shown.ID)
		if f == nil {
			f = s.fileAt(shown.URL)
		}
		if f == nil || !f.ready(time.Now()) || !f.picture() {
			problems = append(problems, blockkit.Problem{Code: blockkit.FailedConstraint, Message: "invalid slack file", Pointer: shown.Pointer})
		}
	}
	return problems
}

// fileAt finds a file by one of its addresses.
func (s *Sim) fileAt(url string) *File {
	for _, part := range strings.Split(url, "/") {
		if f := s.file(part); f != nil {
			return f
		}
	}
	return nil
}

// later runs something under the lock when its time has come, unless the simulator was closed before.
func (s *Sim) later(d time.Duration, run func()) {
	if d <= 0 {
		run()
		return
	}
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		select {
		case <-s.closed:
		default:
			run()
		}
	})
}
