package config

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/prom"
	"canarybot.io/rollout/registry"
	"canarybot.io/webhook"
)

// Config is the whole configuration, resolved.
type Config struct {
	Environment string
	Slack       Slack
	Prometheus  prom.Options
	Store       Store
	Listen      string // address of /metrics, /healthz and /readyz
	API         API
	Pipelines   []who.Pipeline
	Git         git.Options
	Services    map[rollout.ServiceName]rollout.Service
	Registry    registry.Options
	Calendar    *calendar.Calendar // when rollouts may start; never nil
	AtOnce      rollout.AtOnce     // how many
	Patience    time.Duration      // how long a deploy is in line before it is dropped
	Digests     []calendar.Digest  // which channels are told again and again how rollouts went
	// Webhooks are those who are told of what happens, beside Slack.
	Webhooks []webhook.Settings
	// Baseline is how it was before Canarybot, for the report.
	Baseline rollout.Baseline
	// Policy is the global one: it holds for a rollout whose service left the configuration.
	Policy rollout.Policy
}

// Slack is where people are.
type Slack struct {
	Command string // with its slash
	Channel string // id or #name, where a service names none; empty when each does
	// SharedChannels allows cards in channels that another organisation reads too.
	SharedChannels bool
	// ClassicBlocks keeps plans, charts and tables out of messages: everything is text.
	ClassicBlocks bool
	// Pictures has charts drawn and uploaded where Slack draws none.
	Pictures bool
}

// Store is where rollouts are kept.
type Store struct {
	Path  string
	Limit int64 // bytes that may be stored before the oldest ended rollouts go
}

// What slack.shared_channels says.
const refused, allowed = "refused", "allowed"

// largest is the size that a configuration may have.
const largest = 1 << 20

// ProblemUnreadable says that the configuration could not be read.
const ProblemUnreadable rollout.ProblemCode = "configuration_unreadable"

// piped is how long a pipe may take to bring the configuration, as in --config <(helm template ...).
const piped = 10 * time.Second

// Load reads the file. Relative paths in prometheus.http, git and webhooks are relative to it. The error is an *Error when the content
// is wrong. Load blocks for ten seconds at most, whatever the file is.
func Load(path string) (Config, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // nobody may ever write to a named pipe
	if err != nil {
		return Config{}, rollout.Refuse(rollout.NotFound, rollout.Problem{Code: ProblemUnreadable}).Because(err)
	}
	defer f.Close()
	_ = f.SetReadDeadline(time.Now().Add(piped)) // a regular file has none and needs none
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return Config{}, rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: ProblemUnreadable}).Because(err)
	}
	c, problems := parse(data)
	if len(problems) > 0 {
		return Config{}, &Error{File: path, Problems: problems}
	}
	c.Prometheus.SetDirectory(filepath.Dir(path))
	c.relativeTo(filepath.Dir(path))
	for i, s := range c.Webhooks {
		c.Webhooks[i] = within(filepath.Dir(path), s)
	}
	c.Git.SetDirectory(filepath.Dir(path))
	return c, nil
}

// Parse reads a configuration that is not in a file. The error is an *Error.
func Parse(data []byte) (Config, error) {
	c, problems := parse(data)
	if len(problems) > 0 {
		return Config{}, &Error{Problems: problems}
	}
	return c, nil
}

