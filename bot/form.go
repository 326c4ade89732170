package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

const (
	// openingMost bounds the call that opens a form: its trigger is good for three seconds, and the ack waits for it.
	openingMost = 1500 * time.Millisecond
	// formsKept is how many open forms are known by what was chosen last in them.
	formsKept = 1000
)

// seen is what a form shows that a deploy would do. It travels with the form, so that a restart in between loses nothing:
// only what a person saw is started.
type seen struct {
	Service rollout.ServiceName `json:"service,omitempty"`
	Version string              `json:"version,omitempty"`
	Plan    string              `json:"plan,omitempty"`
	Auto    bool                `json:"auto,omitempty"`
	Replace bool                `json:"replace,omitempty"`
	When    view.When           `json:"when,omitempty"`
	Moment  int64               `json:"moment,omitempty"` // in seconds since 1970
	// Basis is a sum of what the configuration and the store said about it then.
	Basis string `json:"basis,omitempty"`
}

// draft is a deploy that is being filled in.
type draft struct {
	rollout.DeployRequest
	when   view.When
	moment time.Time // with view.StartAt; zero: not chosen yet
	found  []string  // versions in the message that the form was opened from
	read   bool      // it was just opened from one
}

// metadata is what travels with a form.
type metadata struct {
	Seen  seen     `json:"seen"`
	Found []string `json:"found,omitempty"`
}

// metadataOf reads what came back with a form; what cannot be read is as nothing.
func metadataOf(v slack.View) (m metadata) {
	if json.Unmarshal([]byte(v.Metadata), &m) != nil {
		return metadata{}
	}
	return m
}

// formFor returns the form for a deploy that shows what it does.
func (b *Bot) formFor(ctx context.Context, l draft, shown view.Message) (view.Modal, error) {
	saw, err := b.basis(ctx, l)
	if err != nil {
		return view.Modal{}, err
	}
	raw, err := json.Marshal(metadata{saw, l.found})
	return b.answers.DeployForm(view.DeployForm{
		DeployRequest: l.DeployRequest, When: l.when, Moment: l.moment, Services: b.sorted(), Preview: shown, Metadata: string(raw),
	}), err
}

// basis says what the deploy would do, as far as that is known without the cluster: by whom it is asked does not matter.
func (b *Bot) basis(ctx context.Context, l draft) (seen, error) {
	saw := seen{Service: l.Service, Version: l.Version, Plan: l.Plan, Auto: l.Auto, Replace: l.Replace, When: l.when}
	if !l.moment.IsZero() {
		saw.Moment = l.moment.Unix()
	}
	service, ok := b.Services[l.Service]
	if !ok || l.Version == "" {
		return saw, nil
	}
	plan, _ := service.PlanNamed(l.Plan)
	about := []any{service.Spec, plan}
	if l.Replace { // what would be ended
		open, err := b.Store.Open(ctx, l.Service)
		if err != nil {
			return saw, err
		}
		for _, r := range open {
			about = append(about, r.ID)
		}
	}
	raw, err := json.Marshal(about)
	sum := sha256.Sum256(raw)
	saw.Basis = hex.EncodeToString(sum[:8])
	return saw, err
}

// openForm opens the form that starts a rollout, filled in as far as that is known.
func (b *Bot) openForm(ctx context.Context, req request, l draft) (answer, error) {
	if no, away := b.turnAway(ctx, req); away {
		return answerWith(no), nil
	}
	if services := b.sorted(); l.Service == "" && len(services) == 1 {
		l.Service = services[0].Name
	}
	var shown view.Message
	switch complete := b.complete(l); {
	case complete:
		shown = b.previewed(l)
	case l.read:
		shown = b.answers.ReadFrom(l.DeployRequest, l.found)
	}
	form, err := b.formFor(ctx, l, shown)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, openingMost)
	defer cancel()
	open, err := b.Slack.OpenModal(ctx, req.trigger, slack.Modal(form))
	if err != nil {
		b.Log.Warn("form not opened", "error", err)
		return answerWith(b.answers.NoForm()), nil
	}
	if !b.complete(l) {
		return answer{}, nil
	}
	turn := b.forms.next(open.ID, "")
	return answer{then: func(ctx context.Context) { b.look(ctx, req, openForm{open, turn}, l) }}, nil
}

