package webhook_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// newer is the key that takes over.
const newer = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="

// request makes what the receiver got a request again.
func (v *receiver) request(t *testing.T, i int) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://ci.example.com", bytes.NewReader(v.bodies[i]))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = v.heads[i].Clone()
	return r
}

// Each event is signed, at the time when it is sent: a receiver that has either key takes it.
func TestSignatures(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		s := webhook.Settings{
			Name: "ci", URL: "https://ci.example.com", Transport: v,
			SecretFiles: []string{written(t, "old", key), written(t, "new", newer)},
		}
		b := newBed(t, s.Recipient(webhook.NewPlain(s, nil)))
		b.start()
		b.live("checkout", 1)
		synctest.Wait()
		for i := range v.bodies {
			for _, k := range []string{key, newer} {
				body, err := receive(v.request(t, i), k)
				if err != nil || !bytes.Equal(body, v.bodies[i]) {
					t.Errorf("event %d: %v", i, err)
				}
			}
			if _, err := receive(v.request(t, i), "whsec_"+strings.Repeat("MDEy", 10)); err == nil {
				t.Error("another key was taken")
			}
		}
		old := v.request(t, 0)
		pass(6 * time.Minute)
		if _, err := receive(old, key); err == nil {
			t.Error("an old request was taken again")
		}
	})
}

// Without a key that can be read, nothing is sent unsigned; with one of two, that one signs.
func TestKeysThatAreNotThere(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		missing := t.TempDir() + "/key"
		s := webhook.Settings{Name: "ci", URL: "https://ci.example.com", Transport: v, SecretFiles: []string{missing, written(t, "key", "hunter2")}}
		b := newBed(t, s.Recipient(webhook.NewPlain(s, nil)))
		b.start()
		b.begin("checkout", 1)
		pass(time.Hour)
		if len(v.tries()) != 0 {
			t.Error("it was sent")
		}
		if log := b.log.String(); !strings.Contains(log, "whsec_ and the base64") || strings.Contains(log, "hunter2") {
			t.Errorf("the log says:\n%s", log)
		}
		if err := os.WriteFile(missing, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 400 { // the next try may be five minutes away, and what is received is fresh
			if pass(time.Second); len(v.got()) == 2 {
				break
			}
		}
		if _, err := receive(v.request(t, 0), key); err != nil {
			t.Error(err)
		}
	})
}

// What signs in or signs is in no error and in no log, nor is an address that is a secret.
func TestNothingSecretIsLogged(t *testing.T) {
	in(t, func(t *testing.T) {
		for _, code := range []int{0, 200, 302, 401, 404, 500} {
			v := &receiver{answer: with(code, "Location", "https://ci.example.com/hooks/hunter2")}
			s := webhook.Settings{
				Name: "ci", Transport: v, SecretFiles: []string{written(t, "key", key)}, TokenFile: written(t, "token", "hunter2"),
				URLFile: written(t, "url", "https://ci.example.com/hooks/hunter2?sig=hunter2"),
			}
			b := newBed(t, s.Recipient(webhook.NewPlain(s, nil)))
			b.start()
			b.begin("checkout", 1)
			pass(time.Minute)
			b.stop()
			for _, secret := range []string{"hunter2", key, key[6:]} {
				if strings.Contains(b.log.String(), secret) {
					t.Errorf("%d: the log holds %s:\n%s", code, secret, b.log)
				}
			}
		}
	})
}

// A body that was changed, or an id or a time, is not what was signed.
func FuzzReceive(f *testing.F) {
	v := &receiver{}
	path := f.TempDir() + "/key"
	if err := os.WriteFile(path, []byte(key), 0o600); err != nil {
		f.Fatal(err)
	}
	target := webhook.NewPlain(webhook.Settings{Name: "ci", URL: "https://ci.example.com", Transport: v, SecretFiles: []string{path}}, nil)
	r := rollout.Rollout{ID: "checkout-1", Service: "checkout", Store: "s1"}
	if err := target.Send(f.Context(), webhook.Event{ID: "prod/s1/checkout-1/1/ci", Kind: webhook.Started, Rollout: r}); err != nil {
		f.Fatal(err)
	}
	head := v.heads[0]
	id, stamp, signature := head.Get("Webhook-Id"), head.Get("Webhook-Timestamp"), head.Get("Webhook-Signature")
	f.Add(id, stamp, signature, v.bodies[0])
	f.Add(id+"."+stamp, "", signature, v.bodies[0])
	f.Add(id, stamp+".", signature, v.bodies[0][1:])
	f.Fuzz(func(t *testing.T, id2, stamp2, signature2 string, body []byte) {
		request := &http.Request{Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
		request.Header.Set("Webhook-Id", id2)
		request.Header.Set("Webhook-Timestamp", stamp2)
		request.Header.Set("Webhook-Signature", signature2)
		_, err := receive(request, key)
		same := id2 == id && stamp2 == stamp && bytes.Equal(body, v.bodies[0])
		if err == nil && !same {
			t.Errorf("taken: %q %q %q %q", id2, stamp2, signature2, body)
		}
	})
}
