package git

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/edit"
	"canarybot.io/rollout/git/forge"
)

var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?$`)

// IsHost reports whether the text is a host, with or without a port.
func IsHost(text string) bool { return len(text) <= 260 && hostForm.MatchString(text) }

// ValidKey reports whether the file's key can name a value of such a file.
func ValidKey(f rollout.GitFile) bool { return edit.ValidKey(f.Edit, f.Key) }

// SetDirectory lets relative paths start at the directory.
func (o *Options) SetDirectory(dir string) {
	for i := range o.Hosts {
		h := &o.Hosts[i]
		for _, path := range []*string{&h.TokenFile, &h.KeyFile, &h.KnownHostsFile, &h.CAFile} {
			if *path != "" && !filepath.IsAbs(*path) {
				*path = filepath.Join(dir, *path)
			}
		}
	}
}

// CanReach returns what is missing to reach the file's repository, in words that follow the repository's key.
func (o Options) CanReach(f rollout.GitFile) error {
	a, err := parseAddress(f.Repo)
	if err != nil {
		return err
	}
	var h Host
	for _, one := range o.Hosts {
		if strings.EqualFold(one.Name, a.host) {
			h = one
		}
	}
	switch {
	case a.scheme == "ssh" && h.KeyFile == "":
		return fmt.Errorf("is reached by a key; name key_file and known_hosts_file for %s in the top-level git", a.host)
	case a.clearText() && !h.Insecure:
		return errors.New("would be read and written in clear text; write https://, or insecure: allowed for this host in the top-level git")
	case f.Push == rollout.PullRequest && (h.Forge == forge.Unknown || h.TokenFile == ""):
		return fmt.Errorf("takes pull requests only where its forge is known; name forge and token_file for %s in the top-level git", a.host)
	}
	return nil
}