// openForm is a form that is open, and which of the choices in it is followed.
type openForm struct {
	slack.Shown
	turn int
}

// complete reports whether enough is filled in to say what a deploy would do.
func (b *Bot) complete(l draft) bool {
	service, known := b.Services[l.Service]
	_, planned := service.PlanNamed(l.Plan)
	return known && planned && l.Version != "" && (l.when != view.StartAt || !l.moment.IsZero())
}

// previewed is what a form says before the cluster was looked at.
func (b *Bot) previewed(l draft) view.Message {
	plan, _ := b.Services[l.Service].PlanNamed(l.Plan)
	return b.answers.Previewed(l.DeployRequest, plan)
}

// filled reads what somebody has filled in.
func (b *Bot) filled(v slack.View) draft {
	_, service := v.Field(view.FieldService)
	l := draft{found: metadataOf(v).Found}
	l.Service = rollout.ServiceName(service)
	l.Auto, l.Replace = v.Ticked(view.FieldOptions, view.TickAuto), v.Ticked(view.FieldOptions, view.TickReplace)
	_, l.Text = v.Field(view.FieldReason)
	_, when := v.Field(view.FieldWhen)
	if l.when = view.WhenOf(when); l.when == view.StartAt {
		l.moment = v.Moment(view.FieldMoment)
	}
	_, l.Version = v.Field(view.FieldVersion)
	if action, plan := v.Field(view.FieldPlan); action == view.PlanAction(l.Service) { // another service's plan says nothing
		l.Plan = plan
	}
	if service, known := b.Services[l.Service]; known && service.Spec.Plan.Name == l.Plan {
		l.Plan = "" // as it is typed
	}
	return l
}

// chosen follows what somebody chooses in the form: it shows what the deploy would do.
func (b *Bot) chosen(req request, p slack.Interaction) (answer, error) {
	l := b.filled(p.View)
	open := openForm{slack.Shown{ID: p.View.ID, Hash: p.View.Hash}, b.forms.next(p.View.ID, p.Actions[0].ActionTS)}
	return answer{then: func(ctx context.Context) {
		var shown view.Message
		if b.complete(l) {
			shown = b.previewed(l)
		}
		if open, ok := b.showIn(ctx, open, l, shown); ok && b.complete(l) {
			b.look(ctx, req, open, l)
		}
	}}, nil
}

// look finds out whether the deploy would start, and shows that in the form.
func (b *Bot) look(ctx context.Context, req request, open openForm, l draft) {
	b.showIn(ctx, open, l, b.foretell(ctx, req, l))
}

// foretell says what the deploy would do: when it would start, or what a dry run says.
func (b *Bot) foretell(ctx context.Context, req request, l draft) view.Message {
	if _, why := b.unfitLater(ctx, req, l); why != "" {
		return b.answers.Unfit(why)
	}
	actor, err := b.actor(ctx, req, rollout.Deploy, l.Service)
	l.Actor, l.At = actor, now()
	if err == nil && l.when != view.StartNow {
		var o rollout.Outlook
		o, err = b.Rollouts.Foresee(ctx, l.DeployRequest, l.moment)
		if err == nil && (l.when == view.StartAt || o.InTheWay != nil) {
			plan, _ := b.Services[l.Service].PlanNamed(l.Plan)
			return b.answers.Foreseen(o, plan, l.local(b.zone(ctx, req.user)))
		}
	}
	if err == nil {
		var r rollout.Rollout
		var p rollout.Preflight
		r, p, err = b.Rollouts.DryRun(ctx, l.DeployRequest)
		switch {
		case err == nil && r.Behind != "": // the cluster is not as it will be then
			return b.answers.Behind(r)
		case err == nil:
			return b.dryRunTold(ctx, r, p)
		}
	}
	refused, failed := b.refuseDeploy(ctx, b.answers.ForForm(), l.DeployRequest, err)
	if failed != nil || refused.now == nil {
		b.Log.Warn("preview failed", "service", l.Service, "error", err)
		return b.answers.Error(err)
	}
	return *refused.now
}

