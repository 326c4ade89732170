package rollout

import "strings"

// imageName is an image's reference in its parts. A registry that is not named is Docker Hub, as for every runtime.
type imageName struct{ host, path, tag, digest string }

func parseImage(image string) imageName {
	var n imageName
	n.path, n.digest, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(n.path, ':'); i > strings.LastIndexByte(n.path, '/') {
		n.path, n.tag = n.path[:i], n.path[i+1:]
	}
	const hub = "docker.io"
	n.host = hub
	if first, rest, ok := strings.Cut(n.path, "/"); ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		n.host, n.path = first, rest
	}
	if n.host == "index.docker.io" || n.host == "registry-1.docker.io" {
		n.host = hub
	}
	if n.host == hub && !strings.Contains(n.path, "/") {
		n.path = "library/" + n.path
	}
	return n
}

// version returns the tag that the image is known by: a reference without tag and digest means latest.
func (n imageName) version() string {
	if n.tag == "" && n.digest == "" {
		return "latest"
	}
	return n.tag
}

// mirrors reports whether the two may be the same repository behind two registries: a mirror keeps the path, and may put
// its own, or the registry that it mirrors, before it.
func (n imageName) mirrors(other imageName) bool {
	return n.path == other.path || strings.HasSuffix(n.path, "/"+other.path) || strings.HasSuffix(other.path, "/"+n.path)
}

// InRepository reports whether the image comes from the repository, under whatever name of Docker Hub.
func InRepository(image, repository string) bool {
	n, r := parseImage(image), parseImage(repository)
	return image != "" && repository != "" && n.host == r.host && n.path == r.path
}

// Mirrored reports whether the image may come from the repository by way of a mirror: its path is the same.
func Mirrored(image, repository string) bool {
	return image != "" && repository != "" && parseImage(image).mirrors(parseImage(repository))
}

// SameImage reports whether the two references are the same version of the same image, as far as the references tell:
// the same digest, or, unless both have one, the same tag. What they are pulled from may differ in all but the path.
func SameImage(a, b string) bool {
	if a == b {
		return true
	}
	x, y := parseImage(a), parseImage(b)
	switch {
	case a == "" || b == "" || !x.mirrors(y):
		return false
	case x.digest != "" && y.digest != "":
		return x.digest == y.digest
	}
	return x.version() != "" && x.version() == y.version()
}

// otherDigest reports whether both images have a digest, and not the same one.
func otherDigest(a, b string) bool {
	x, y := parseImage(a).digest, parseImage(b).digest
	return x != "" && y != "" && x != y
}

// AdmittedAs reports whether the image may be what admission made of one that was written over another: its digest added
// to the tag or put in its place, another registry, or both. It is not where admission set another version, or the one
// that was to be replaced.
func AdmittedAs(wrote, over, became string) bool {
	if wrote == "" || became == "" || became == wrote || became == over {
		return false
	}
	w, b := parseImage(wrote), parseImage(became)
	switch {
	case !w.mirrors(b) && (w.tag == "" || w.tag != b.tag):
		return false
	case w.digest != "":
		return b.digest == w.digest
	case b.version() != "":
		return b.version() == w.version()
	}
	return true // by its digest alone
}

// withTag returns the image with the tag beside its digest; unchanged where it has a tag, or no digest.
func withTag(image, tag string) string {
	name, digest, ok := strings.Cut(image, "@")
	if !ok || tag == "" || parseImage(image).tag != "" {
		return image
	}
	return name + ":" + tag + "@" + digest
}

// SplitImage returns the parts of an image's reference, as its registry knows them: Docker Hub is docker.io under all of its
// names. A reference without tag and digest means the tag latest; beside a digest an absent tag is empty.
func SplitImage(image string) (registry, repository, tag, digest string) {
	n := parseImage(image)
	return n.host, n.path, n.version(), n.digest
}
