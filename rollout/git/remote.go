package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/storage/memory"
)

// Limits of what is read of a repository at a time, in bytes.
const (
	mostReceived = 32 << 20 // as it is sent, compressed
	mostObjects  = 64 << 20 // in memory
)

// remote is a repository that is being talked to. It is used by one goroutine, and closed.
type remote struct {
	address  address
	endpoint *transport.Endpoint
	by       transport.Transport
	auth     transport.AuthMethod
	release  func()

	reading    transport.UploadPackSession // open for a further request, over HTTP; nil: none
	advertised *packp.AdvRefs
	objects    memory.ObjectStorage
	size       int64 // of the objects
	whole      bool  // the server leaves nothing out: objects came with all that is below them
}

// open returns a repository that nothing was asked of yet.
func (h *host) open(a address) (*remote, error) {
	endpoint, err := transport.NewEndpoint(a.url())
	if err != nil {
		return nil, err
	}
	endpoint.User = a.user
	by, auth, release, err := h.dial(a, mostReceived)
	if err != nil {
		return nil, err
	}
	return &remote{address: a, endpoint: endpoint, by: by, auth: auth, release: release, objects: memory.NewStorage().ObjectStorage}, nil
}

// Close ends what is open.
func (r *remote) Close() {
	if r.reading != nil {
		_ = r.reading.Close()
		r.reading = nil
	}
	r.release()
}

// errNoBranch says that the branch does not exist.
var errNoBranch = errors.New("there is no such branch")

// head reads where a branch is now.
func (r *remote) head(ctx context.Context, branch string) (plumbing.Hash, error) {
	r.endSession()
	if err := r.session(ctx); err != nil {
		return plumbing.ZeroHash, err
	}
	if format := r.advertised.Capabilities.Get(capability.ObjectFormat); len(format) > 0 && format[0] != "sha1" {
		return plumbing.ZeroHash, fmt.Errorf("it names its objects by %s; only SHA-1 is spoken", format[0])
	}
	if h, ok := r.advertised.References["refs/heads/"+branch]; ok {
		return h, nil
	}
	return plumbing.ZeroHash, errNoBranch
}

func (r *remote) endSession() {
	if r.reading != nil {
		_ = r.reading.Close()
		r.reading = nil
	}
}

// session begins to read, unless that goes on.
func (r *remote) session(ctx context.Context) error {
	if r.reading != nil {
		return nil
	}
	s, err := r.by.NewUploadPackSession(r.endpoint, r.auth)
	if err != nil {
		return err
	}
	all, err := s.AdvertisedReferencesContext(ctx)
	if err != nil {
		_ = s.Close()
		return err
	}
	r.reading, r.advertised = s, all
	return nil
}

// leavesOut reports whether the server can send commits without files, and then single objects.
func (r *remote) leavesOut() bool {
	c := r.advertised.Capabilities
	return !r.whole && c.Supports(capability.Filter) && (c.Supports(capability.AllowReachableSHA1InWant) || c.Supports("allow-any-sha1-in-want"))
}

// fetch reads the newest commits of a history, without their files where the server can leave them out.
func (r *remote) fetch(ctx context.Context, head plumbing.Hash, depth int) error {
	if r.leavesOut() {
		return r.ask(ctx, head, depth, "tree:0")
	}
	return r.ask(ctx, head, depth, "")
}

// object returns an object, which is asked for where it is not here yet.
func (r *remote) object(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) (plumbing.EncodedObject, error) {
	o, err := r.objects.EncodedObject(kind, hash)
	if err == nil || !r.leavesOut() {
		return o, err
	}
	if err := r.ask(ctx, hash, 0, "tree:0"); err != nil {
		return nil, err
	}
	return r.objects.EncodedObject(kind, hash)
}

// ask asks for an object and what is below it.
func (r *remote) ask(ctx context.Context, want plumbing.Hash, depth int, filter packp.Filter) error {
	if err := r.session(ctx); err != nil {
		return err
	}
	req := packp.NewUploadPackRequestFromCapabilities(r.advertised.Capabilities)
	req.Wants = []plumbing.Hash{want}
	if r.advertised.Capabilities.Supports(capability.NoProgress) {
		_ = req.Capabilities.Set(capability.NoProgress)
	}
	if depth > 0 && r.advertised.Capabilities.Supports(capability.Shallow) {
		req.Depth = packp.DepthCommits(depth)
		_ = req.Capabilities.Set(capability.Shallow)
	}
	if filter != "" {
		req.Filter = filter
		_ = req.Capabilities.Set(capability.Filter)
	}
	response, err := r.reading.UploadPack(ctx, req)
	if _, stateful := r.reading.(*session); stateful {
		defer r.endSession()
	}
	if err != nil {
		return err
	}
	defer response.Close()
	return r.keep(pack(response, req))
}

