package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"canarybot.io/rollout"
	"canarybot.io/secret"
)

const (
	// resolveTimeout bounds the question what a tag names, verifyTimeout that whether the image is signed.
	resolveTimeout, verifyTimeout = 5 * time.Second, 10 * time.Second
	// known is how long an answer is the answer of one start, and unknown how long a registry that gave none is left alone.
	known, unknown = 10 * time.Minute, 20 * time.Second
	// mostStarts bounds how many starts' answers are kept.
	mostStarts = 512
)

// PullSecrets reads what the service's pods sign in with at registries.
type PullSecrets interface {
	// PullSecrets returns the Docker configurations, as JSON, in the pull secrets that stable's pods have: those of the
	// names, or all of them where there are no names.
	PullSecrets(ctx context.Context, r rollout.Rollout, names []string) ([][]byte, error)
}

// Options say how registries are asked.
type Options struct {
	// Off leaves every tag as it is.
	Off bool
	// Insecure are the registries that are asked unencrypted, as HOST or HOST:PORT. Those on this machine always are.
	Insecure []string
	// CAFile has certificate authorities beside those of the system; empty: none.
	CAFile string
	// DockerConfig is a Docker configuration file with credentials; empty: none.
	DockerConfig string
	// ReadSecrets allows the pods' pull secrets: those in SecretNames, or any where there are none.
	ReadSecrets bool
	SecretNames []string
	// Verify says which services' images have to be signed, and by whom.
	Verify map[rollout.ServiceName]Verification

	Secrets PullSecrets // nil: there are none
	Log     *slog.Logger
}

// Pinner resolves the tags of new versions and verifies their signatures. It is safe for concurrent use. Make it with New.
type Pinner struct {
	options   Options
	transport http.RoundTripper
	config    *secret.File
	starts    *lru.Cache[start, answer]
	tags      *lru.Cache[string, tags] // by repository
}

var (
	_ rollout.Preflighter = (*Pinner)(nil)
	_ rollout.Tags        = (*Pinner)(nil)
)

// start is one start of a rollout: a dry run has the id of the rollout that would be next.
type start struct {
	id    rollout.ID
	asked time.Time
	image string
}

type answer struct {
	preflight rollout.Preflight
	until     time.Time
}

// New returns a pinner that has asked nobody yet. The error is about the file of certificate authorities.
func New(o Options) (*Pinner, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.MaxResponseHeaderBytes = 2, 64<<10
	if o.CAFile != "" {
		pool, err := authorities(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read registry.ca_file: %w", err)
		}
		transport.TLSClientConfig.RootCAs = pool
	}
	starts, err := lru.New[start, answer](mostStarts)
	if err != nil {
		return nil, err
	}
	listed, err := lru.New[string, tags](newestAnswers)
	if err != nil {
		return nil, err
	}
	p := &Pinner{options: o, transport: transport, starts: starts, tags: listed}
	if o.DockerConfig != "" {
		p.config = secret.NewFile(o.DockerConfig, secret.Text, o.Log)
	}
	return p, nil
}

// authorities returns the system's certificate authorities and those in the file.
func authorities(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("there is no certificate in PEM in it")
	}
	return pool, nil
}

// Preflight pins the rollout's image and verifies it where that is asked for. It blocks for fifteen seconds at most; asked
// again about the same start, it answers from memory.
func (p *Pinner) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	key := start{id: r.ID, asked: r.Request.At, image: r.Image}
	if a, ok := p.starts.Get(key); ok && time.Now().Before(a.until) {
		return a.preflight
	}
	found := p.preflight(ctx, r)
	if ctx.Err() != nil {
		return found // half an answer is not one to remember
	}
	lasts := unknown
	if found.Passes() {
		lasts = known
	}
	p.starts.Add(key, answer{preflight: found, until: time.Now().Add(lasts)})
	return found
}

func (p *Pinner) preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	verification, demanded := p.options.Verify[r.Service]
	_, _, _, digest := rollout.SplitImage(r.Image)
	switch {
	case demanded && r.Request.Back && digest != "":
		return rollout.Preflight{} // stable has run just that, and whoever goes back waits for no registry
	case digest == "" && (demanded || !p.options.Off):
		image, why := p.resolve(ctx, r)
		if !why.IsZero() {
			return unpinned(r, why, demanded)
		}
		r.Image = image
	}
	if !demanded {
		return rollout.Preflight{Pinned: pinned(r.Image)}
	}
	if why := p.verify(ctx, r, verification); !why.IsZero() {
		return refused(why)
	}
	p.options.Log.Info("signature verified", "rollout", r.ID, "service", r.Service, "image", r.Image)
	return rollout.Preflight{Pinned: pinned(r.Image)}
}

// pinned returns the image if it has a digest.
func pinned(image string) string {
	if _, _, _, digest := rollout.SplitImage(image); digest == "" {
		return ""
	}
	return image
}

// unpinned says that the tag stays as it is. That refuses the start where nobody could run it, or where a signature is
// demanded that nobody can look for; a registry that may answer later holds such a start.
func unpinned(r rollout.Rollout, why rollout.Problem, demanded bool) rollout.Preflight {
	switch {
	case demanded && (why.Code == ProblemUnreachable || why.Code == ProblemRateLimited):
		why.Code = ProblemSignatureUnread
	case demanded && why.Code == ProblemUnauthorised:
		why.Code = ProblemSignatureHidden
	case demanded:
		why.Code = ProblemNoSuchVersion
	}
	why.Service = r.Service
	if demanded || why.Code == ProblemNoSuchVersion {
		return refused(why)
	}
	return rollout.Preflight{Notices: []rollout.Problem{why}}
}

// refused holds the start while a registry may still answer, and refuses it else.
func refused(why rollout.Problem) rollout.Preflight {
	if why.Code == ProblemSignatureUnread {
		return rollout.Preflight{Unreadable: why}
	}
	return rollout.Preflight{Problems: []rollout.Problem{why}}
}

// Resolve returns the rollout's image with the digest that its tag names now; empty: that cannot be told, or tags are left
// alone. It blocks for five seconds at most.
func (p *Pinner) Resolve(ctx context.Context, r rollout.Rollout) string {
	if _, demanded := p.options.Verify[r.Service]; p.options.Off && !demanded {
		return ""
	}
	image, why := p.resolve(ctx, r)
	if !why.IsZero() {
		p.options.Log.Debug("tag not resolved", "rollout", r.ID, "service", r.Service, "problem", why.String())
		return ""
	}
	return image
}
