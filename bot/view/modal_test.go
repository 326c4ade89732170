package view_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// modals are all that people see in modals.
func modals() map[string]view.Modal {
	a := view.Answers{}
	checkout := rollout.Service{Name: "checkout", Spec: spec(), Plans: []rollout.Plan{{Name: "fast", Steps: []rollout.Step{{Weight: 50, Gate: rollout.Auto}}}}}
	services := []rollout.Service{checkout, {Name: "search", Spec: spec()}}
	var many []rollout.Service
	for i := range 21 {
		many = append(many, rollout.Service{Name: rollout.ServiceName(fmt.Sprintf("service-%d", i)), Spec: spec()})
	}
	plan := checkout.Spec.Plan
	all := launch()
	all.Auto, all.Replace = true, true
	form := func(l rollout.DeployRequest, shown view.Message) view.Modal {
		return a.DeployForm(view.DeployForm{DeployRequest: l, Services: services, Preview: shown, Metadata: "{}"})
	}
	pending := queue().All
	for i := range pending {
		pending[i].Service, pending[i].Request.Version = "checkout", launch().Version
	}
	later := func(o rollout.Outlook, when view.When, moment time.Time) view.Modal {
		f := view.DeployForm{DeployRequest: launch(), Services: services, Metadata: "{}", When: when, Moment: moment}
		if o.Pending.ID != 0 {
			f.Preview = a.Foreseen(o, plan, moment)
		}
		return a.DeployForm(f)
	}
	hostile := rollout.DeployRequest{Service: "checkout", Version: "<!channel>:fire:v1" + strings.Repeat("9", 100), Text: "*<@U1>*" + strings.Repeat("x", 400)}
	report := view.Value{Environment: "production", Rollout: "checkout-42", Turn: 4, Action: view.Incident}
	return map[string]view.Modal{
		"deploy":              form(rollout.DeployRequest{}, view.Message{}),
		"deploy_service":      form(rollout.DeployRequest{Service: "checkout"}, view.Message{}),
		"deploy_many":         a.DeployForm(view.DeployForm{Services: many, DeployRequest: rollout.DeployRequest{Service: "service-7"}}),
		"deploy_read_nothing": form(rollout.DeployRequest{}, a.ReadFrom(rollout.DeployRequest{}, nil)),
		"deploy_read_several": form(rollout.DeployRequest{Service: "checkout"}, a.ReadFrom(rollout.DeployRequest{Service: "checkout"}, []string{"v1.2.4", "v1.2.5"})),
		"deploy_read_service": form(rollout.DeployRequest{Service: "checkout"}, a.ReadFrom(rollout.DeployRequest{Service: "checkout"}, nil)),
		"deploy_read_version": form(rollout.DeployRequest{Version: "v1.2.4"}, a.ReadFrom(rollout.DeployRequest{Version: "v1.2.4"}, []string{"v1.2.4"})),
		"deploy_looking":      form(launch(), a.Previewed(launch(), plan)),
		"deploy_all":          form(all, a.Previewed(all, plan)),
		"deploy_shown":        form(launch(), a.DryRun(in(rollout.Queued), rollout.Preflight{Original: baking().Original})),
		"deploy_refused":      form(launch(), a.DryRun(in(rollout.Queued), cannot())),
		"deploy_forbidden":    form(launch(), a.Forbidden(person("U0LAN0Z89"), rollout.Deploy, policy())),
		"deploy_behind":       form(launch(), a.Behind(with(func(r *rollout.Rollout) { r.Behind = "checkout-41" }))),
		"deploy_not_started":  form(launch(), a.NotStarted(a.Forbidden(person("U0LAN0Z89"), rollout.Deploy, policy()))),
		"deploy_busy":         form(launch(), a.ForForm().Busy(launch(), &rollout.BusyError{Live: baking()}, permalink)),
		"deploy_closed":       form(launch(), a.ForForm().Closed(launch(), rollout.Closed{By: closures()[:1], Opens: closures()[0].Until})),
		"deploy_before":       form(launch(), a.ForForm().RolledBackBefore(launch(), ending(rollout.RolledBack, nil))),
		"deploy_look_first":   form(launch(), a.LookFirst(a.Previewed(launch(), plan))),
		"deploy_hostile":      form(hostile, a.Previewed(hostile, plan)),
		"deploy_at":           later(rollout.Outlook{}, view.StartAt, time.Time{}),
		"deploy_at_shown":     later(rollout.Outlook{Pending: pending[2]}, view.StartAt, pending[2].NotBefore.In(time.FixedZone("Europe/Berlin", 3600))),
		"deploy_line":         later(rollout.Outlook{Pending: pending[1], Place: 2, InTheWay: &rollout.BusyError{Live: baking()}}, view.StartFree, time.Time{}),
		"deploy_unfit":        form(launch(), a.Unfit(view.ReplacesLater)),
		"deploy_pending":      a.Told("Deploy", a.Pended(pending[0], 1, nil)),
		"deploy_started":      a.Told("Deploy", a.Accepted(baking(), rollout.Deploy, permalink)),
		"reason_abandon":      a.ReasonForm(with(func(r *rollout.Rollout) { r.Stuck = &rollout.Reason{Code: rollout.ReasonSlow} }), view.Value{Environment: "production", Rollout: "checkout-42", Turn: 4, Action: rollout.Abandon}),
		"incident":            a.IncidentForm(view.IncidentForm{Rollout: ending(rollout.Succeeded, nil), Began: noon, Value: report}),
		"incident_known":      a.IncidentForm(view.IncidentForm{Rollout: ending(rollout.RolledBack, nil), Began: noon, Value: report, Known: slices.Repeat([]rollout.AuditEntry{incident()}, 7)}),
		"incident_recorded":   a.Told(view.IncidentTitle, a.IncidentRecorded("checkout", noon, ending(rollout.Succeeded, nil))),
		"deploy_long_version": form(rollout.DeployRequest{Service: "checkout", Version: strings.Repeat("v", 151)}, view.Message{}),
	}
}