// pack returns the objects of an answer.
func pack(response io.Reader, req *packp.UploadPackRequest) io.Reader {
	switch {
	case req.Capabilities.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, response)
	case req.Capabilities.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, response)
	}
	return response
}

// keep takes a pack of objects into memory, unless that is more than there is room for. Its own headers say how much it
// is, before anything of it is unpacked.
func (r *remote) keep(in io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, mostReceived+1))
	if err != nil {
		return err
	}
	if len(data) > mostReceived {
		return errTooLarge
	}
	scanner := packfile.NewScanner(bytes.NewReader(data))
	_, count, err := scanner.Header()
	if err != nil {
		return err
	}
	for range count {
		h, err := scanner.NextObjectHeader()
		if err != nil {
			return err
		}
		if r.size += h.Length; r.size > mostObjects {
			return errTooLarge
		}
	}
	parser, err := packfile.NewParserWithStorage(packfile.NewScanner(bytes.NewReader(data)), &counted{&r.objects, mostObjects})
	if err != nil {
		return err
	}
	_, err = parser.Parse()
	return err
}

// counted stores objects until they are too many: those that are sent as differences are larger than these.
type counted struct {
	*memory.ObjectStorage
	left int64
}

// SetEncodedObject stores an object.
func (c *counted) SetEncodedObject(o plumbing.EncodedObject) (plumbing.Hash, error) {
	if c.left -= o.Size(); c.left < 0 {
		return plumbing.ZeroHash, errTooLarge
	}
	return c.ObjectStorage.SetEncodedObject(o)
}

// refusedError is the server's refusal of a push.
type refusedError struct{ words string }

func (e refusedError) Error() string { return e.words }

// protected reports whether the refusal is about who may push to the branch, and not about what is pushed.
func (e refusedError) protected() bool {
	words := strings.ToLower(e.words)
	for _, sign := range []string{
		"protected branch", "gh006", "gh013", "repository rule violations", "not allowed to push code to protected",
		"only be modified through pull requests", "changes must be made through a pull request", "you are not allowed to push", "prohibited by gerrit",
	} {
		if strings.Contains(words, sign) {
			return true
		}
	}
	return false
}

// push moves a branch from one commit to another: creates it where it was at none, deletes it where it goes to none. The
// server does so only if it is where it was. The error is a refusedError where the server refuses; after any other nobody
// knows what became of it.
func (r *remote) push(ctx context.Context, branch string, from, to plumbing.Hash, objects ...plumbing.EncodedObject) error {
	r.endSession() // a server on this machine may lock what it reads
	s, err := r.by.NewReceivePackSession(r.endpoint, r.auth)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	req := packp.NewReferenceUpdateRequestFromCapabilities(all.Capabilities)
	said := &tail{}
	if all.Capabilities.Supports(capability.Sideband64k) {
		_ = req.Capabilities.Set(capability.Sideband64k)
		req.Progress = said
	}
	if to.IsZero() {
		_ = req.Capabilities.Set(capability.DeleteRefs)
	}
	req.Commands = []*packp.Command{{Name: plumbing.NewBranchReferenceName(branch), Old: from, New: to}}
	if !to.IsZero() {
		data, err := r.encode(objects)
		if err != nil {
			return err
		}
		req.Packfile = io.NopCloser(bytes.NewReader(data))
	}
	report, err := s.ReceivePack(ctx, req)
	if report != nil && report.Error() != nil {
		words := report.UnpackStatus
		for _, c := range report.CommandStatuses {
			if c.Error() != nil {
				words = c.Status
			}
		}
		return refusedError{oneLine(words + "\n" + said.String())}
	}
	return err
}

// encode returns a pack of new objects.
func (r *remote) encode(objects []plumbing.EncodedObject) ([]byte, error) {
	var hashes []plumbing.Hash
	for _, o := range objects {
		h, err := r.objects.SetEncodedObject(o)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	var data bytes.Buffer
	_, err := packfile.NewEncoder(&data, &r.objects, false).Encode(hashes, 0)
	return data.Bytes(), err
}

// branch returns where a branch is now; zero: it does not exist.
func (r *remote) branch(ctx context.Context, name string) (plumbing.Hash, error) {
	h, err := r.head(ctx, name)
	if errors.Is(err, errNoBranch) {
		return plumbing.ZeroHash, nil
	}
	return h, err
}
