package bot

import (
	"context"
	"fmt"
	"strings"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// suggest answers a search in a form: for a service, or for a version of one.
func (b *Bot) suggest(ctx context.Context, req request, p slack.Interaction) (answer, error) {
	out := answer{reply: slack.Reply{Suggests: true}}
	if _, away := b.turnAway(ctx, req); away {
		return out, nil
	}
	var groups []view.Versions
	switch field, _, _ := strings.Cut(strings.TrimPrefix(p.ActionID, view.ActionPrefix), "/"); field {
	case view.FieldService:
		groups = []view.Versions{b.servicesLike(p.Value)}
	case view.FieldVersion:
		groups = b.versionsLike(ctx, p)
	}
	out.reply.Suggested = view.Suggestions(groups...)
	return out, nil
}

func (b *Bot) servicesLike(typed string) view.Versions {
	found := view.Versions{Heading: "Services"}
	for _, s := range b.sorted() {
		if like(string(s.Name), typed) {
			found.All = append(found.All, view.Version{Name: string(s.Name), Note: s.Spec.Environment})
		}
	}
	return found
}

// versionsLike are what to deploy: what was typed, what stood in the message that the form was opened from, what ran
// before, what runs elsewhere, and what the registry has.
func (b *Bot) versionsLike(ctx context.Context, p slack.Interaction) []view.Versions {
	service, typed := chosenService(p.View), p.Value
	var groups []view.Versions
	if version, ok := command.VersionIn(typed); ok {
		groups = append(groups, view.Versions{Heading: "As typed", All: []view.Version{{Name: version}}})
	}
	found := view.Versions{Heading: "In the message"}
	for _, name := range metadataOf(p.View).Found {
		found.All = append(found.All, view.Version{Name: name})
	}
	s, ok := b.Services[service]
	if !ok {
		return append(groups, found)
	}
	before, err := b.deployedBefore(ctx, service)
	if err != nil {
		b.Log.Warn("no versions suggested", "service", service, "error", err)
	}
	all := append(groups, found, before, b.elsewhere(ctx, s), b.inRegistry(ctx, s))
	for i := len(groups); i < len(all); i++ {
		all[i].All = likeTyped(all[i].All, typed)
	}
	return all
}

// chosenService is the service that a form is about: as it is filled in, or else as the form shows it.
func chosenService(v slack.View) rollout.ServiceName {
	if _, chosen := v.Field(view.FieldService); chosen != "" {
		return rollout.ServiceName(chosen)
	}
	return metadataOf(v).Seen.Service
}

// deployedBefore are the versions of the service's last rollouts, newest first, with how they ended.
func (b *Bot) deployedBefore(ctx context.Context, service rollout.ServiceName) (view.Versions, error) {
	found := view.Versions{Heading: "Deployed before"}
	past, err := b.Store.History(ctx, service, rollout.Recent)
	for _, r := range past {
		if !r.Request.Back {
			found.All = append(found.All, view.Version{Name: r.Request.Version, Note: b.answers.HowItEnded(r)})
		}
	}
	return found, err
}

// elsewhere are what other services run that are made of the same repository.
func (b *Bot) elsewhere(ctx context.Context, of rollout.Service) view.Versions {
	found := view.Versions{Heading: "Runs elsewhere"}
	for _, s := range b.sorted() {
		if s.Name == of.Name || s.Spec.Repository == "" || s.Spec.Repository != of.Spec.Repository {
			continue
		}
		past, err := b.Store.History(ctx, s.Name, rollout.Recent)
		if last, ok := rollout.LastSuccess(past); err == nil && ok {
			found.All = append(found.All, view.Version{Name: rollout.ShortVersion(last.Released()), Note: fmt.Sprintf("in %s", s.Name)})
		}
	}
	return found
}

// inRegistry are the newest versions that the registry has.
func (b *Bot) inRegistry(ctx context.Context, s rollout.Service) view.Versions {
	found := view.Versions{Heading: "In the registry"}
	if b.Registry == nil {
		return found
	}
	for _, name := range b.Registry.Newest(ctx, s) {
		found.All = append(found.All, view.Version{Name: name})
	}
	return found
}

func like(name, typed string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(strings.TrimSpace(typed)))
}

func likeTyped(all []view.Version, typed string) []view.Version {
	var found []view.Version
	for _, v := range all {
		if like(v.Name, typed) {
			found = append(found, v)
		}
	}
	return found
}
