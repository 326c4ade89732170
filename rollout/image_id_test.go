package rollout_test

import (
	"testing"

	"canarybot.io/rollout"
)

func on(platform, digest string) rollout.ImageID {
	return rollout.ImageID{Digest: "sha256:" + digest, Platform: platform}
}

func config(digest string) rollout.ImageID {
	return rollout.ImageID{Digest: "sha256:" + digest, Config: true, Platform: "amd64"}
}

// Another image on the same platform rolls back; on another platform it is that platform's; where nobody knows, people
// are asked; and what cannot be compared says nothing.
func TestWhatPodsRunBesideWhatWasJudged(t *testing.T) {
	for name, tt := range map[string]struct {
		judged, canary, stable []rollout.ImageID
		promoting              bool
		want                   rollout.Phase // Baking or Promoting: it stays
		asks                   bool
		known                  int // ids in the end
	}{
		"the same":                               {judged: ids(on("amd64", "a")), canary: ids(on("amd64", "a")), want: rollout.Baking, known: 1},
		"the same, known by an index":            {judged: ids(on("amd64", "a")), canary: ids(on("amd64", "a"), on("arm64", "a")), want: rollout.Baking, known: 1},
		"another on the same platform":           {judged: ids(on("amd64", "a")), canary: ids(on("amd64", "b")), want: rollout.RollingBack, known: 1},
		"another on one of two platforms":        {judged: ids(on("amd64", "a"), on("arm64", "b")), canary: ids(on("arm64", "c")), want: rollout.RollingBack, known: 2},
		"another platform":                       {judged: ids(on("amd64", "a")), canary: ids(on("amd64", "a"), on("arm64", "b")), want: rollout.Baking, known: 2},
		"two further platforms":                  {judged: ids(on("amd64", "a")), canary: ids(on("arm64", "b"), on("s390x", "c")), want: rollout.Baking, known: 3},
		"two on one further platform":            {judged: ids(on("amd64", "a")), canary: ids(on("arm64", "b"), on("arm64", "c")), want: rollout.RollingBack, known: 2},
		"a platform that nobody knows":           {judged: ids(on("", "a")), canary: ids(on("", "a"), on("", "b")), want: rollout.Baking, asks: true, known: 1},
		"a new pod's platform that nobody knows": {judged: ids(on("amd64", "a")), canary: ids(on("", "b")), want: rollout.Baking, asks: true, known: 1},
		"the judged platform that nobody knows":  {judged: ids(on("", "a")), canary: ids(on("arm64", "b")), want: rollout.Baking, asks: true, known: 1},
		"no id":                                  {judged: ids(on("amd64", "a")), want: rollout.Baking, known: 1},
		"an id of another kind":                  {judged: ids(on("amd64", "a")), canary: ids(config("b")), want: rollout.Baking, known: 1},
		"another of that kind":                   {judged: ids(config("b")), canary: ids(config("c")), want: rollout.RollingBack, known: 1},
		"nothing was judged":                     {canary: ids(on("amd64", "a")), want: rollout.Baking, known: 1},
		"nothing was judged, and nothing tells":  {want: rollout.Baking},

		"stable, the same":                         {promoting: true, judged: ids(on("amd64", "a")), stable: ids(on("amd64", "a")), want: rollout.Promoting, known: 1},
		"stable, another on the same platform":     {promoting: true, judged: ids(on("amd64", "a")), stable: ids(on("amd64", "b")), want: rollout.RollingBack, known: 1},
		"stable, another platform":                 {promoting: true, judged: ids(on("amd64", "a")), stable: ids(on("amd64", "a"), on("arm64", "b")), want: rollout.Promoting, known: 2},
		"stable, a platform that nobody knows":     {promoting: true, judged: ids(on("", "a")), stable: ids(on("", "b")), want: rollout.Promoting, asks: true, known: 1},
		"stable, an id of another kind":            {promoting: true, judged: ids(on("amd64", "a")), stable: ids(config("b")), want: rollout.Promoting, known: 1},
		"stable, before everybody gets it, counts": {judged: ids(on("amd64", "a")), stable: ids(on("amd64", "old")), want: rollout.Baking, known: 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.ImageIDs, w.Canary.ImageIDs, w.Stable.ImageIDs = tt.judged, tt.canary, tt.stable
			if tt.promoting {
				r.Phase, r.StableWritten, w.Stable.Image, w.Stable.Available = rollout.Promoting, true, newRef, 0
				w.Stable.Stamp = &rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Image: newRef}
			}
			after, _, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
			asks := after.Drift != nil && after.Drift.Field == rollout.FieldImageID
			if after.Phase != tt.want || asks != tt.asks || len(after.ImageIDs) != tt.known {
				t.Errorf("%s because of %q, asks %t, knows %v; want %s, %t, %d", after.Phase, after.Ending.Reason.Code, asks, after.ImageIDs, tt.want, tt.asks, tt.known)
			}
		})
	}
}

