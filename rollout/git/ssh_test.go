package git_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

// sshBed is a repository behind an ssh server that knows one key.
type sshBed struct {
	*bed
	address string
	dir     string
	signers []ssh.Signer // of the host
}

// newKey makes a key and returns it with the text of its file.
func newKey(t *testing.T) (ssh.Signer, []byte) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, errSigner := ssh.NewSignerFromKey(private)
	block, errBlock := ssh.MarshalPrivateKey(private, "")
	if err := errors.Join(errSigner, errBlock); err != nil {
		t.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

func newSSH(t *testing.T) *sshBed {
	t.Helper()
	s := &sshBed{bed: newBed(t, shop()), dir: t.TempDir()}
	allowed, text := newKey(t)
	_, other := newKey(t)
	host, _ := newKey(t)
	s.signers = []ssh.Signer{host}
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) != string(allowed.PublicKey().Marshal()) {
			return nil, errors.New("unknown")
		}
		return nil, nil
	}}
	config.AddHostKey(host)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	var group sync.WaitGroup
	t.Cleanup(func() { l.Close(); group.Wait() })
	group.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { s.serve(conn, config) })
		}
	})
	s.write("key", string(text))
	s.write("other", string(other))
	s.write("known", knownhosts.Line([]string{s.address}, host.PublicKey()))
	stranger, _ := newKey(t)
	s.write("strange", knownhosts.Line([]string{s.address}, stranger.PublicKey()))
	s.write("nobody", knownhosts.Line([]string{"github.com"}, host.PublicKey()))
	return s
}

func (s *sshBed) write(name, text string) {
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// serve runs what one connection asks for.
func (s *sshBed) serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		channel, asked, err := c.Accept()
		if err != nil {
			return
		}
		for r := range asked {
			_ = r.Reply(r.Type == "exec", nil)
			if r.Type != "exec" {
				continue
			}
			service, _, _ := strings.Cut(string(r.Payload[4:]), " ")
			cmd := exec.CommandContext(s.t.Context(), "git", strings.TrimPrefix(service, "git-"), s.bare)
			cmd.Stdout, cmd.Stderr = channel, channel.Stderr()
			in, err := cmd.StdinPipe()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(in, channel); in.Close() }()
			_ = cmd.Run()
			_, _ = channel.SendRequest("exit-status", false, []byte{0, 0, 0, 0})
			channel.Close()
		}
	}
}

func (s *sshBed) hosts(key, known string) []git.Host {
	return []git.Host{{Name: s.address, KeyFile: filepath.Join(s.dir, key), KnownHostsFile: filepath.Join(s.dir, known)}}
}

func TestOverSSH(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]bool{"whole": false, "filters": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSSH(t)
			if filter {
				s.filtering()
			}
			r := promoting("ssh://git@" + s.address + "/acme/deploys.git")
			g := git.New(git.Options{Hosts: s.hosts("key", "known")})
			first := want(t, g.Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			again := want(t, git.New(git.Options{Hosts: s.hosts("key", "known")}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			if first.Promotion.Hash == "" || again.Promotion != first.Promotion || s.ours("main") != 1 {
				t.Errorf("got %+v, then %+v", first, again)
			}
			s.hook("pre-receive", `echo "no commits on Fridays" >&2; exit 1`)
			if refused := g.Fulfil(t.Context(), r, rollout.WantRevert); refused.Unreadable.Code != rollout.ProblemGitPushRefused {
				t.Errorf("refused: %+v", refused)
			}
			s.hook("pre-receive", "exit 0")
			want(t, g.Fulfil(t.Context(), r, rollout.WantRevert), "v1")
		})
	}
}

// A key signs in only at a host that is known, and nothing of it is told.
func TestSSHKeys(t *testing.T) {
	t.Parallel()
	s := newSSH(t)
	s.write("nokey", "hunter2")
	s.write("empty", "")
	for name, tt := range map[string]struct {
		key, known string
		want       rollout.ProblemCode
	}{
		"another key":          {"other", "known", rollout.ProblemGitSignIn},
		"no key":               {"nokey", "known", rollout.ProblemGitNoKey},
		"a missing key":        {"missing", "known", rollout.ProblemGitNoKey},
		"another host key":     {"key", "strange", rollout.ProblemGitNoKey},
		"an unknown host":      {"key", "nobody", rollout.ProblemGitNoKey},
		"no known hosts":       {"key", "missing", rollout.ProblemGitNoKey},
		"empty known hosts":    {"key", "empty", rollout.ProblemGitNoKey},
		"odd known hosts":      {"key", "nokey", rollout.ProblemGitNoKey},
		"the key as the hosts": {"key", "key", rollout.ProblemGitNoKey},
	} {
		got := git.New(git.Options{Hosts: s.hosts(tt.key, tt.known)}).Fulfil(t.Context(), promoting("ssh://git@"+s.address+"/acme/deploys.git"), rollout.WantPromotion)
		if got.Unreadable.Code != tt.want || strings.Contains(got.Unreadable.String(), "hunter2") || strings.Contains(got.Unreadable.String(), "BEGIN") {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	none := git.New(git.Options{}).Fulfil(t.Context(), promoting("ssh://git@"+s.address+"/acme/deploys.git"), rollout.WantPromotion)
	if none.Unreadable.Code != rollout.ProblemGitNoKey {
		t.Errorf("without a key: %+v", none)
	}
}