// showIn puts what a deploy would do into a form. It is dropped where something else was chosen since, or the form was closed:
// ok is false then.
func (b *Bot) showIn(ctx context.Context, open openForm, l draft, shown view.Message) (now openForm, ok bool) {
	form, err := b.formFor(ctx, l, shown)
	if err != nil {
		b.Log.Warn("form not shown", "error", err)
		return open, false
	}
	now.turn = open.turn
	for b.forms.isLatest(open.ID, open.turn) {
		now.Shown, err = b.Slack.UpdateModal(ctx, open.Shown, slack.Modal(form))
		if slack.CodeOf(err) != "hash_conflict" || open.Hash == "" {
			break
		}
		open.Hash = "" // what lies there is about an older choice
	}
	if err != nil {
		b.Log.Info("form not updated", "error", err)
	}
	return now, err == nil && now.ID != ""
}

// forms knows of each open form what was chosen last in it: deliveries overtake each other.
type forms struct {
	mu   sync.Mutex // of reading and writing as one
	last *lru.Cache[string, choice]
}

// choice is one of the choices in a form: which, and when it was made by Slack's timestamp.
type choice struct {
	turn int
	at   string
}

func newForms() *forms {
	last, _ := lru.New[string, choice](formsKept) // fails for a size below one only
	return &forms{last: last}
}

// next counts a choice that was made then; an empty time: just now. It returns its turn; zero for one that was overtaken.
func (f *forms) next(form, at string) (turn int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, _ := f.last.Get(form)
	if at != "" && at < before.at {
		return 0
	}
	now := choice{turn: before.turn + 1, at: max(at, before.at)}
	f.last.Add(form, now)
	return now.turn
}

// isLatest reports whether nothing was chosen in the form since.
func (f *forms) isLatest(form string, turn int) bool {
	last, known := f.last.Get(form)
	return !known || last.turn == turn
}

// submitted starts what a form says, by the same way as a typed command.
func (b *Bot) submitted(ctx context.Context, req request, v slack.View) (answer, error) {
	l := b.filled(v)
	req.form = true
	l.ID = rollout.DecisionID("slack:view:" + v.ID) // each form starts one rollout, however often it is sent
	field, why := b.unfit(l)
	if why == "" {
		field, why = b.unfitLater(ctx, req, l)
	}
	if why != "" {
		return b.notStarted(ctx, v, l, field, why, b.answers.Unfit(why))
	}
	is, err := b.basis(ctx, l)
	if err != nil {
		return answer{}, err
	}
	if metadataOf(v).Seen != is || !b.complete(l) {
		return b.lookFirst(ctx, req, v, l)
	}
	l.Text = b.readable(ctx, l.Text)
	if id, ok, err := b.Store.Decided(ctx, l.ID); err != nil || ok {
		return b.startedBefore(ctx, l.ID, id, err)
	}
	out, err := b.startWhen(ctx, req, l)
	if err != nil || out.now == nil {
		return out, err
	}
	return b.inForm(ctx, v, l, out)
}

// startWhen starts what the form says, now or when it says.
func (b *Bot) startWhen(ctx context.Context, req request, l draft) (answer, error) {
	switch l.when {
	case view.StartNow:
		return b.start(ctx, req, l.DeployRequest)
	case view.StartFree:
		return b.startOrWait(ctx, req, l.DeployRequest)
	case view.StartAt:
		return b.await(ctx, req, l.DeployRequest, l.moment, nil)
	}
	return answer{}, rollout.Refuse(rollout.Internal, rollout.Problem{Code: rollout.ProblemInternal})
}

// notStarted shows in the form what was refused, in the place of what it still says that the deploy would do, and under the field
// that it is about; no field: it is about none that the form has. An ack carries errors or a form, so the form goes before.
func (b *Bot) notStarted(ctx context.Context, v slack.View, l draft, field, why string, shown view.Message) (answer, error) {
	if field == "" {
		form, err := b.formFor(ctx, l, shown)
		return answer{reply: slack.Reply{Modal: new(slack.Modal(form))}}, err
	}
	ctx, cancel := context.WithTimeout(ctx, openingMost)
	defer cancel()
	b.showIn(ctx, openForm{slack.Shown{ID: v.ID}, b.forms.next(v.ID, "")}, l, shown)
	return answer{reply: slack.Reply{Errors: map[string]string{field: why}}}, nil
}

