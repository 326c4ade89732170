package webhook

import (
	"context"
	"time"

	"canarybot.io/rollout"
)

// tale is one rollout's timeline, as far as it is not told.
type tale struct {
	id     rollout.ID
	head   head
	cursor Cursor
	saved  Cursor // as it is stored
	read   int    // the last entry that was looked at
	refs   []ref  // events that wait
	queued bool   // it is in order
}

// ref is an event that waits.
type ref struct {
	seq int
	at  time.Time
}

// read takes what was committed, and reports whether something could not be read and has to be tried again.
func (l *line) read(ctx context.Context) (again bool) {
	l.mu.Lock()
	heads := l.heads
	l.heads = map[rollout.ID]head{}
	l.mu.Unlock()
	for id, h := range heads {
		if err := l.readOne(ctx, id, h); err != nil {
			if ctx.Err() == nil {
				l.log.Warn("timeline not read; it is tried again", "rollout", id, "error", err)
			}
			l.note(id, h)
			again = true
		}
	}
	return again
}

// readOne reads on in a rollout's timeline.
func (l *line) readOne(ctx context.Context, id rollout.ID, h head) error {
	t := l.tales[id]
	if t == nil {
		cur, _, err := l.cursors.load(ctx, id)
		if err != nil || cur.Done {
			return err
		}
		t = &tale{id: id, cursor: cur, saved: cur, read: cur.Last}
	}
	if h.seq > t.read {
		entries, err := l.o.Store.Timeline(ctx, id, t.read)
		if err != nil {
			return err
		}
		for _, e := range entries {
			t.read = max(t.read, e.Seq)
			if l.wants(e) && !e.At.Before(l.since) {
				t.refs = append(t.refs, ref{e.Seq, e.At})
			}
		}
	}
	t.head = h
	l.tales[id] = t
	l.settle(ctx, t)
	return nil
}

// settle puts a tale in order where it has something to tell, else notes that all of it is told.
func (l *line) settle(ctx context.Context, t *tale) {
	if len(t.refs) > 0 {
		if !t.queued {
			t.queued, l.order = true, append(l.order, t)
		}
		return
	}
	t.cursor.Last = max(t.cursor.Last, t.read)
	if t.head.over && t.read >= t.head.seq {
		t.cursor.Done = true
		l.save(ctx, t)
		delete(l.tales, t.id)
	}
}

// save stores a tale's cursor. Where that fails nothing is lost: after a restart the same events are told again, under
// the same ids.
func (l *line) save(ctx context.Context, t *tale) {
	if t.cursor == t.saved {
		return
	}
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), saveMost)
	defer stop()
	if err := l.cursors.save(late, t.id, t.cursor); err != nil {
		if len(l.unsaved) == 0 {
			l.log.Warn("what was told is not stored; after a restart it is told again", "rollout", t.id, "error", err)
		}
		l.unsaved[t.id], l.saveAt = t, time.Now().Add(storePause)
		return
	}
	t.saved = t.cursor
	delete(l.unsaved, t.id)
}

// saveAgain tries again to store what could not be stored, until the first failure.
func (l *line) saveAgain(ctx context.Context) {
	if len(l.unsaved) == 0 || time.Now().Before(l.saveAt) {
		return
	}
	for _, t := range l.unsaved {
		if l.save(ctx, t); t.saved != t.cursor {
			return
		}
	}
}

// done notes that the tale's first event is done with.
func (l *line) done(ctx context.Context, t *tale, result string) {
	l.meters.count(l.Name, result)
	t.cursor.Last, t.refs = t.refs[0].seq, t.refs[1:]
	if len(t.refs) == 0 {
		l.settle(ctx, t)
	}
	l.save(ctx, t)
}

// giveUp gives up the events that wait for too long, and the oldest of too many.
func (l *line) giveUp(ctx context.Context) {
	total, dropped := 0, 0
	for _, t := range l.order {
		for len(t.refs) > 0 && time.Since(t.refs[0].at) > oldest {
			l.done(ctx, t, tooOld)
			dropped++
		}
		total += len(t.refs)
	}
	for ; total > most; total-- {
		l.done(ctx, l.longest(), tooMany)
		dropped++
	}
	l.tidy()
	if dropped > 0 {
		l.log.Error("events given up; the target was not told of them", "events", dropped)
	}
}

// longest returns the tale whose first event waits longest; nil: none waits.
func (l *line) longest() (first *tale) {
	for _, t := range l.order {
		if len(t.refs) > 0 && (first == nil || t.refs[0].at.Before(first.refs[0].at)) {
			first = t
		}
	}
	return first
}

// tidy drops from order what has nothing to tell.
func (l *line) tidy() {
	kept := l.order[:0]
	for _, t := range l.order {
		if t.queued = len(t.refs) > 0; t.queued {
			kept = append(kept, t)
		}
	}
	clear(l.order[len(kept):])
	l.order = kept
}

// publish tells the metrics how much waits.
func (l *line) publish() {
	total, first := 0, time.Time{}
	if t := l.longest(); t != nil {
		first = t.refs[0].at
	}
	for _, t := range l.order {
		total += len(t.refs)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued, l.first = total, first
}