func ids(all ...rollout.ImageID) []rollout.ImageID { return all }

// Whoever accepts an id is not asked about it again, and is about the next.
func TestAnImageIDThatAPersonAccepts(t *testing.T) {
	r, w := checkout()
	r.ImageIDs, w.Canary.ImageIDs = ids(on("", "a")), ids(on("", "a"), on("", "b"))
	r, entries, _ := rollout.Next(r, facts(r, w, interval, rollout.Pass))
	if kinds(entries) != "drift" || len(rollout.Writes(r, facts(r, w, 0, rollout.Pass))) != 0 {
		t.Fatalf("told %q, and wrote; want one question and nothing moved", kinds(entries))
	}
	accept := rollout.Decision{ID: "d", Action: rollout.Override, Actor: person("U1"), Turn: r.Turn, Value: r.Drift.Value, At: t0}
	r, _, err := rollout.Decide(r, accept, allows())
	if err != nil {
		t.Fatal(err)
	}
	r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass))
	if r.Drift != nil || r.Override != nil || len(r.ImageIDs) != 2 {
		t.Fatalf("asked about %+v, override %+v, knows %v; want it to go on with two", r.Drift, r.Override, r.ImageIDs)
	}
	for n, odd := range []string{"c", "d", "e", "f"} {
		w.Canary.Version = odd
		w.Canary.ImageIDs = ids(on("", odd))
		if r, _, _ = rollout.Next(r, facts(r, w, interval, rollout.Pass)); r.Drift == nil || r.Drift.Value != "sha256:"+odd || r.Stuck != nil {
			t.Fatalf("the image %d is asked about as %+v, stuck %+v", n, r.Drift, r.Stuck)
		}
	}
}

// Admission that resolves the tag anew for stable would promote what nobody judged.
func TestAdmissionThatPinsStableToAnotherDigest(t *testing.T) {
	for name, tt := range map[string]struct {
		canary, stable string
		want           rollout.Phase
	}{
		"the same digest":            {newRef + sumA, newRef + sumA, rollout.Promoting},
		"another digest":             {newRef + sumA, newRef + sumB, rollout.RollingBack},
		"the same by another mirror": {"a.local/shop/checkout:v1.2.4" + sumA, "b.local/shop/checkout:v1.2.4" + sumA, rollout.Promoting},
		"a mirror, which pins none":  {"", "b.local/shop/checkout:v1.2.4", rollout.Promoting},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := checkout()
			r.Phase, r.StableWritten, w.Stable.Image, w.Stable.Available = rollout.Promoting, true, newRef, 0
			w.Stable.Stamp = &rollout.Stamp{Store: r.Store, Rollout: r.ID, Revision: r.Revision, Image: newRef}
			w.Canary.Admitted, w.Stable.Admitted = tt.canary, tt.stable
			if phase, why := moved(r, facts(r, w, interval, rollout.Pass)); phase != tt.want {
				t.Errorf("%s because of %q, want %s", phase, why, tt.want)
			}
		})
	}
}
