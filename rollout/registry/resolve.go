package registry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	spec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"canarybot.io/rollout"
)

// Why a tag stays as it is. Key is the registry, Value the image, Words what the registry or the network said.
const (
	ProblemUnauthorised rollout.ProblemCode = "registry_unauthorised" // it wants to know who asks
	ProblemRateLimited  rollout.ProblemCode = "registry_rate_limited" // it was asked too often
	ProblemUnreachable  rollout.ProblemCode = "registry_unreachable"  // it gave no answer that could be used
	// ProblemTagUnknown is that it does not know the tag, as far as it tells those who do not sign in.
	ProblemTagUnknown rollout.ProblemCode = "registry_tag_unknown"
	// ProblemNoSuchVersion is that it has no such tag, and it was asked as the pods would ask. It refuses the start.
	ProblemNoSuchVersion rollout.ProblemCode = "registry_no_such_version"
)

const (
	// mostManifest bounds a manifest or a list of referrers, as registries do.
	mostManifest = 4 << 20
	// mostRefusal bounds the body of a refusal.
	mostRefusal = 8 << 10
)

// manifestTypes are what a tag may name: an image for one platform, or a list of those for several.
var manifestTypes = []string{
	spec.MediaTypeImageIndex, spec.MediaTypeImageManifest,
	"application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.docker.distribution.manifest.v2+json",
}

var errNoManifest = errors.New("not a manifest")

var sha256Form = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)

// repository is one repository at its registry, as one service's pods would ask there.
type repository struct {
	*remote.Repository
	client *auth.Client
	host   string // as people know it
	image  string // that is asked about
	signed bool   // there are credentials for it
}

// resolve returns the rollout's image with the digest that its tag names now, or why that cannot be told.
func (p *Pinner) resolve(ctx context.Context, r rollout.Rollout) (string, rollout.Problem) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	image, _, _ := strings.Cut(r.Image, "@")
	_, _, tag, _ := rollout.SplitImage(image)
	repo, why := p.open(ctx, r, image)
	if !why.IsZero() {
		return "", why
	}
	found, err := repo.find(ctx, tag)
	switch {
	case err != nil:
		return "", repo.problem(ctx, tag, err)
	case !slices.Contains(manifestTypes, found.MediaType): // a page of whatever stands before it, perhaps
		return "", repo.problem(ctx, tag, errNoManifest)
	case !sha256Form.MatchString(found.Digest.String()):
		return "", rollout.Problem{Code: ProblemUnreachable, Key: repo.host, Value: image, Words: "its digest is not of SHA-256"}
	}
	if !strings.HasSuffix(image, ":"+tag) {
		image += ":" + tag // so that people know what latest was
	}
	return image + "@" + found.Digest.String(), rollout.Problem{}
}

// find asks by HEAD, which Docker Hub does not count, and by GET where the answer to that tells no digest.
func (r repository) find(ctx context.Context, reference string) (spec.Descriptor, error) {
	found, err := r.Resolve(ctx, reference)
	var answered *errcode.ErrorResponse
	var network *url.Error
	switch {
	case err == nil, errors.Is(err, errdef.ErrNotFound), errors.As(err, &network), errors.Is(err, auth.ErrBasicCredentialNotFound):
		return found, err
	case errors.As(err, &answered) && answered.StatusCode != http.StatusMethodNotAllowed:
		return found, err
	}
	found, body, err := r.FetchReference(ctx, reference)
	if err == nil {
		err = body.Close()
	}
	return found, err
}

// open returns the repository of the image.
func (p *Pinner) open(ctx context.Context, r rollout.Rollout, image string) (repository, rollout.Problem) {
	host, path, _, _ := rollout.SplitImage(image)
	repo := repository{host: host, image: image}
	reference := registry.Reference{Registry: host, Repository: path}
	if err := errors.Join(reference.ValidateRegistry(), reference.ValidateRepository()); err != nil {
		return repo, rollout.Problem{Code: ProblemUnreachable, Key: host, Value: image, Words: err.Error()}
	}
	credential := p.credential(ctx, r, host, path)
	repo.signed = credential != auth.EmptyCredential
	repo.client = &auth.Client{
		Client: &http.Client{Transport: p.transport}, Cache: auth.NewCache(), Header: http.Header{"User-Agent": {"canarybot"}},
		Credential: auth.StaticCredential(host, credential),
	}
	repo.Repository = &remote.Repository{
		Client: repo.client, Reference: reference, PlainHTTP: p.plain(host),
		MaxMetadataBytes: mostManifest, ReferrerListMaxPages: 4,
	}
	return repo, rollout.Problem{}
}

// plain reports whether the registry is asked unencrypted: on this machine, or where the configuration allows that.
func (p *Pinner) plain(host string) bool {
	if slices.Contains(p.options.Insecure, host) {
		return true
	}
	name := (&url.URL{Host: host}).Hostname()
	address, err := netip.ParseAddr(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && address.IsLoopback()
}

// problem says why the reference could not be resolved.
func (r repository) problem(ctx context.Context, reference string, err error) rollout.Problem {
	p := rollout.Problem{Code: ProblemUnreachable, Key: r.host, Value: r.image}
	var answered *errcode.ErrorResponse
	var network *url.Error
	switch {
	case errors.Is(err, errdef.ErrNotFound):
		p.Code = ProblemTagUnknown
		if r.signed && r.denies(ctx, reference) {
			p.Code = ProblemNoSuchVersion
		}
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		p.Code = ProblemUnauthorised
	case errors.As(err, &answered):
		switch answered.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden:
			p.Code = ProblemUnauthorised
		case http.StatusTooManyRequests:
			p.Code = ProblemRateLimited
		default:
			p.Words = "status " + http.StatusText(answered.StatusCode)
		}
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		p.Words = "no answer in " + resolveTimeout.Round(time.Second).String()
	case errors.As(err, &network):
		p.Words = network.Err.Error() // without the address, whose query may hold more than people need
	default:
		p.Words = "its answer is not that of a registry"
	}
	return p
}

// denies reports whether the registry itself says that it has no such manifest. The answer to HEAD has no body, and 404 alone
// may come from whatever stands before it.
func (r repository) denies(ctx context.Context, reference string) bool {
	at := r.Reference
	at.Reference = reference
	scheme := "https"
	if r.PlainHTTP {
		scheme = "http"
	}
	address := url.URL{Scheme: scheme, Host: at.Host(), Path: "/v2/" + at.Repository + "/manifests/" + reference}
	ctx = auth.AppendRepositoryScope(ctx, at, auth.ActionPull)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return false
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var said struct{ Errors errcode.Errors }
	if resp.StatusCode != http.StatusNotFound || json.NewDecoder(io.LimitReader(resp.Body, mostRefusal)).Decode(&said) != nil {
		return false
	}
	return slices.ContainsFunc(said.Errors, func(e errcode.Error) bool {
		return e.Code == errcode.ErrorCodeManifestUnknown || e.Code == errcode.ErrorCodeNameUnknown
	})
}
