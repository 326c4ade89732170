package config

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/prom"
)

// common is what all services are read with.
type common struct {
	environment string
	git         git.Options
	windows     map[string]calendar.Window
	channel     node
	ends        node // the channel for ends
	slack       fields
	zone        *time.Location                              // of quiet hours that name none
	quietHours  map[rollout.ServiceName]calendar.Recurrence // filled while services are read
	policy      node
	plans       map[string]rollout.Plan
	checks      node
	defaults    fields
}

func serviceKeys() []string {
	return []string{
		"namespace", "image", "stable", "canary", "container", "stable_service", "canary_service", "canary_labels", "route",
		"plan", "plans", "approvals", "checks", "select", "team", "policy", "channel", "notify", "quiet", "drain", "wait", "unknown_limit", "on_unknown", "on_fail", "on_doubt", "gitops",
		"signals", "judge", "promote", "verify", "deploy_window", "promote_window", "links", "repository", "git_tag", "ends_channel",
	}
}

// written is one service's entry over the defaults.
type written struct {
	name     string
	own      fields
	defaults fields
}

// at returns the service's own value, else the default one, else the place where its own would be.
func (w written) at(key string) node { return w.own.at(key).or(w.defaults.at(key)) }

func readServices(root fields, c common) map[rollout.ServiceName]rollout.Service {
	f := root.at("services").fields()
	if !f.there() || f.y.Content == nil {
		f.bad("is missing; the least that works is namespace, image and route for one service")
	}
	readChecks(c.checks, prom.Plain()) // every service reads them again, with its own signals
	readPolicy(c.policy)               // each service may replace it
	readPolicy(c.defaults.at("policy"))
	for _, layer := range []fields{c.slack, c.defaults} {
		readNotify(layer.at("notify"))
		readQuiet(c.zone, layer.at("quiet"))
	}
	services := map[rollout.ServiceName]rollout.Service{}
	var read []entry
	for i, name := range f.names {
		at := f.at(name)
		w := written{name: name, own: at.fields(serviceKeys()...), defaults: c.defaults}
		if !rollout.IsDNSLabel(name) {
			at.bad("%q is not a valid name for a service: use lower-case letters, digits and dashes, at most 63", short(name))
			w.name = fmt.Sprintf("my-service-%d", i+1) // stands in for it, so that what is written below is read too
		}
		if other, _, ok := rollout.ID(name).Split(); ok && slices.Contains(f.names, string(other)) {
			at.bad("this is also the id of a rollout of %s; choose another name", other)
		}
		s := readService(w, c)
		services[s.Name] = s
		read = append(read, entry{at: w, name: short(name), service: s})
	}
	apart(read)
	return services
}

