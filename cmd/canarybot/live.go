package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/cards"
	connection "canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/engine"
	"canarybot.io/rollout/judge"
	"canarybot.io/rollout/kube"
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
	"usergroups:read":   "to know who is in the user groups that a policy names",
	"files:write":       "to show charts as pictures where Slack draws none (or write slack.pictures: none)",
}

// describe prints a service's configuration with its defaults.
func describe(out io.Writer, c config.Config, name rollout.ServiceName) {
	s := c.Services[name]
	o := s.Spec.Objects
	fmt.Fprintf(out, "%s: deployment/%s -> deployment/%s in %s, %s %s, plan %s, channel %s\n",
		name, o.Stable, o.Canary, o.Namespace, o.Route.Kind, o.Route.Name, s.Spec.Plan.Name, s.Channel)
	if len(s.Policy.Deployers) == 0 {
		fmt.Fprintf(out, "  policy.deployers is empty: nobody may deploy %s.\n", name)
	}
}

// describeDigests prints where digests are posted, and when next: what a cron expression means shows there.
func describeDigests(out io.Writer, all []calendar.Digest, now time.Time) {
	for _, d := range all {
		fmt.Fprintf(out, "digest: channel %s, next %s\n", d.Channel, d.Schedule.Next(now).Format("Monday, 2 January 2006, 15:04 MST"))
	}
}

// liveSlack tries both tokens, each scope, and every channel.
func liveSlack(ctx context.Context, out io.Writer, c config.Config) []string {
	settings, err := slackFromEnv(nil)
	if err != nil {
		return strings.Split(sentence(err), "\n")
	}
	granted := ""
	bot, app := settings.Tokens()
	client := slack.New(bot, slackOptions(app, settings.APIURL, func(h http.Header) {
		if s := h.Get("X-OAuth-Scopes"); s != "" {
			granted = s
		}
	})...)
	var problems []string
	auth, err := client.AuthTestContext(ctx)
	if err != nil {
		problems = append(problems, fmt.Sprintf("SLACK_BOT_TOKEN: Slack answers %s; it needs the bot's xoxb- token, of the app as it is installed now.", slackWords(err)))
	} else {
		fmt.Fprintf(out, "  ✓ bot %s in workspace %s\n", auth.User, auth.Team)
		problems = append(problems, missingScopes(granted, c)...)
		if _, err := client.GetUserInfoContext(ctx, auth.UserID); err != nil {
			problems = append(problems, noLookup(err, problems)...)
		} else {
			problems = append(problems, livePeople(ctx, settings, c)...)
		}
		problems = append(problems, liveChannels(ctx, client, c, auth.User)...)
	}
	if _, _, err := client.StartSocketModeContext(ctx); err != nil {
		problems = append(problems, fmt.Sprintf("SLACK_APP_TOKEN: Slack answers %s; it needs an xapp- token with connections:write.", slackWords(err)))
	}
	return problems
}

// missingScopes names the scopes that the bot's token lacks, that for user groups only where a policy names one, and that
// for files where there may be pictures. It names none if Slack did not list the token's scopes.
func missingScopes(granted string, c config.Config) []string {
	if granted == "" {
		return nil
	}
	have := strings.FieldsFunc(granted, func(r rune) bool { return r == ',' || r == ' ' })
	var problems []string
	for _, scope := range slices.Sorted(maps.Keys(scopes)) {
		_, groups := named(c)
		needed := (scope != "usergroups:read" || len(groups) > 0) && (scope != "files:write" || c.Slack.Pictures)
		if needed && !slices.Contains(have, scope) {
			problems = append(problems, fmt.Sprintf("SLACK_BOT_TOKEN lacks the scope %s, needed %s: add it to the app and reinstall it.", scope, scopes[scope]))
		}
	}
	return problems
}

// noLookup says that the bot cannot look up whoever decides something, unless the missing scope is named already.
func noLookup(err error, known []string) []string {
	if slices.ContainsFunc(known, func(p string) bool { return strings.Contains(p, "users:read") }) {
		return nil
	}
	return []string{fmt.Sprintf("SLACK_BOT_TOKEN: nobody can be looked up, so nobody may move anything forward: Slack answers %s; "+
		"add the scope users:read to the app and reinstall it.", slackWords(err))}
}

// slackOptions are those of the bot's own client, and capture the headers of its answers.
func slackOptions(app, address string, headers func(http.Header)) []slack.Option {
	options := []slack.Option{
		slack.OptionAppLevelToken(app), slack.OptionHTTPClient(connection.HTTPClient()),
		slack.OptionOnResponseHeaders(func(_ string, h http.Header) { headers(h) }),
	}
	if address != "" {
		options = append(options, slack.OptionAPIURL(address))
	}
	return options
}

// liveChannels checks that the bot is in every channel that the configuration names, and that no stranger is.
func liveChannels(ctx context.Context, client *slack.Client, c config.Config, me string) []string {
	in := map[string]slack.Channel{}
	for cursor := ""; ; {
		page, next, err := client.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{
			Cursor: cursor, Limit: 500, ExcludeArchived: true, Types: []string{"public_channel", "private_channel"},
		})
		if err != nil {
			return []string{fmt.Sprintf("the bot's channels cannot be listed: Slack answers %s.", slackWords(err))}
		}
		for _, ch := range page {
			in["#"+ch.Name], in[ch.ID] = ch, ch
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	wanted := map[string]bool{}
	for _, s := range c.Services {
		wanted[s.Channel] = true
		if s.EndsChannel != "" {
			wanted[s.EndsChannel] = true
		}
	}
	for _, d := range c.Digests {
		wanted[d.Channel] = true
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		ch, ok := in[name]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("the bot is in no channel %s: make it, or type /invite @%s there.", name, me))
		case connection.IsShared(ch) && !c.Slack.SharedChannels:
			problems = append(problems, view.Plain(view.Problem(rollout.Problem{Code: cards.ProblemShared, Value: name})))
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

// liveCluster runs every service's preflight with each of its plans, rights included.
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
		problems = append(problems, liveService(ctx, out, cluster, c.Services[name])...)
	}
	return problems
}