// unfit returns what is wrong with what was filled in, and the field that it is in; empty: nothing, and none that is still there.
func (b *Bot) unfit(l draft) (field, why string) {
	service, known := b.Services[l.Service]
	_, planned := service.PlanNamed(l.Plan)
	version, isVersion := command.VersionIn(l.Version)
	switch {
	case !known:
		return view.FieldService, view.GoneFromForm(l.Service)
	case !planned:
		return "", view.FieldError(b.answers.UnknownPlan(service, l.Plan), "")
	case !isVersion || version != l.Version:
		return view.FieldVersion, view.NoVersion(l.Version)
	}
	return "", ""
}

// unfitLater returns what is wrong with when the deploy is to start, and the field that it is in; empty: nothing.
func (b *Bot) unfitLater(ctx context.Context, req request, l draft) (field, why string) {
	if l.when != view.StartNow && l.Replace {
		return view.FieldOptions, view.ReplacesLater
	}
	if l.moment.IsZero() {
		return "", ""
	}
	zone := b.zone(ctx, req.user)
	if _, err := calendar.When(l.local(zone).Format("2006-01-02 15:04")).At(now(), zone); err != nil {
		return view.FieldMoment, view.FieldError(b.answers.Error(err), "")
	}
	return "", ""
}

// local is the moment as the clocks of the zone show it; zero: none is chosen.
func (l draft) local(zone *time.Location) time.Time {
	if l.moment.IsZero() {
		return l.moment
	}
	return l.moment.In(zone)
}

// lookFirst shows what the form would start now, where that is not what it showed: too little time passed, the
// configuration changed, or what would be replaced is another rollout.
func (b *Bot) lookFirst(ctx context.Context, req request, v slack.View, l draft) (answer, error) {
	form, err := b.formFor(ctx, l, b.answers.LookFirst(b.previewed(l)))
	if err != nil {
		return answer{}, err
	}
	open := openForm{slack.Shown{ID: v.ID}, b.forms.next(v.ID, "")}
	return answer{
		reply: slack.Reply{Modal: new(slack.Modal(form))},
		then: func(ctx context.Context) {
			if b.complete(l) {
				b.showIn(ctx, open, l, b.answers.LookFirst(b.foretell(ctx, req, l)))
			}
		},
	}, nil
}

// startedBefore answers a form that was sent again: its first answer was lost.
func (b *Bot) startedBefore(ctx context.Context, asked rollout.DecisionID, id rollout.ID, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	b.Slack.Count(slack.Duplicate)
	if id == "" {
		return b.pendedBefore(ctx, asked)
	}
	r, err := b.Store.Load(ctx, id)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return answer{}, nil
	case err != nil:
		return answer{}, err
	}
	told := b.answers.Told("Deploy", b.answers.Accepted(r, rollout.Deploy, b.link(ctx, r.ID)))
	return answer{reply: slack.Reply{Modal: new(slack.Modal(told))}}, nil
}

// pendedBefore is startedBefore for a form that made a deploy pending.
func (b *Bot) pendedBefore(ctx context.Context, asked rollout.DecisionID) (answer, error) {
	q, err := b.Store.Queue(ctx)
	p, known := q.AskedBy(asked)
	if err != nil || !known {
		return answer{}, err // it started or was dropped since, which the channel was told
	}
	told := b.answers.Told("Deploy", b.answers.Pended(p, q.Place(p.ID, now()), nil))
	return answer{reply: slack.Reply{Modal: new(slack.Modal(told))}}, nil
}

// inForm shows an answer in the form: in its place once something was started, under the field that it is about, or below
// what was filled in.
func (b *Bot) inForm(ctx context.Context, v slack.View, l draft, out answer) (answer, error) {
	m := *out.now
	if out.started == "" && !out.pended {
		if m.Mentions() {
			out.about = "" // below a field a mention would be an id
		}
		return b.notStarted(ctx, v, l, out.about, view.FieldError(m, out.remedy), b.answers.NotStarted(m))
	}
	out.reply.Modal, out.now = new(slack.Modal(b.answers.Told("Deploy", m))), nil
	return out, nil
}

// withoutArguments reports whether a line says deploy and not what: then a form asks for the rest, where one can be opened.
func withoutArguments(err error) (service rollout.ServiceName, ok bool) {
	var e *command.Error
	if !errors.As(err, &e) || e.Verb != command.Deploy || e.Word != "" || e.Meant != "" {
		return "", false
	}
	return e.Service, slices.Contains([]command.Problem{command.MissingService, command.MissingVersion}, e.Problem)
}