func readService(w written, c common) rollout.Service {
	plan := pickPlan(w.at("plan"), Standard().Name, c.plans)
	approvals, onFail := readApprovals(w.at("approvals")), readOnFail(w.at("on_fail"))
	s := rollout.Service{
		Name:   rollout.ServiceName(w.name),
		Team:   readTeam(w.at("team")),
		Plans:  pickPlans(w.at("plans"), plan, c.plans),
		Policy: readPolicy(w.own.at("policy"), w.defaults.at("policy"), c.policy),
	}
	for i, p := range s.Plans {
		s.Plans[i] = p.WithApprovals(approvals).WithOnFail(onFail)
	}
	signals := readSignals(w.at("signals"))
	judging, early := readJudging(w.at("judge"))
	s.Spec = rollout.Spec{
		Environment: c.environment,
		Repository:  readImage(w.at("image")),
		Objects:     readObjects(w),
		Plan:        plan.WithApprovals(approvals).WithOnFail(onFail),
		Checks:      pickChecks(w.at("checks"), readChecks(c.checks, signals)),
		Signals:     signals,
		Judging:     judging,
		Prove:       early,
		GitOps:      w.at("gitops").word("", "acknowledged") != "",
	}
	s.Spec.Checks = withOnDoubt(w.at("on_doubt"), s.Spec.Checks)
	s.Spec.Signals = needed(s.Spec.Signals, s.Spec.Checks)
	s.Spec.Select = readSelect(w, s.Spec.Objects)
	s.Spec.Promote = readPromote(w.at("promote"), c.git)
	s.Spec.Limits = readLimits(w, s.Spec.Checks)
	s.DeployWindow = readWindow(w.at("deploy_window"), c.windows)
	s.PromoteWindow = readWindow(w.at("promote_window"), c.windows)
	channel := w.at("channel").or(c.channel)
	if !channel.there() {
		c.channel.bad(`is missing; write for example "#deploys", here or for each service`)
	}
	s.Channel = readChannel(channel)
	if ends := w.at("ends_channel").or(c.ends); ends.there() {
		s.EndsChannel = readChannel(ends)
		if s.EndsChannel == s.Channel && s.Channel != "" {
			ends.bad("%s is also where the cards go, which tell every end; name another channel, or leave the line out", s.Channel)
		}
	}
	s.Links = readServiceLinks(w.at("links"))
	s.Source = readSource(w.at("repository"), w.at("git_tag"), c.git)
	s.Notify = readNotify(w.own.at("notify"), w.defaults.at("notify"), c.slack.at("notify"))
	if hours, ok := readQuiet(c.zone, w.own.at("quiet"), w.defaults.at("quiet"), c.slack.at("quiet")); ok {
		c.quietHours[s.Name] = hours
	}

	demands := func(p rollout.Plan) bool { return p.DemandsEvidence() }
	none := w.at("checks").there() && w.at("checks").y.Kind == yaml.SequenceNode && len(w.at("checks").y.Content) == 0
	if len(s.Spec.Checks) == 0 && !w.at("checks").there() && slices.ContainsFunc(append([]rollout.Plan{plan}, s.Plans...), demands) {
		w.at("signals").bad("without signals there are no checks, and no bake ever ends; name what the service counts, or write checks of your own")
	}
	decides := func(c rollout.Check) bool { return !c.DryRun }
	if all := s.Spec.Checks; len(all) > 0 && !slices.ContainsFunc(all, decides) && slices.ContainsFunc(append([]rollout.Plan{plan}, s.Plans...), demands) {
		w.at("checks").bad("all of them are `dry_run`, so no bake ever ends; let one decide, or use only plans in which every bake is 0")
	}
	if none && slices.ContainsFunc(append([]rollout.Plan{plan}, s.Plans...), demands) {
		w.at("checks").bad("without checks no bake ever ends; list some, or use only plans in which every bake is 0")
	}
	return s
}

// everything is the word that stands for all services, where a service or a team may be named.
const everything = "all"

// readTeam reads whose a service is. People type the name in commands.
func readTeam(n node) string {
	team := n.label("")
	if team == everything {
		n.bad("%s means every service; choose another name for the team", everything)
	}
	return team
}

// needed returns the signals that a check uses: what is not read cannot be missing.
func needed(s rollout.Signals, checks []rollout.Check) rollout.Signals {
	asks := func(signals ...rollout.Signal) bool {
		return slices.ContainsFunc(checks, func(c rollout.Check) bool { return slices.Contains(signals, c.Signal) })
	}
	errors, latency := asks(rollout.ErrorSignal, rollout.SuccessSignal), asks(rollout.LatencySignal)
	if !errors {
		s.Errors, s.Success, s.By, s.ClientErrors = "", "", "", ""
	}
	if !latency {
		s.Latency = ""
	}
	if !errors && !latency {
		s.Requests, s.InFlight = "", ""
	}
	if !asks(rollout.MemorySignal) {
		s.Memory = ""
	}
	if s.Requests == "" && s.Memory == "" { // nothing is judged by signals
		s.Restarts = ""
	}
	return s
}

