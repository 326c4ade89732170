package node

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// Registry says what images contain: the digest of each, and how it behaves. An image is known as
// soon as somebody used its tag.
type Registry struct {
	mu     sync.Mutex
	pods   map[string]Behaviour // of those that behave otherwise than their image, by name
	images map[string]image     // by reference without digest, such as registry.example.com/shop/checkout:v1
	past   []image              // what tags named before they were pushed again: it is still there by its digest
}

// image is what a reference names at the moment.
type image struct {
	repository string
	tag        string
	digest     string
	behaviour  Behaviour
	changed    chan struct{} // closed when the behaviour changes
	pushes     int
}

// id returns what a container runtime reports as the image's id: most the digest of the list of all platforms, which is
// what was asked for, some that of the platform's own manifest.
func (i image) id(platform string) string {
	if i.behaviour.Platforms {
		return i.repository + "@" + digest(i.digest+" "+platform)
	}
	return i.repository + "@" + i.digest
}

// NewRegistry returns a registry in which every image does what its tag says.
func NewRegistry() *Registry {
	return &Registry{images: map[string]image{}, pods: map[string]Behaviour{}}
}

// Digest returns the digest of an image named by its tag.
func (r *Registry) Digest(ref string) (string, error) {
	i, err := r.pull(ref)
	return i.digest, err
}

// Behave changes what the running and the future containers of an image do.
func (r *Registry) Behave(ref string, behaviour Behaviour) error {
	return r.replace(ref, func(i *image) { i.behaviour = behaviour })
}

// Spoil changes what one pod answers, as its node may: not how its containers fare. It ends with the pod.
func (r *Registry) Spoil(pod string, behaviour Behaviour) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pods[pod] = behaviour
}

// of returns what the containers of a pod do at the moment, of an image that was pulled.
func (r *Registry) of(pod string, i image) Behaviour {
	behaviour := r.current(i).behaviour
	r.mu.Lock()
	defer r.mu.Unlock()
	if spoiled, ok := r.pods[pod]; ok {
		return spoiled
	}
	return behaviour
}

// Push makes a tag name another image from now on: containers that start later report another
// digest. It behaves as before.
func (r *Registry) Push(ref string) error {
	return r.replace(ref, func(i *image) {
		r.past = append(r.past, *i)
		i.pushes++
		i.digest = digest(fmt.Sprintf("%s pushed again %d", ref, i.pushes))
	})
}

// ServeHTTP says what a tag names, as registries do at HEAD: whoever pins it asks no more.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	path, tag, ok := strings.Cut(strings.TrimPrefix(req.URL.Path, "/v2/"), "/manifests/")
	if !ok || req.Method != http.MethodHead {
		http.Error(w, "only manifests, by HEAD", http.StatusMethodNotAllowed)
		return
	}
	digest, err := r.Digest(req.Host + "/" + path + ":" + tag)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
	w.Header().Set("Content-Length", "2")
	w.Header().Set("Docker-Content-Digest", digest)
}

func (r *Registry) replace(ref string, change func(*image)) error {
	i, err := r.pull(ref)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i = r.images[i.repository+":"+i.tag]
	previous := i.changed
	i.changed = make(chan struct{})
	change(&i)
	r.images[i.repository+":"+i.tag] = i
	close(previous)
	return nil
}

// current returns the current state of an image that was pulled.
func (r *Registry) current(i image) image {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.images[i.repository+":"+i.tag]
}

// pull returns the image that a reference names. A reference with a digest finds the image that a
// tag was seen with; one that was never seen does not exist.
func (r *Registry) pull(ref string) (image, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, wanted, byDigest := strings.Cut(ref, "@")
	if byDigest {
		for _, i := range r.images {
			if i.digest == wanted && (name == i.repository || name == i.repository+":"+i.tag) {
				return i, nil
			}
		}
		for _, i := range r.past {
			if i.digest == wanted && (name == i.repository || name == i.repository+":"+i.tag) {
				return i, nil
			}
		}
		return image{}, fmt.Errorf("no image %s", ref)
	}
	repository, tag := split(name)
	name = repository + ":" + tag
	if i, ok := r.images[name]; ok {
		return i, nil
	}
	behaviour, err := ParseTag(tag)
	if err != nil {
		return image{}, err
	}
	i := image{
		repository: repository,
		tag:        tag,
		digest:     digest(name),
		behaviour:  behaviour,
		changed:    make(chan struct{}),
	}
	r.images[name] = i
	return i, nil
}

// split splits a reference without digest.
func split(name string) (repository, tag string) {
	if colon := strings.LastIndex(name, ":"); colon > strings.LastIndex(name, "/") {
		return name[:colon], name[colon+1:]
	}
	return name, "latest"
}

func digest(content string) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content)))
}
