package git

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"canarybot.io/rollout/git/forge"
	"canarybot.io/secret"
)

// Host says how to sign in at a host of repositories, and how to ask for pull requests there.
type Host struct {
	Name string // as in addresses, with its port where they name one
	// TokenFile holds what signs in over HTTPS, and at the forge's API, by this user's name.
	TokenFile, Username string
	// KeyFile holds the private key that signs in over ssh; KnownHostsFile the host's public keys.
	KeyFile, KnownHostsFile string
	Forge                   forge.Kind
	API                     string // of the forge; empty: where such a forge has it
	CAFile                  string // holds certificates that the host's may be signed by, beside those of the system
	Insecure                bool   // a token may go there unencrypted
}

// host is a Host with its files.
type host struct {
	Host
	token, key, known, ca *secret.File
}

func newHost(h Host, log *slog.Logger) *host {
	file := func(path string, form secret.Form) *secret.File {
		if path == "" {
			return nil
		}
		return secret.NewFile(path, form, log)
	}
	return &host{
		Host: h, token: file(h.TokenFile, secret.Word), key: file(h.KeyFile, secret.Text),
		known: file(h.KnownHostsFile, secret.Text), ca: file(h.CAFile, secret.Text),
	}
}

// errNoKey says that what signs in is missing or cannot be read.
type errNoKey struct{ error }

// read returns what a file holds; empty where none is named.
func read(f *secret.File) (string, error) {
	if f == nil {
		return "", nil
	}
	text, err := f.Read()
	if err != nil {
		return "", errNoKey{err}
	}
	return text, nil
}

// client returns a client of the host's HTTP servers, and a function that closes its connections. What an answer may hold
// is bounded; redirects are for its caller.
func (h *host) client(most int64) (*http.Client, func(), error) {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
	}
	authorities, err := read(h.ca)
	if err != nil {
		return nil, nil, err
	}
	if authorities != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(authorities)) {
			return nil, nil, errNoKey{fmt.Errorf("%s holds no certificate", h.CAFile)}
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: bounded{t, most}}, t.CloseIdleConnections, nil
}

// bounded lets no answer be larger than most.
type bounded struct {
	http.RoundTripper
	most int64
}

// RoundTrip sends a request.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &boundedBody{ReadCloser: response.Body, left: b.most}
	}
	return response, err
}

// errTooLarge says that the server sends more than is read.
var errTooLarge = errors.New("the answer is too large")

type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read reads, until there was too much.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// dial returns the transport to a repository, how to sign in, and a function that releases both.
func (h *host) dial(a address, most int64) (transport.Transport, transport.AuthMethod, func(), error) {
	switch a.scheme {
	case "file":
		return streams{open: openProcess, most: most}, nil, func() {}, nil
	case "ssh":
		config, err := h.ssh(a)
		if err != nil {
			return nil, nil, nil, err
		}
		open := func(ctx context.Context, service string, a address) (stream, error) {
			return openSSH(ctx, service, a, config)
		}
		return streams{open: open, most: most}, nil, func() {}, nil
	}
	token, err := read(h.token)
	if err == nil && token != "" && a.clearText() && !h.Insecure {
		err = errNoKey{errors.New("the token would go there unencrypted; write https://, or insecure: allowed where nobody can listen on the way")}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	client, release, err := h.client(most)
	if err != nil {
		return nil, nil, nil, err
	}
	var auth transport.AuthMethod
	if token != "" {
		auth = &githttp.BasicAuth{Username: h.username(), Password: token}
	}
	return githttp.NewClient(client), auth, release, nil
}

// username is the name beside a token. GitHub and GitLab take any, and want these of some kinds of tokens.
func (h *host) username() string {
	switch {
	case h.Username != "":
		return h.Username
	case h.Forge == forge.GitHub:
		return "x-access-token"
	}
	return "oauth2"
}

// ssh returns how to sign in over ssh: with the key, and only at a host whose key is known.
func (h *host) ssh(a address) (*ssh.ClientConfig, error) {
	if h.key == nil || h.known == nil {
		return nil, errNoKey{errors.New("name key_file and known_hosts_file for this host in the configuration's git")}
	}
	text, err := read(h.key)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey([]byte(text + "\n"))
	if err != nil {
		return nil, errNoKey{fmt.Errorf("%s is not a private key without a passphrase", h.KeyFile)}
	}
	if _, err := read(h.known); err != nil {
		return nil, err
	}
	check, err := knownhosts.New(h.KnownHostsFile)
	if err != nil {
		return nil, errNoKey{fmt.Errorf("%s does not list hosts as ssh does", h.KnownHostsFile)}
	}
	return &ssh.ClientConfig{
		User: a.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
		HostKeyCallback: check, HostKeyAlgorithms: knownAlgorithms(check, a.sshHost()),
	}, nil
}

// sshHost is where ssh listens.
func (a address) sshHost() string {
	if _, _, err := net.SplitHostPort(a.host); err == nil {
		return a.host
	}
	return net.JoinHostPort(a.host, "22")
}

// noKey is a public key that no host has.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("none") }

// knownAlgorithms returns the kinds of keys that are known of a host: a host may have others too, and would show those.
func knownAlgorithms(check ssh.HostKeyCallback, at string) (all []string) {
	unknown, ok := errors.AsType[*knownhosts.KeyError](check(at, &net.TCPAddr{IP: net.IPv4zero}, noKey{}))
	if !ok {
		return nil
	}
	for _, k := range unknown.Want {
		kinds := []string{k.Key.Type()}
		if kinds[0] == ssh.KeyAlgoRSA {
			kinds = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
		}
		for _, kind := range kinds {
			if !slices.Contains(all, kind) {
				all = append(all, kind)
			}
		}
	}
	return all
}

// openSSH starts a service over ssh.
func openSSH(ctx context.Context, service string, a address, config *ssh.ClientConfig) (stream, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, "tcp", a.sshHost())
	if err != nil {
		return stream{}, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // nothing else ends a handshake
	closeConn := func() error { stop(); return conn.Close() }
	c, channels, requests, err := ssh.NewClientConn(conn, a.sshHost(), config)
	if err != nil {
		_ = closeConn()
		return stream{}, err
	}
	client := ssh.NewClient(c, channels, requests)
	session, err := client.NewSession()
	if err != nil {
		_ = closeConn()
		return stream{}, err
	}
	in, errIn := session.StdinPipe()
	out, errOut := session.StdoutPipe()
	said := &tail{}
	session.Stderr = said
	if err := errors.Join(errIn, errOut, session.Start(service+" "+shellQuote(a.path))); err != nil {
		_ = closeConn()
		return stream{}, err
	}
	return stream{WriteCloser: in, Reader: out, said: said, end: closeConn}, nil
}

// openProcess starts a service in a repository on this machine, by git itself.
func openProcess(ctx context.Context, service string, a address) (stream, error) {
	cmd := exec.CommandContext(ctx, "git", service[len("git-"):], a.path)
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	said := &tail{}
	cmd.Stderr = said
	if err := errors.Join(errIn, errOut); err != nil {
		return stream{}, err
	}
	if err := cmd.Start(); err != nil {
		return stream{}, err
	}
	return stream{WriteCloser: in, Reader: out, said: said, end: func() error {
		_ = in.Close()
		_, _ = io.Copy(io.Discard, out)
		return cmd.Wait()
	}}, nil
}
