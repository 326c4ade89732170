package git

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// stream is one service of a repository that runs: what is written goes to it, what is read comes from it.
type stream struct {
	io.WriteCloser
	io.Reader
	said *tail // on its standard error
	end  func() error
}

// streams are services that are started for one exchange each: over ssh, or on this machine. go-git has such transports
// too; those bound neither the time of a handshake nor what they read.
type streams struct {
	open func(ctx context.Context, service string, a address) (stream, error)
	most int64
}

// session is one exchange.
type session struct {
	of      streams
	service string
	address address

	stream     stream
	opened     bool
	advertised *packp.AdvRefs
}

var _ transport.Transport = streams{}

// NewUploadPackSession returns a session that reads. It starts nothing yet.
func (s streams) NewUploadPackSession(e *transport.Endpoint, _ transport.AuthMethod) (transport.UploadPackSession, error) {
	return s.session(e, transport.UploadPackServiceName)
}

// NewReceivePackSession returns a session that writes. It starts nothing yet.
func (s streams) NewReceivePackSession(e *transport.Endpoint, _ transport.AuthMethod) (transport.ReceivePackSession, error) {
	return s.session(e, transport.ReceivePackServiceName)
}

func (s streams) session(e *transport.Endpoint, service string) (*session, error) {
	a, err := parseAddress(e.String())
	return &session{of: s, service: service, address: a}, err
}

// AdvertisedReferences is what the interface has beside the other.
func (s *session) AdvertisedReferences() (*packp.AdvRefs, error) {
	return nil, errors.New("without a context nothing bounds it")
}

// AdvertisedReferencesContext starts the service and reads what it has.
func (s *session) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if s.advertised != nil {
		return s.advertised, nil
	}
	var err error
	if s.stream, err = s.of.open(ctx, s.service, s.address); err != nil {
		return nil, err
	}
	s.opened = true
	s.stream.Reader = &boundedBody{ReadCloser: io.NopCloser(s.stream.Reader), left: s.of.most}
	all := packp.NewAdvRefs()
	switch err := all.Decode(s.stream); {
	case errors.Is(err, packp.ErrEmptyAdvRefs) && s.service == transport.ReceivePackServiceName:
	case errors.Is(err, packp.ErrEmptyAdvRefs):
		return nil, transport.ErrEmptyRemoteRepository
	case err != nil:
		return nil, s.because(err)
	}
	transport.FilterUnsupportedCapabilities(all.Capabilities)
	s.advertised = all
	return all, nil
}

// because adds what the service said to an error.
func (s *session) because(err error) error {
	_ = s.Close()
	if said := s.stream.said.String(); said != "" {
		return saidError{err, said}
	}
	return err
}

// saidError is an error with what the server said about it.
type saidError struct {
	error
	said string
}

func (e saidError) Error() string { return e.said }
func (e saidError) Unwrap() error { return e.error }

// UploadPack asks for objects. The answer is to be closed.
func (s *session) UploadPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if _, err := s.AdvertisedReferencesContext(ctx); err != nil {
		return nil, err
	}
	if err := req.Validate(); err != nil {
		return nil, err
	}
	err := req.UploadRequest.Encode(s.stream)
	if err == nil {
		err = pktline.NewEncoder(s.stream).EncodeString("done\n")
	}
	if err == nil {
		err = s.stream.WriteCloser.Close()
	}
	if err != nil {
		return nil, s.because(err)
	}
	response := packp.NewUploadPackResponse(req)
	if err := response.Decode(readCloser{s.stream, s.Close}); err != nil {
		return nil, s.because(err)
	}
	return response, nil
}

type readCloser struct {
	io.Reader
	end func() error
}

func (r readCloser) Close() error { return r.end() }

// ReceivePack sends objects and moves branches, and returns what the server says to that.
func (s *session) ReceivePack(ctx context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	if _, err := s.AdvertisedReferencesContext(ctx); err != nil {
		return nil, err
	}
	err := req.Encode(s.stream)
	if err == nil {
		err = s.stream.WriteCloser.Close()
	}
	if err != nil {
		return nil, s.because(err)
	}
	var r io.Reader = s.stream
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, r)
		d.Progress = req.Progress
		r = d
	}
	report := packp.NewReportStatus()
	if err := report.Decode(r); err != nil {
		return nil, s.because(err)
	}
	return report, report.Error()
}

// Close ends the service.
func (s *session) Close() error {
	if !s.opened {
		return nil
	}
	s.opened = false
	_ = s.stream.end() // what matters of its end was read before
	return nil
}

// tail keeps the last of what a server says to people.
type tail struct {
	mu   sync.Mutex // guards text: a process's standard error is copied by a goroutine
	text []byte
}

// mostSaid bounds what is kept.
const mostSaid = 2000

// Write keeps text.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > mostSaid {
		t.text = t.text[len(t.text)-mostSaid:]
	}
	return len(p), nil
}

// String returns what was said, on one line.
func (t *tail) String() string {
	if t == nil {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return oneLine(string(t.text))
}

// oneLine returns the words of a server's text, without what it puts before lines and around them.
func oneLine(text string) string {
	var words []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		line = strings.Trim(strings.TrimPrefix(strings.TrimSpace(line), "remote:"), " =")
		if line != "" {
			words = append(words, strings.Join(strings.Fields(line), " "))
		}
	}
	line := strings.Join(words, " ")
	const most = 300
	if r := []rune(line); len(r) > most {
		line = string(r[:most]) + "…"
	}
	return strings.ToValidUTF8(line, "")
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
