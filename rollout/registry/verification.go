package registry

import (
	"context"
	"crypto"
	"errors"
	"io"
	"strings"

	"github.com/opencontainers/go-digest"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/errdef"

	"canarybot.io/rollout"
	"canarybot.io/secret"
)

// What keeps an image from being started for want of a signature. Value is the image.
const (
	ProblemUnsigned        rollout.ProblemCode = "image_unsigned"     // there is no signature of it
	ProblemSignedOtherwise rollout.ProblemCode = "signed_otherwise"   // none of its Count signatures is by a key that is asked for
	ProblemSignatureHidden rollout.ProblemCode = "signature_hidden"   // the registry Key wants to know who asks
	ProblemSignatureUnread rollout.ProblemCode = "signature_unread"   // the registry Key gave no answer, said in Words; it may later
	ProblemKeyUnread       rollout.ProblemCode = "signature_key"      // the public key cannot be read from the file Key: Words
	ProblemCommandRefuses  rollout.ProblemCode = "signature_refused"  // the command Key says so, in Words
	ProblemCommandFails    rollout.ProblemCode = "signature_command"  // the command Key could not be run: Words
	ProblemCommandTimeout  rollout.ProblemCode = "signature_too_late" // the command Key did not end in time
)

const (
	// mostSignatures bounds how many signatures of one image are looked at, and mostSignature the size of one.
	mostSignatures, mostSignature = 50, 1 << 20
)

// Verification says who has to have signed an image: the owner of one of the keys, or whoever the command accepts.
type Verification struct {
	Keys    []crypto.PublicKey
	KeyFile string   // of public keys in PEM, read at each start; in place of Keys
	Command []string // a program and its arguments; {image} in one stands for the image with its digest
}

// signature is one signature that a registry has beside an image. It may be anything.
type signature interface {
	// signs reports whether one of the keys made it for the image with the digest.
	signs(keys []crypto.PublicKey, image digest.Digest) bool
}

// verify says why the image, which has its digest, is not signed as it has to be.
func (p *Pinner) verify(ctx context.Context, r rollout.Rollout, v Verification) rollout.Problem {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	why := rollout.Problem{}
	if len(v.Command) > 0 {
		why = run(ctx, v.Command, r.Image)
	} else {
		why = p.verifyKeys(ctx, r, v)
	}
	if !why.IsZero() {
		why.Service = r.Service
	}
	return why
}

func (p *Pinner) verifyKeys(ctx context.Context, r rollout.Rollout, v Verification) rollout.Problem {
	keys := v.Keys
	if v.KeyFile != "" {
		pem, err := secret.NewFile(v.KeyFile, secret.Text, p.options.Log).Read()
		if err == nil {
			keys, err = ParseKeys(pem)
		}
		if err != nil {
			return rollout.Problem{Code: ProblemKeyUnread, Key: v.KeyFile, Words: err.Error()}
		}
	}
	_, _, _, sum := rollout.SplitImage(r.Image)
	repo, why := p.open(ctx, r, r.Image)
	if !why.IsZero() {
		why.Code = ProblemSignatureUnread
		return why
	}
	count, signed := 0, false
	err := repo.signatures(ctx, digest.Digest(sum), func(s signature) bool {
		count++
		signed = s.signs(keys, digest.Digest(sum))
		return !signed && count < mostSignatures
	})
	switch {
	case signed:
		return rollout.Problem{}
	case err != nil:
		return repo.unread(ctx, err)
	case count == 0:
		return rollout.Problem{Code: ProblemUnsigned, Value: r.Image}
	}
	return rollout.Problem{Code: ProblemSignedOtherwise, Value: r.Image, Count: count}
}

// unread is the problem that the signatures could not be read.
func (r repository) unread(ctx context.Context, err error) rollout.Problem {
	why := r.problem(ctx, "", err)
	if why.Code == ProblemUnauthorised {
		why.Code = ProblemSignatureHidden
	} else {
		why.Code = ProblemSignatureUnread
	}
	return why
}

// signatures calls each for the signatures that the repository has of the image, until it returns false: those beside it by a
// tag of its digest, then those that name it as their subject. The error says what could not be read; what is too large or
// not the blob that its digest names is no signature.
func (r repository) signatures(ctx context.Context, image digest.Digest, each func(signature) bool) error {
	more, err := r.signaturesByTag(ctx, image, each)
	if err != nil || !more {
		return err
	}
	var wrong error
	err = r.Referrers(ctx, spec.Descriptor{Digest: image}, "", func(all []spec.Descriptor) error {
		for _, d := range all {
			if !more || !mayBeBundle(d) {
				continue
			}
			if more, wrong = r.bundles(ctx, d, each); wrong != nil {
				return wrong
			}
		}
		return nil
	})
	if errors.Is(err, errdef.ErrNotFound) {
		return nil
	}
	return err
}

// mayBeBundle reports whether a referrer may hold a bundle: some registries tell the type of its configuration, which is empty.
func mayBeBundle(d spec.Descriptor) bool {
	kind := d.ArtifactType
	return d.MediaType == spec.MediaTypeImageManifest && (kind == "" || kind == spec.MediaTypeEmptyJSON || strings.HasPrefix(kind, bundleType))
}

// signaturesByTag is about the signatures that cosign puts beside an image by a tag that is made of its digest.
func (r repository) signaturesByTag(ctx context.Context, image digest.Digest, each func(signature) bool) (more bool, err error) {
	d, body, err := r.FetchReference(ctx, strings.Replace(image.String(), ":", "-", 1)+".sig")
	if errors.Is(err, errdef.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	manifest, err := readManifest(d, body)
	if err != nil {
		return false, err
	}
	for _, layer := range manifest.Layers {
		text, isSignature := layer.Annotations[signatureAnnotation]
		if !isSignature || layer.MediaType != simpleSigningType {
			continue
		}
		payload, err := r.blob(ctx, layer)
		if err != nil {
			return false, err
		}
		if !each(simpleSigning{payload: payload, signature: text}) {
			return false, nil
		}
	}
	return true, nil
}

// bundles is about the Sigstore bundles in one manifest that names the image as its subject.
func (r repository) bundles(ctx context.Context, d spec.Descriptor, each func(signature) bool) (more bool, err error) {
	if d.Size > mostManifest {
		return true, nil
	}
	body, err := r.Fetch(ctx, d)
	if err != nil {
		return false, err
	}
	manifest, err := readManifest(d, body)
	if err != nil {
		return false, err
	}
	for _, layer := range manifest.Layers {
		if !strings.HasPrefix(layer.MediaType, bundleType) {
			continue
		}
		text, err := r.blob(ctx, layer)
		if err != nil {
			return false, err
		}
		if !each(bundle(text)) {
			return false, nil
		}
	}
	return true, nil
}

// blob returns what the descriptor names, proved by its digest; nothing where it is too large or something else.
func (r repository) blob(ctx context.Context, d spec.Descriptor) ([]byte, error) {
	if d.Size > mostSignature || d.Size < 0 || d.Digest.Validate() != nil {
		return nil, nil
	}
	body, err := r.Blobs().Fetch(ctx, d)
	if errors.Is(err, errdef.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return proved(body, d)
}

// proved reads what the descriptor names. What is not that is nothing; a connection that breaks is an error.
func proved(body io.Reader, d spec.Descriptor) ([]byte, error) {
	all, err := content.ReadAll(body, d)
	if errors.Is(err, content.ErrMismatchedDigest) || errors.Is(err, content.ErrTrailingData) || errors.Is(err, content.ErrInvalidDescriptorSize) {
		return nil, nil
	}
	return all, err
}