// wireModal is a modal as Slack takes it.
func wireModal(t testing.TB, m view.Modal) []byte {
	t.Helper()
	text := func(s string) *slack.TextBlockObject {
		if s == "" {
			return nil
		}
		return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
	}
	raw, err := json.Marshal(slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: m.Callback, Title: text(m.Title), Submit: text(m.Submit), Close: text(m.Close),
		PrivateMetadata: m.Metadata, Blocks: slack.Blocks{BlockSet: m.Blocks},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestModalsAreValid(t *testing.T) {
	for name, m := range modals() {
		for _, p := range blockkit.ValidateView(wireModal(t, m), blockkit.InModal) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

// renderModal writes a modal as a person reads it, and what there is to choose below it.
func renderModal(t *testing.T, m view.Modal) []byte {
	t.Helper()
	var out bytes.Buffer
	blocks := raw(t, view.Message{Blocks: m.Blocks})
	fmt.Fprintf(&out, "= %s =\n%s\n( %s )", m.Title, strings.Join(blockkit.Plain(blocks, blockkit.Names{Now: noon}), "\n"), m.Close)
	if m.Submit != "" {
		fmt.Fprintf(&out, " [ %s ]", m.Submit)
	}
	out.WriteString("\n")
	for _, f := range blockkit.Fields(blocks) {
		fmt.Fprintf(&out, "\n%s: %s %s/%s\n", f.Label, f.Kind, f.BlockID, f.ActionID)
		for _, o := range blockkit.OptionsOf(f.Raw) {
			text, _ := o["text"].(map[string]any)
			description, _ := o["description"].(map[string]any)
			fmt.Fprintf(&out, "  %v %v", o["value"], text["text"])
			if description != nil {
				fmt.Fprintf(&out, " (%v)", description["text"])
			}
			out.WriteString("\n")
		}
	}
	return out.Bytes()
}

func TestFieldErrorsAreOneLineOfPlainText(t *testing.T) {
	a := view.Answers{}
	for name, text := range map[string]string{
		"busy":       view.FieldError(a.Busy(launch(), &rollout.BusyError{Live: baking()}, permalink), view.TickToReplace),
		"before":     view.FieldError(a.RolledBackBefore(launch(), ending(rollout.RolledBack, nil)), view.TickToReplace),
		"same":       view.FieldError(a.SameVersion("checkout", "r/checkout:v1"), ""),
		"plan":       view.FieldError(a.UnknownPlan(rollout.Service{Name: "checkout", Spec: spec()}, "<!here>"), ""),
		"gone":       view.GoneFromForm("checkout"),
		"no version": view.NoVersion("latest"),
		"too long":   view.TooLong(10_000),
	} {
		if text == "" || len([]rune(text)) > 400 || strings.ContainsAny(text, "\n*") || strings.Contains(text, "&") {
			t.Errorf("%s: %q", name, text)
		}
	}
}

func TestSuggestionsFitASelect(t *testing.T) {
	many := view.Versions{Heading: "Deployed before"}
	for i := range 200 {
		many.All = append(many.All, view.Version{Name: fmt.Sprintf("v1.%d", i), Note: strings.Repeat("note ", 40)})
	}
	typed := view.Versions{Heading: "As typed", All: []view.Version{{Name: "v1.7"}, {Name: strings.Repeat("v", 151)}, {Name: ""}}}
	got := view.Suggestions(typed, many, view.Versions{Heading: "None"})
	encoded, err := json.Marshal(slack.OptionGroupsResponse{OptionGroups: got})
	if err != nil {
		t.Fatal(err)
	}
	if problems := blockkit.ValidateOptions(encoded); len(problems) > 0 {
		t.Error(problems)
	}
	if len(got) != 2 || len(got[0].Options) != 1 || len(got[1].Options) != 99 {
		t.Errorf("%d groups, want the one that is typed, and 99 that are not the same", len(got))
	}
}

// The ack of a submission carries a form while it has less than 20 KiB.
func TestLargestFormFitsAnAck(t *testing.T) {
	name := func(i int) string { return fmt.Sprintf("%s-%02d", strings.Repeat("n", 60), i) }
	checkout := rollout.Service{Name: rollout.ServiceName(name(0)), Spec: spec()}
	services := []rollout.Service{checkout}
	for i := range 19 {
		services = append(services, rollout.Service{Name: rollout.ServiceName(name(i + 1)), Spec: spec()})
	}
	for i := range 50 {
		services[0].Plans = append(services[0].Plans, rollout.Plan{Name: name(i), Steps: checkout.Spec.Plan.Steps})
	}
	l := rollout.DeployRequest{Service: services[0].Name, Version: strings.Repeat("9", 128), Plan: name(49), Text: strings.Repeat("ü", 300)}
	a := view.Answers{}
	m := a.DeployForm(view.DeployForm{DeployRequest: l, Services: services, Preview: a.LookFirst(a.Previewed(l, checkout.Spec.Plan)), Metadata: strings.Repeat("m", 500)})
	encoded := wireModal(t, m)
	if len(encoded) > 19<<10 {
		t.Errorf("%d bytes", len(encoded))
	}
	for _, p := range blockkit.ValidateView(encoded, blockkit.InModal) {
		t.Error(p)
	}
}