// liveService runs one service's preflights, unless the service has a rollout in progress: only the store knows which
// bot's that is.
func liveService(ctx context.Context, out io.Writer, cluster *kube.Cluster, s rollout.Service) []string {
	ctx, cancel := context.WithTimeout(ctx, 3*asking)
	defer cancel()
	r := rollout.Rollout{ID: rollout.NewID(s.Name, 1), Service: s.Name, Spec: s.Spec, Image: s.Spec.Repository + ":none-yet"}
	if o, ok := rollout.FindOrphan(cluster.Observe(ctx, r), func(rollout.Stamp) bool { return false }); ok && o.Rollout != "" {
		fmt.Fprintf(out, "  · %s: %s is under way there, or left something behind; its start can be tried when that has ended\n", s.Name, o.Rollout)
		return nil
	}
	var problems []string
	add := func(prefix, problem string) {
		if line := fmt.Sprintf("%s%s: %s", s.Name, prefix, problem); !slices.ContainsFunc(problems, func(p string) bool {
			return strings.HasSuffix(p, problem) // already reported for another plan
		}) {
			problems = append(problems, line)
		}
	}
	for i, plan := range append([]rollout.Plan{s.Spec.Plan}, s.Plans...) {
		prefix := ""
		if i > 0 {
			prefix = " --plan " + plan.Name
		}
		r.Spec.Plan = plan
		p := cluster.Preflight(ctx, r)
		if !p.Unreadable.IsZero() {
			add(prefix, view.Plain(view.Problem(p.Unreadable)))
		}
		for _, problem := range view.Problems(p.Problems) {
			add(prefix, view.Plain(problem))
		}
		if p.Passes() {
			fmt.Fprintf(out, "  ✓ %s%s may start a rollout from %s\n", s.Name, prefix, rollout.ShortVersion(p.Original.Stable.Image))
		}
	}
	return problems
}

// liveChecks runs every check on every stable version, and prints its one number. Whatever would make a start fail is a
// problem here too.
func liveChecks(ctx context.Context, out io.Writer, c config.Config) []string {
	source, err := prom.New(c.Prometheus)
	if err != nil {
		return []string{sentence(err)}
	}
	defer source.Close()
	var problems []string
	evaluator := engine.Evaluator{Metrics: source, Judge: judge.Judge{}}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		r := rollout.Rollout{Service: name, Spec: c.Services[name].Spec}
		ready := evaluator.Readiness(ctx, r)
		for _, e := range ready.Problems() {
			problems = append(problems, fmt.Sprintf("%s: %s", name, view.Plain(view.StableProblem(e))))
		}
		for _, e := range ready.Evidence {
			switch {
			case e.Result == rollout.Pass:
				fmt.Fprintf(out, "  ✓ %s: %s\n", name, view.Plain(view.StableReading(e)))
			case e.DryRun:
				fmt.Fprintf(out, "  · %s: %s It only informs (dry_run).\n", name, view.Plain(view.StableProblem(e)))
			}
		}
		if _, away := ready.Unreachable(); !away { // the rest would not answer either
			describeStore(out, name, ready.Inspection)
			describeSignals(out, r, ready.DetectionPower)
			for _, b := range evaluator.Backtests(ctx, r) {
				fmt.Fprintf(out, "  · %s: %s\n", name, view.Plain(view.Backtest(b)))
			}
		}
	}
	return problems
}

// describeStore prints what the metrics store's answers are like.
func describeStore(out io.Writer, name rollout.ServiceName, i rollout.Inspection) {
	if i.Raw && i.Limits.IsZero() {
		fmt.Fprintf(out, "  ✓ %s: METRIC[60s] returns the samples that were stored, with their own times\n", name)
	}
	for _, sentence := range view.Problems(i.All()) {
		fmt.Fprintf(out, "  · %s: %s\n", name, view.Plain(sentence))
	}
}

// describeSignals prints what the judge will see of a rollout with the default plan.
func describeSignals(out io.Writer, r rollout.Rollout, f rollout.DetectionPower) {
	if text := view.DetectionPower(f, r.Spec.Plan); text != "" {
		fmt.Fprintf(out, "  ✓ %s: %s\n", r.Service, view.Plain(text))
	}
	if text := view.Errorless(f); text != "" {
		fmt.Fprintf(out, "  · %s: %s\n", r.Service, view.Plain(text))
	}
	if names := byLimits(r.Spec.Checks); len(names) > 0 {
		fmt.Fprintf(out, "  · %s: judged by limits alone: %s. What signals name is compared with stable instead, and found many times sooner; so is a check with compare: stable (docs/judge.md).\n",
			r.Service, strings.Join(names, ", "))
	}
}

// byLimits lists the checks that the judge decides by their limits.
func byLimits(checks []rollout.Check) (names []string) {
	for _, c := range checks {
		if c.Signal == rollout.NoSignal && c.Compare == nil {
			names = append(names, c.Name)
		}
	}
	return names
}