func parse(data []byte) (Config, []Problem) {
	r := &reader{}
	root, ok := r.document(data)
	if !ok {
		return Config{}, r.sorted()
	}
	refuseExposed(root)
	f := root.fields("environment", "slack", "prometheus", "store", "listen", "policy", "plans", "checks", "defaults", "services",
		"api", "pipelines", "git", "registry", "webhooks", "report", "calendar", "at_once", "queue", "digests")
	slack := f.at("slack").fields("command", "channel", "notify", "quiet", "shared_channels", "blocks", "pictures", "ends_channel")
	c := Config{
		Environment: readEnvironment(f.at("environment")),
		Slack: Slack{
			Command: readCommand(slack.at("command")), Channel: readChannel(slack.at("channel")),
			SharedChannels: slack.at("shared_channels").word(refused, refused, allowed) == allowed,
			ClassicBlocks:  slack.at("blocks").word("auto", "auto", "classic") == "classic",
			Pictures:       slack.at("pictures").word("auto", "auto", "none") == "auto",
		},
		Prometheus: readPrometheus(f.at("prometheus")),
		Store:      readStore(f.at("store").fields("path", "limit")),
		Listen:     readListen(f.at("listen"), ":8080"),
		API:        readAPI(f.at("api")),
		Git:        readGit(f.at("git")),
		Policy:     readPolicy(f.at("policy")),
		Registry:   readRegistry(f.at("registry")),
		Baseline:   readReport(f.at("report")),
		Calendar:   readCalendar(f.at("calendar")),
		AtOnce:     readAtOnce(f.at("at_once")),
		Patience:   readPatience(f.at("queue")),
	}
	c.Webhooks = readWebhooks(f.at("webhooks"), f.at("services").fields().names)
	c.Services = readServices(f, common{
		environment: c.Environment,
		git:         c.Git,
		windows:     c.Calendar.Windows,
		channel:     slack.at("channel"),
		ends:        slack.at("ends_channel"),
		slack:       slack,
		zone:        c.Calendar.Location(),
		quietHours:  c.Calendar.QuietHours,
		policy:      f.at("policy"),
		plans:       readPlans(f.at("plans")),
		checks:      f.at("checks"),
		defaults:    f.at("defaults").fields(serviceKeys()...),
	})
	c.Digests = readDigests(f.at("digests"), c.Calendar.Location(), c.Services)
	readFreezes(f.at("calendar").fields().at("freezes"), c.Calendar, c.Services)
	c.Registry.Verify = verifications(f, f.at("defaults").fields(serviceKeys()...))
	readPipelines(f.at("pipelines"), &c)
	for name, s := range c.Services {
		refuseLonely(f.at("services").fields().at(string(name)), s)
		refuseShut(f.at("services").fields().at(string(name)), s, c.Calendar)
	}
	if n := f.at("pipelines"); n.there() && c.API.Listen == "" {
		f.at("api").bad("is missing, so none of the pipelines could ask; write api: {listen: \":8090\"}")
	}
	return c, r.sorted()
}

var (
	environmentForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,38}[A-Za-z0-9])?$`)
	commandForm     = regexp.MustCompile(`^/[a-z0-9][a-z0-9_-]{0,30}$`)
	channelID       = regexp.MustCompile(`^[CG][A-Z0-9]{2,}$`)
	channelName     = regexp.MustCompile(`^#[^\s#@<>&A-Z,.]{1,80}$`)
)

func readStore(f fields) Store {
	return Store{
		Path:  f.at("path").textOr("/var/lib/canarybot/canarybot.db"),
		Limit: f.at("limit").size(256<<20, 16<<20),
	}
}

// readEnvironment reads the name that is shown everywhere. Buttons carry it between slashes.
func readEnvironment(n node) string {
	name, ok := n.text()
	switch {
	case !n.there():
		n.bad("is missing; it is shown everywhere, for example production")
	case ok && !environmentForm.MatchString(name):
		n.bad("%q is not a valid name for an environment: use up to 40 letters, digits, spaces, dots, dashes", name)
	}
	return name
}

func readCommand(n node) string {
	command := n.textOr("/canary")
	if n.there() && !commandForm.MatchString(command) {
		n.bad("%q is not a slash command; write for example /canary", command)
	}
	return command
}

func readChannel(n node) string {
	channel, ok := n.text()
	if ok && !channelID.MatchString(channel) && !channelName.MatchString(channel) {
		n.bad(`%q is not a channel; write its id or its name in quotes, for example "#deploys"`, channel)
	}
	return channel
}

func readListen(n node, fallback string) string {
	listen := n.textOr(fallback)
	_, port, err := net.SplitHostPort(listen)
	if number, odd := strconv.Atoi(port); err != nil || odd != nil || number < 0 || number > 65535 {
		n.bad("%q is not an address; write for example %s or 127.0.0.1%s", listen, fallback, fallback)
	}
	return listen
}

// String names the configuration without anything secret.
func (c Config) String() string {
	if len(c.Services) == 1 {
		return c.Environment + " with 1 service"
	}
	return fmt.Sprintf("%s with %d services", c.Environment, len(c.Services))
}
