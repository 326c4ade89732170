package git

import (
	"errors"
	"net"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// address is where a repository is.
type address struct {
	scheme string // https, http, ssh or file
	user   string // of ssh
	host   string // with its port, where it names one
	path   string // as the protocol has it
}

var scpForm = regexp.MustCompile(`^([a-zA-Z0-9_][a-zA-Z0-9._-]*)@([a-zA-Z0-9.-]+):([^/].*)$`)

// parseAddress reads an address: a URL, or user@host:path as ssh has it. The error quotes nothing of it, and says no more
// than what to write.
func parseAddress(text string) (address, error) {
	if m := scpForm.FindStringSubmatch(text); m != nil {
		text = "ssh://" + m[1] + "@" + m[2] + "/" + m[3]
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || !strings.HasPrefix(text, u.Scheme) || len(text) > 1000 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return address{}, errors.New("is not the address of a repository; write for example https://github.com/acme/deploys.git")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return address{}, errors.New("has a query or a fragment; write the repository's address alone")
	}
	a := address{scheme: u.Scheme, host: strings.ToLower(u.Host), path: u.Path}
	password := false
	if u.User != nil {
		a.user = u.User.Username()
		_, password = u.User.Password()
	}
	switch a.scheme {
	case "https", "http":
		if u.User != nil {
			return address{}, errors.New("has credentials in it; put them into a file, and name that in the top-level git for this host")
		}
	case "ssh":
		if password {
			return address{}, errors.New("has a password in it; name a key in the top-level git for this host")
		}
		if a.user == "" {
			a.user = "git"
		}
	case "file":
		if a.host != "" || u.User != nil {
			return address{}, errors.New("is not a directory of this machine; write file:///srv/git/deploys.git")
		}
	default:
		return address{}, errors.New("is not one that Canarybot speaks; write https://, ssh:// or git@host:path")
	}
	if a.scheme != "file" && u.Hostname() == "" {
		return address{}, errors.New("names no host")
	}
	if a.path == "" || a.path == "/" || path.Clean(a.path) != strings.TrimSuffix(a.path, "/") || strings.ContainsRune(a.path, '\\') {
		return address{}, errors.New("has a path that names no repository")
	}
	return a, nil
}

// url returns the address as the protocol's library takes it.
func (a address) url() string {
	u := url.URL{Scheme: a.scheme, Host: a.host, Path: a.path}
	return u.String()
}

// String returns the address as people read it, without scheme and user.
func (a address) String() string {
	return a.host + strings.TrimSuffix(strings.TrimSuffix(a.path, "/"), ".git")
}

// repository is the path as a forge names it: acme/deploys.
func (a address) repository() string {
	return strings.TrimSuffix(strings.Trim(a.path, "/"), ".git")
}

// clearText reports whether a token would leave this machine unencrypted.
func (a address) clearText() bool { return a.scheme == "http" && !local(a.host) }

// local reports whether the host, with or without a port, is this machine.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(strings.TrimSuffix(strings.ToLower(host), "."), "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// CheckAddress returns what is wrong with a repository's address, in words that follow its key and quote nothing of it.
func CheckAddress(text string) error {
	_, err := parseAddress(text)
	return err
}

// CheckPath returns what is wrong with the path of a file within a repository.
func CheckPath(name string) error {
	switch {
	case name == "" || strings.HasSuffix(name, "/"):
		return errors.New("names no file")
	case path.IsAbs(name) || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../"):
		return errors.New("must be relative to the repository's root, without . and .. in it")
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\\' || r == 0x7f }):
		return errors.New("holds characters that no such path has")
	case len(name) > 500 || strings.Count(name, "/") > 20:
		return errors.New("is longer than any such path")
	}
	for part := range strings.SplitSeq(strings.ToLower(name), "/") {
		if part == ".git" {
			return errors.New("leads into Git's own directory")
		}
	}
	return nil
}

var branchForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./+#-]{0,199}$`)

// CheckBranch returns what is wrong with a branch's name.
func CheckBranch(name string) error {
	bad := !branchForm.MatchString(name) || strings.Contains(name, "..") || strings.Contains(name, "//") ||
		strings.HasSuffix(name, "/") || strings.HasSuffix(name, ".") || strings.HasSuffix(name, ".lock") || strings.Contains(name, "/.")
	if bad {
		return errors.New("is not the name of a branch; write for example main")
	}
	return nil
}

var authorForm = regexp.MustCompile(`^([^<>\x00-\x1f\x7f]{1,100}) <([^<>\s\x00-\x1f\x7f]{1,200})>$`)

// CheckAuthor returns what is wrong with the author of commits.
func CheckAuthor(text string) error {
	if !authorForm.MatchString(text) || strings.TrimSpace(text) != text {
		return errors.New("is not an author; write for example Canarybot <canarybot@example.com>")
	}
	return nil
}
