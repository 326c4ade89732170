package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// decided tells who decided what, and what comes of it.
func (t telling) decided() (Message, bool) {
	by, said := who(t.e.Actor), saying(t.e.Data.Text)
	var mark, did, then string
	switch t.e.Data.Action {
	case rollout.Promote:
		mark, did, then = iconDone, "Approved by", "It "+moves(t.r, t.e.Step)+"."
	case rollout.Rollback:
		return t.rollback(), true
	case rollout.Pause:
		mark, did, then = iconPaused, "Paused by", "It stays as it is; checks and rollback go on."
	case rollout.Resume:
		mark, did, then = iconGoing, "Resumed by", "It goes on."
	case rollout.Override:
		mark, did, then = iconDone, "Overridden by", t.ours()
	case rollout.Retry:
		mark, did, then = iconGoing, "Told to try again by", ""
	case rollout.Abandon:
		mark, did, then = iconBad, "Abandoned by", "Nothing more is changed in the cluster."
	case rollout.Deploy, rollout.AutoGate:
		return Message{}, false
	default:
		return Message{}, false
	}
	return message(joined(" ", fmt.Sprintf("%s *%s* %s%s", mark, did, by, stop(said)), then)).
		said("%s", joined(" ", fmt.Sprintf("%s: %s %s%s", subject(t.r), lower(did), by, stop(said)), then)), true
}

func (t telling) rollback() Message {
	by, said := who(t.e.Actor), saying(t.e.Data.Text)
	mark, did, what := iconBack, "Rollback", fmt.Sprintf("Everyone returns to %s.", old(t.r))
	switch {
	case t.e.Data.From == rollout.Queued && t.e.Data.To == rollout.Ended:
		mark, did, what = iconBad, "Cancelled", "It had not started; nothing was changed."
	case t.e.Actor.Kind == rollout.Kube:
		by, said = "somebody with rights on the cluster", ", who set "+code("canarybot.io/rollback=now")
	case t.e.Data.Reason.Code == rollout.ReasonReplaced:
		said += "; " + word(t.e.Data.Reason.Detail) + " comes instead"
	}
	return message(fmt.Sprintf("%s *%s* by %s%s %s", mark, did, by, stop(said), what)).
		said("%s: %s by %s%s %s", subject(t.r), lower(did), by, stop(said), what)
}

// stop ends a sentence after somebody's words, or after none.
func stop(said string) string {
	if said == "" {
		return "."
	}
	return full(said)
}

func (t telling) ours() string {
	if d := t.e.Data.Drift; d != nil {
		return fmt.Sprintf("%s is set back from %s to %s.", capital(fieldName(d.Field)), shown(*d, d.Value), shown(*d, d.Wanted))
	}
	return ""
}