func readImage(n node) string {
	image, ok := n.text()
	switch {
	case !n.there():
		n.bad("is missing; write the image's repository, for example registry.example.com/shop/checkout")
	case ok && !rollout.IsRepository(image):
		n.bad("%q is not a repository; write it without tag and digest, for example registry.example.com/shop/checkout", short(image))
	}
	return image
}

func readObjects(w written) rollout.Objects {
	o := rollout.Objects{
		Namespace:  w.at("namespace").label(""),
		Stable:     w.at("stable").label(w.name),
		Containers: readContainers(w.at("container")),
	}
	if !w.at("namespace").there() {
		w.at("namespace").bad("is missing; write the Kubernetes namespace of the Deployment")
	}
	o.Canary = derived(w.at("canary"), o.Stable+"-canary")
	o.StableService = w.at("stable_service").label(o.Stable)
	o.CanaryService = derived(w.at("canary_service"), o.Canary)
	o.CanaryLabels = readLabels(w.at("canary_labels"))
	o.Route = readRoute(w)
	if o.Canary == o.Stable {
		w.at("canary").bad("%s is also the stable Deployment; the canary needs its own", o.Canary)
	}
	if root := o.Route.Service; root != "" && (root == o.StableService || root == o.CanaryService) {
		w.at("route").bad("Service %s, the root that clients call, is also one of the two sides, and a split must not send to itself; name another Service in route.service, or in stable_service one that selects only stable's pods", root)
	}
	if o.CanaryService == o.StableService {
		w.at("canary_service").bad("%s is also the stable Service; the canary needs its own", o.CanaryService)
	}
	return o
}

// readContainers reads one name or a list of them.
func readContainers(n node) rollout.Containers {
	if !n.there() || n.y.Kind != yaml.SequenceNode {
		if name := n.label(""); name != "" {
			return rollout.Containers{name}
		}
		return nil
	}
	var names rollout.Containers
	for _, item := range n.items("[app, migrate]") {
		name := item.label("")
		if name != "" && slices.Contains(names, name) {
			item.bad("%s is named twice", short(name))
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		n.bad("this list names no container; leave the line out for those that run an image of the repository")
	}
	return names
}

// derived reads a name whose default is made of another name, and may have become too long by that.
func derived(n node, fallback string) string {
	if !n.there() && len(fallback) > 63 {
		n.bad("the default, %s, is longer than the 63 characters that Kubernetes allows; write a shorter name here", fallback)
	}
	return n.label(fallback)
}

var (
	labelKey   = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelValue = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

func readLabels(n node) map[string]string {
	f := n.fields()
	var labels map[string]string
	for _, key := range f.names {
		at := f.at(key)
		value, ok := at.text()
		if !labelKey.MatchString(key) {
			at.bad("%q is not a valid Kubernetes label", short(key))
		}
		switch {
		case !ok && !at.there():
			at.bad("this label needs a value, for example track: canary")
		case ok && !labelValue.MatchString(value):
			at.bad("%q is not a valid value for a Kubernetes label", short(value))
		case ok:
			if labels == nil {
				labels = map[string]string{}
			}
			labels[key] = value
		}
	}
	return labels
}

// readLimits reads the spans. Those without a key are the product's own.
func readLimits(w written, checks []rollout.Check) rollout.Limits {
	l := rollout.Limits{
		Interval:     prom.Base().Interval,
		Drain:        w.at("drain").duration(30 * time.Second),
		Wait:         w.at("wait").positive(2 * time.Hour),
		UnknownLimit: w.at("unknown_limit").positive(15 * time.Minute),
		OnUnknown: rollout.OnUnknown(w.at("on_unknown").word(string(rollout.Ask),
			string(rollout.Ask), string(rollout.RollbackOnUnk))),
		Shift:  2 * time.Minute,
		Stuck:  2 * time.Minute,
		Remind: 30 * time.Minute,
	}
	for i, c := range checks {
		if i == 0 || c.Interval < l.Interval {
			l.Interval = c.Interval
		}
	}
	return l
}
