package registry

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
)

const (
	placeholder = "{image}"
	// mostWords bounds what is kept of what a command writes.
	mostWords = 64 << 10
	// ending is how long a command's output is waited for once it was told to end.
	ending = time.Second
)

// passed are the variables of our environment that a command gets. Slack's tokens are there too.
var passed = []string{
	"PATH", "HOME", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_CONFIG", "TUF_ROOT",
}

// run asks the command whether the image, which has its digest, is signed: no shell has a part in it, and the tag is left
// out, so that nothing but what will run is looked at.
func run(ctx context.Context, command []string, image string) rollout.Problem {
	at := byDigest(image)
	args := slices.Clone(command)
	named := false
	for i, arg := range args[1:] {
		named = named || strings.Contains(arg, placeholder)
		args[i+1] = strings.ReplaceAll(arg, placeholder, at)
	}
	if !named {
		args = append(args, at)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = ending
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	said := &tail{}
	cmd.Stderr = said
	err := cmd.Run()
	p := rollout.Problem{Key: command[0], Value: image}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return rollout.Problem{}
	case ctx.Err() != nil:
		p.Code, p.Span = ProblemCommandTimeout, verifyTimeout
	case errors.As(err, &exit):
		p.Code, p.Words = ProblemCommandRefuses, said.last()
		if p.Words == "" {
			p.Words = exit.String()
		}
	default:
		p.Code, p.Words = ProblemCommandFails, err.Error()
	}
	return p
}

// byDigest returns the image without its tag.
func byDigest(image string) string {
	name, sum, _ := strings.Cut(image, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name = name[:i]
	}
	return name + "@" + sum
}

// tail keeps the beginning of what is written to it, and takes the rest without keeping it.
type tail struct{ bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if room := mostWords - t.Len(); room > 0 {
		t.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// last returns the last line.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(t.String()), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
