package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"canarybot.io/secret"
)

// Audience is what a token for Canarybot is made out to, unless the configuration says otherwise.
const Audience = "canarybot"

// Token returns the token to send. Anew says that the last one was refused. It may block as long as a request does. An error
// that is a NoToken stays.
type Token func(ctx context.Context, anew bool) (string, error)

// NoToken is the error where there is none, and none will come.
type NoToken struct{ Why string }

// Error says why.
func (n NoToken) Error() string { return n.Why }

// Source says where a token may come from.
type Source struct {
	File      string                   // named by a flag; empty: by none
	Audience  string                   // empty: Audience
	Env       func(name string) string // the environment
	Transport http.RoundTripper        // to GitHub's issuer
}

// Find returns the token of the first place that has one: the file, CANARYBOT_TOKEN_FILE, CANARYBOT_TOKEN, GitHub's issuer.
// The error is a NoToken.
func (s Source) Find() (Token, error) {
	file, text := s.Env("CANARYBOT_TOKEN_FILE"), s.Env("CANARYBOT_TOKEN")
	switch {
	case s.File != "":
		return fromFile(s.File)
	case file != "" && text != "":
		return nil, NoToken{"CANARYBOT_TOKEN and CANARYBOT_TOKEN_FILE are both set: unset one of them."}
	case file != "":
		return fromFile(file)
	case text != "":
		if err := secret.Word(text); err != nil {
			return nil, NoToken{fmt.Sprintf("CANARYBOT_TOKEN %v.", err)}
		}
		return func(context.Context, bool) (string, error) { return text, nil }, nil
	case s.Env("ACTIONS_ID_TOKEN_REQUEST_URL") != "":
		return s.fromGitHub()
	case s.Env("GITHUB_ACTIONS") == "true":
		return nil, NoToken{"There is no token: give the job `permissions: {id-token: write}`, or set CANARYBOT_TOKEN."}
	}
	return nil, NoToken{"There is no token: set CANARYBOT_TOKEN or CANARYBOT_TOKEN_FILE, or use --token-file."}
}

// fromFile reads the file at each call, as a projected service account token is rewritten.
func fromFile(path string) (Token, error) {
	file := secret.NewFile(path, secret.Word, nil)
	if _, err := file.Read(); err != nil {
		return nil, NoToken{fmt.Sprintf("There is no token: %v.", err)}
	}
	return func(context.Context, bool) (string, error) { return file.Read() }, nil
}

// early is how long before its end a token is asked for anew.
const early = time.Minute

// github is GitHub's issuer of tokens for one job.
type github struct {
	address, key string
	http         *http.Client

	mu    sync.Mutex // guards the fields below; held while asking, so that one asks for all
	token string
	until time.Time
}

func (s Source) fromGitHub() (Token, error) {
	address, err := url.Parse(s.Env("ACTIONS_ID_TOKEN_REQUEST_URL"))
	if err != nil || address.Scheme != "https" && address.Hostname() != "127.0.0.1" && address.Hostname() != "localhost" {
		return nil, NoToken{"ACTIONS_ID_TOKEN_REQUEST_URL is no https address."}
	}
	query := address.Query()
	query.Set("audience", s.audience())
	address.RawQuery = query.Encode()
	g := &github{address: address.String(), key: s.Env("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), http: &http.Client{
		Transport:     s.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	return g.get, nil
}

func (s Source) audience() string {
	if s.Audience != "" {
		return s.Audience
	}
	return Audience
}

func (g *github) get(ctx context.Context, anew bool) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !anew && g.token != "" && time.Now().Before(g.until) {
		return g.token, nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.address, nil)
	if err != nil {
		return "", NoToken{"ACTIONS_ID_TOKEN_REQUEST_URL is no address."}
	}
	request.Header.Set("Authorization", "Bearer "+g.key)
	request.Header.Set("Accept", "application/json")
	response, err := g.http.Do(request)
	if err != nil {
		return "", fmt.Errorf("GitHub gives no token: %w", unanswered(err).err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		err := fmt.Errorf("GitHub gives no token: its issuer answers %d", response.StatusCode)
		if response.StatusCode < 500 && response.StatusCode != http.StatusTooManyRequests {
			return "", NoToken{err.Error() + "."}
		}
		return "", err
	}
	var said struct {
		Value string `json:"value"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, longest)).Decode(&said); err != nil || secret.Word(said.Value) != nil {
		return "", errors.New("GitHub gives no token: its issuer's answer has none")
	}
	g.token, g.until = said.Value, expiry(said.Value).Add(-early)
	return g.token, nil
}

// expiry returns when a token ends, by its own words; zero where it has none. Nothing is decided by it but when to ask
// for the next one.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Until float64 `json:"exp"`
	}
	if err := json.Unmarshal(text, &claims); err != nil || claims.Until <= 0 || claims.Until > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Until), 0)
}
