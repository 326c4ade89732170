package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// asking bounds each call of a live validation.
const asking = 10 * time.Second

// scopes are what the bot's token must carry, and why.
var scopes = map[string]string{ //nolint:gochecknoglobals // data
	"commands":          "to hear /canary",
	"chat:write":        "to post cards",
	"app_mentions:read": "to hear mentions in threads",
	"channels:read":     "to find its channels",
	"groups:read":       "to find its private channels",
	"channels:history":  "to find its own card after a crash",
	"groups:history":    "to find its own card in private channels after a crash",
	"users:read":        "to tell members from guests",
}

// describe prints what a service came to, defaults filled in.
func describe(out io.Writer, c config.Config, name rollout.ServiceName) {
	s := c.Services[name]
	o := s.Spec.Objects
	fmt.Fprintf(out, "%s: deployment/%s -> deployment/%s in %s, %s %s, plan %s, channel %s\n",
		name, o.Stable, o.Canary, o.Namespace, o.Route.Kind, o.Route.Name, s.Spec.Plan.Name, s.Channel)
	if len(s.Policy.Deployers) == 0 {
		fmt.Fprintf(out, "  policy.deployers is empty: nobody may deploy %s.\n", name)
	}
}

// liveSlack tries both tokens, the scopes by name, and every channel.
func liveSlack(ctx context.Context, out io.Writer, c config.Config) []string {
	tokens, err := slackFromEnv()
	if err != nil {
		return strings.Split(err.Error(), "\n")
	}
	granted := ""
	client := slack.New(tokens.BotToken, slackOptions(tokens.AppToken, func(h http.Header) {
		if s := h.Get("X-OAuth-Scopes"); s != "" {
			granted = s
		}
	})...)
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	auth, err := client.AuthTestContext(ctx)
	if err != nil {
		return []string{fmt.Sprintf("SLACK_BOT_TOKEN: Slack answers %s.", slackWords(err))}
	}
	fmt.Fprintf(out, "  ✓ bot %s in workspace %s\n", auth.User, auth.Team)
	var problems []string
	if granted != "" {
		have := strings.FieldsFunc(granted, func(r rune) bool { return r == ',' || r == ' ' })
		for _, scope := range slices.Sorted(maps.Keys(scopes)) {
			if !slices.Contains(have, scope) {
				problems = append(problems, fmt.Sprintf("SLACK_BOT_TOKEN lacks the scope %s, needed %s: add it to the app and reinstall it.", scope, scopes[scope]))
			}
		}
	}
	if _, _, err := client.StartSocketModeContext(ctx); err != nil {
		problems = append(problems, fmt.Sprintf("SLACK_APP_TOKEN: Slack answers %s; it needs an xapp- token with connections:write.", slackWords(err)))
	}
	return append(problems, liveChannels(ctx, client, c)...)
}

// slackOptions are those of the bot's own client, with the headers of its answers.
func slackOptions(appToken string, headers func(http.Header)) []slack.Option {
	options := []slack.Option{
		slack.OptionAppLevelToken(appToken), slack.OptionHTTPClient(&http.Client{Timeout: asking}),
		slack.OptionOnResponseHeaders(func(_ string, h http.Header) { headers(h) }),
	}
	if url := os.Getenv("SLACK_API_URL"); url != "" {
		options = append(options, slack.OptionAPIURL(url))
	}
	return options
}

// liveChannels checks that the bot is in every channel that the configuration names.
func liveChannels(ctx context.Context, client *slack.Client, c config.Config) []string {
	wanted := map[string]bool{}
	for _, s := range c.Services {
		wanted[s.Channel] = true
	}
	member := map[string]bool{}
	cursor := ""
	for {
		page, next, err := client.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Cursor: cursor, Limit: 200, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"},
		})
		if err != nil {
			return []string{fmt.Sprintf("the channels cannot be listed: Slack answers %s.", slackWords(err))}
		}
		for _, ch := range page {
			member["#"+ch.Name], member[ch.ID] = ch.IsMember, ch.IsMember
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		switch in, known := member[name]; {
		case !known:
			problems = append(problems, fmt.Sprintf("channel %s does not exist, or the bot cannot see it: invite it there.", name))
		case !in:
			problems = append(problems, fmt.Sprintf("the bot is not in %s: type /invite @canary there.", name))
		}
	}
	return problems
}

func slackWords(err error) string {
	var answer slack.SlackErrorResponse
	if errors.As(err, &answer) {
		return fmt.Sprintf("%q", answer.Err)
	}
	return err.Error()
}

// liveCluster runs every service's preflight, the rights included.
func liveCluster(ctx context.Context, out io.Writer, c config.Config) []string {
	settings, err := kubeSettings()
	if err != nil {
		return []string{sentence(err)}
	}
	cluster, err := newCluster(settings)
	if err != nil {
		return []string{sentence(err)}
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		s := c.Services[name]
		r := rollout.Rollout{ID: rollout.NewID(name, 1), Service: name, Spec: s.Spec, Image: s.Spec.Repository + ":none-yet"}
		ask, cancel := context.WithTimeout(ctx, 3*asking)
		p := cluster.Preflight(ask, r)
		cancel()
		switch {
		case p.Unreadable != "":
			problems = append(problems, fmt.Sprintf("%s: %s", name, p.Unreadable))
		case len(p.Problems) == 0:
			fmt.Fprintf(out, "  ✓ %s may start a rollout from %s\n", name, rollout.ShortVersion(p.Found.Stable.Image))
		}
		for _, problem := range p.Problems {
			problems = append(problems, fmt.Sprintf("%s: %s", name, problem))
		}
	}
	return problems
}

// liveChecks asks every check of every stable version, and prints the one number that it has.
func liveChecks(ctx context.Context, out io.Writer, c config.Config) []string {
	source, err := prom.New(c.Prometheus)
	if err != nil {
		return []string{sentence(err)}
	}
	defer source.Close()
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		r := rollout.Rollout{Service: name, Spec: c.Services[name].Spec}
		q := r.Question(time.Now())
		q.StableOnly = true
		for _, s := range source.Ask(ctx, q) {
			value, why := s.Stable, s.StableWhy
			if value == nil {
				value, why = s.Canary, s.CanaryWhy
			}
			if value == nil {
				problems = append(problems, fmt.Sprintf("%s: checks.%s has no number for the stable version: %s %s",
					name, s.Check, strings.ReplaceAll(string(why), "_", " "), s.Detail))
				continue
			}
			fmt.Fprintf(out, "  ✓ %s: %s is %.4g\n", name, s.Check, *value)
		}
	}
	return problems
}
