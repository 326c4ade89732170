package who_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

func pipeline(name string, claims map[string][]string) who.Pipeline {
	return who.Pipeline{Name: name, Issuer: actions, Audience: "canarybot", Claims: claims}
}

func ci() who.Pipeline {
	return pipeline("ci", map[string][]string{"repository": {"acme/shop"}, "ref": {"refs/heads/main"}})
}

// verifier knows the pipelines, and reaches the issuer alone.
func verifier(i *issuer, pipelines ...who.Pipeline) *who.Verifier {
	return who.New(who.Options{Pipelines: pipelines, Transport: i})
}

func whose(t *testing.T, v *who.Verifier, token string) (who.Caller, rollout.ProblemCode) {
	t.Helper()
	c, err := v.Whose(t.Context(), token)
	if err == nil && len(c.Pipelines) == 0 {
		t.Fatal("somebody asks who is no pipeline")
	}
	if err != nil && token != "" && strings.Contains(err.Error(), token) {
		t.Errorf("the error tells the token: %v", err)
	}
	if err == nil {
		return c, ""
	}
	return c, rollout.ProblemOf(err).Code
}

// Each row is a token that is good, or is not for one reason alone.
func TestTokensOfAnIssuer(t *testing.T) {
	after := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, tt := range map[string]struct {
		token func(i *issuer) string
		want  rollout.ProblemCode
	}{
		"a good one": {func(i *issuer) string { return i.token(nil) }, ""},
		"ours among several audiences": {func(i *issuer) string {
			return i.token(map[string]any{"aud": []string{"sts.amazonaws.com", "canarybot"}})
		}, ""},
		"another audience":                  {func(i *issuer) string { return i.token(map[string]any{"aud": "sts.amazonaws.com"}) }, who.ProblemAudience},
		"an audience that begins like ours": {func(i *issuer) string { return i.token(map[string]any{"aud": "canarybot2"}) }, who.ProblemAudience},
		"no audience":                       {func(i *issuer) string { return i.token(map[string]any{"aud": nil}) }, who.ProblemAudience},
		"an audience of nothing":            {func(i *issuer) string { return i.token(map[string]any{"aud": []string{}}) }, who.ProblemAudience},
		"another issuer":                    {func(i *issuer) string { return i.token(map[string]any{"iss": "https://evil.example.com"}) }, who.ProblemIssuer},
		"an issuer that begins like ours":   {func(i *issuer) string { return i.token(map[string]any{"iss": actions + "/evil"}) }, who.ProblemIssuer},
		"no issuer":                         {func(i *issuer) string { return i.token(map[string]any{"iss": nil}) }, who.ProblemIssuer},
		"a fork":                            {func(i *issuer) string { return i.token(map[string]any{"repository": "evil/shop"}) }, who.ProblemClaims},
		"a longer value":                    {func(i *issuer) string { return i.token(map[string]any{"repository": "acme/shop-evil"}) }, who.ProblemClaims},
		"a shorter value":                   {func(i *issuer) string { return i.token(map[string]any{"repository": "acme/sho"}) }, who.ProblemClaims},
		"another case":                      {func(i *issuer) string { return i.token(map[string]any{"repository": "Acme/Shop"}) }, who.ProblemClaims},
		"a space behind":                    {func(i *issuer) string { return i.token(map[string]any{"repository": "acme/shop "}) }, who.ProblemClaims},
		"another branch":                    {func(i *issuer) string { return i.token(map[string]any{"ref": "refs/heads/main2"}) }, who.ProblemClaims},
		"a claim that is missing":           {func(i *issuer) string { return i.token(map[string]any{"ref": nil}) }, who.ProblemClaims},
		"a claim in an object": {func(i *issuer) string {
			return i.token(map[string]any{"ref": map[string]string{"ref": "refs/heads/main"}})
		}, who.ProblemClaims},
		"a claim in a list":                {func(i *issuer) string { return i.token(map[string]any{"ref": []any{nil, "refs/heads/main"}}) }, ""},
		"a claim in a list of lists":       {func(i *issuer) string { return i.token(map[string]any{"ref": []any{[]string{"refs/heads/main"}}}) }, who.ProblemClaims},
		"expired":                          {func(i *issuer) string { return i.token(map[string]any{"exp": after(-2 * time.Minute)}) }, who.ProblemExpired},
		"expired by a clock that is ahead": {func(i *issuer) string { return i.token(map[string]any{"exp": after(-30 * time.Second)}) }, ""},
		"for ever":                         {func(i *issuer) string { return i.token(map[string]any{"exp": nil}) }, who.ProblemExpired},
		"not valid yet":                    {func(i *issuer) string { return i.token(map[string]any{"nbf": after(2 * time.Minute)}) }, who.ProblemEarly},
		"from a clock that is ahead":       {func(i *issuer) string { return i.token(map[string]any{"nbf": after(30 * time.Second)}) }, ""},
		"unsigned": {func(i *issuer) string {
			return strings.Join([]string{base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)), strings.Split(i.token(nil), ".")[1], ""}, ".")
		}, who.ProblemAlgorithm},
		"unsigned, in other letters": {func(i *issuer) string {
			return i.signed(map[string]any{"alg": "nOnE"}, encode(i.claims(nil)), i.key)
		}, who.ProblemAlgorithm},
		"signed by the public key": {func(i *issuer) string { return i.keyed() }, who.ProblemAlgorithm},
		"by another key under the same name": {func(i *issuer) string {
			return i.signed(map[string]any{"alg": "ES256", "kid": i.kid}, encode(i.claims(nil)), newIssuer(i, actions).key)
		}, who.ProblemSignature},
		"by a key that it brings along": {func(i *issuer) string {
			own := newIssuer(i, actions)
			return i.signed(map[string]any{"alg": "ES256", "jwk": public("own", own.key), "kid": "own"}, encode(i.claims(nil)), own.key)
		}, who.ProblemSignature},
		"with another header's algorithm": {func(i *issuer) string {
			return i.signed(map[string]any{"alg": "RS256", "kid": i.kid}, encode(i.claims(nil)), i.key)
		}, who.ProblemSignature},
		"with what we must understand and do not": {func(i *issuer) string {
			return i.signed(map[string]any{"alg": "ES256", "kid": i.kid, "crit": []string{"x"}, "x": 1}, encode(i.claims(nil)), i.key)
		}, who.ProblemSignature},
		"changed": {func(i *issuer) string {
			parts, other := strings.Split(i.token(nil), "."), strings.Split(i.token(map[string]any{"run_id": "1"}), ".")
			return parts[0] + "." + other[1] + "." + parts[2]
		}, who.ProblemSignature},
		"cut off":           {func(i *issuer) string { s := i.token(nil); return s[:len(s)-10] }, who.ProblemSignature},
		"without signature": {func(i *issuer) string { s := i.token(nil); return s[:strings.LastIndexByte(s, '.')+1] }, who.ProblemSignature},
		"of two parts":      {func(i *issuer) string { s := i.token(nil); return s[:strings.LastIndexByte(s, '.')] }, who.ProblemUnknownToken},
		"encrypted":         {func(i *issuer) string { return i.token(nil) + ".a.b" }, who.ProblemUnknownToken},
		"not base64":        {func(*issuer) string { return "a.b=.c" }, who.ProblemMalformed},
		"not JSON":          {func(i *issuer) string { return i.signed(map[string]any{"alg": "ES256"}, "{", i.key) }, who.ProblemMalformed},
		"two objects":       {func(i *issuer) string { return i.signed(map[string]any{"alg": "ES256"}, "{}{}", i.key) }, who.ProblemMalformed},
		"null":              {func(i *issuer) string { return i.signed(map[string]any{"alg": "ES256"}, "null", i.key) }, who.ProblemMalformed},
		"endless":           {func(i *issuer) string { return i.token(map[string]any{"x": strings.Repeat("x", 20<<10)}) }, who.ProblemMalformed},
		"none":              {func(*issuer) string { return "" }, who.ProblemNoToken},
		"some word":         {func(*issuer) string { return "secret" }, who.ProblemUnknownToken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(t, actions)
				c, code := whose(t, verifier(i, ci()), tt.token(i))
				if code != tt.want {
					t.Fatalf("refused as %q, want %q", code, tt.want)
				}
				if code == "" && (c.Name() != "ci" || c.Run != "github.com/acme/shop, run 812" || c.Link != "https://github.com/acme/shop/actions/runs/1812") {
					t.Errorf("it is %+v", c)
				}
			})
		})
	}
}

// A repeated claim must not be one thing to the signature and another to the policy: JSON's last one counts for both.
func TestRepeatedClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, actions)
		payload := strings.TrimSuffix(encode(i.claims(nil)), "}") + `,"iss":"https://evil.example.com"}`
		if _, code := whose(t, verifier(i, ci()), i.signed(map[string]any{"alg": "ES256", "kid": i.kid}, payload, i.key)); code != who.ProblemIssuer {
			t.Errorf("refused as %q", code)
		}
	})
}

// Keys are fetched once, and again when a token names another one, though not for each token that somebody makes up.
func TestKeysAreKeptAndRotated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, actions)
		v := verifier(i, ci())
		for range 100 {
			if _, code := whose(t, v, i.token(nil)); code != "" {
				t.Fatalf("refused as %s", code)
			}
		}
		if n := i.askedFor("/keys"); n != 1 {
			t.Errorf("the keys were fetched %d times", n)
		}
		time.Sleep(time.Minute)
		old := i.token(nil)
		i.rotate("second")
		if _, code := whose(t, v, i.token(nil)); code != "" {
			t.Errorf("after the rotation: %s", code)
		}
		for range 100 {
			forged := newIssuer(t, actions)
			forged.kid = "made up"
			if _, code := whose(t, v, forged.token(nil)); code != who.ProblemSignature {
				t.Fatalf("a made-up key: %q", code)
			}
		}
		if n := i.askedFor("/keys"); n > 3 {
			t.Errorf("the keys were fetched %d times for 100 forged tokens", n)
		}
		if _, code := whose(t, v, old); code != who.ProblemSignature {
			t.Errorf("by the key of before: %q", code)
		}
	})
}

// A key that its issuer took back is not trusted for longer than an hour, though no unknown one comes in between. While the
// issuer does not answer, what it said last holds.
func TestKeysAreAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, actions)
		v := verifier(i, ci())
		if _, code := whose(t, v, i.token(nil)); code != "" {
			t.Fatal(code)
		}
		time.Sleep(2 * time.Hour)
		i.away = errors.New("connection refused")
		for range 10 {
			if _, code := whose(t, v, i.token(nil)); code != "" {
				t.Fatalf("while the issuer is away: %s", code)
			}
		}
		if n := i.askedFor("/.well-known/openid-configuration"); n != 2 {
			t.Errorf("the issuer was asked %d times", n)
		}
		i.away, i.served = nil, []map[string]any{}
		time.Sleep(2 * time.Minute)
		if _, code := whose(t, v, i.token(nil)); code != who.ProblemSignature {
			t.Errorf("a key that was taken back: %q", code)
		}
	})
}

func TestIssuerThatCannotBeAsked(t *testing.T) {
	const configuration = "/.well-known/openid-configuration"
	for name, spoil := range map[string]func(i *issuer){
		"no answer": func(i *issuer) { i.away = errors.New("connection refused") },
		"another issuer": func(i *issuer) {
			i.answer[configuration] = `{"issuer":"https://evil.example.com","jwks_uri":"https://evil.example.com/keys"}`
		},
		"no JSON":               func(i *issuer) { i.answer[configuration] = "<html>" },
		"keys that are no JSON": func(i *issuer) { i.answer["/keys"] = "<html>" },
		"keys without end":      func(i *issuer) { i.answer["/keys"] = `{"keys":[` + strings.Repeat(" ", 2<<20) + "]}" },
		"keys that cannot be had": func(i *issuer) {
			i.answer[configuration] = `{"issuer":"` + actions + `","jwks_uri":"https://elsewhere.example.com/keys"}`
		},
		"a configuration without it": func(i *issuer) { i.answer[configuration] = `{"issuer":"` + actions + `"}` },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(t, actions)
				spoil(i)
				v := verifier(i, ci())
				_, err := v.Whose(t.Context(), i.token(nil))
				if rollout.CodeOf(err) != rollout.Unavailable || rollout.ProblemOf(err).Code != who.ProblemUnchecked {
					t.Fatalf("got %v", err)
				}
				for range 50 {
					_, _ = v.Whose(t.Context(), i.token(nil))
				}
				if n := i.askedFor(configuration) + i.askedFor("/keys"); n > 2 {
					t.Errorf("it was asked %d times", n)
				}
				i.away, i.answer = nil, map[string]string{}
				time.Sleep(2 * time.Hour) // what an issuer says of itself is believed for an hour
				if _, code := whose(t, v, i.token(nil)); code != "" {
					t.Errorf("once it answers: %s", code)
				}
			})
		})
	}
}

// One token may prove several pipelines, and one of several issuers is asked alone.
func TestSeveralPipelines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, actions)
		gitlab := ci()
		gitlab.Name, gitlab.Issuer, gitlab.Claims = "gitlab", "https://gitlab.com", map[string][]string{"project_path": {"acme/shop"}}
		byEither := pipeline("either", map[string][]string{"ref": {"refs/heads/next", "refs/heads/main"}, "repository": {"acme/shop"}})
		v := verifier(i, gitlab, ci(), byEither, pipeline("next", map[string][]string{"ref": {"refs/heads/next"}, "repository": {"acme/shop"}}))
		c, code := whose(t, v, i.token(nil))
		if code != "" || len(c.Pipelines) != 2 || c.Pipelines[0].Name != "ci" || c.Pipelines[1].Name != "either" {
			t.Errorf("%s %+v", code, c)
		}
	})
}

// reviewer is an API server that knows one token.
type reviewer struct {
	good, user string
	err        error
	asked      int
}

func (r *reviewer) ReviewToken(_ context.Context, token, audience string) (string, map[string][]string, error) {
	r.asked++
	if r.err != nil || token != r.good || audience != "canarybot" {
		return "", nil, r.err
	}
	return r.user, map[string][]string{"authentication.kubernetes.io/pod-name": {"deploy-x7k2p"}}, nil
}

func TestTokensOfServiceAccounts(t *testing.T) {
	const deployer = "system:serviceaccount:ci:deployer"
	account := who.Pipeline{Name: "job", Account: who.Account{Namespace: "ci", Name: "deployer"}, Audience: "canarybot"}
	for name, tt := range map[string]struct {
		changes map[string]any
		user    string // whose it is to the API server; empty: nobody's
		away    error
		want    rollout.ProblemCode
		asked   int
	}{
		"a good one":             {nil, deployer, nil, "", 1},
		"another audience":       {map[string]any{"aud": []string{"https://kubernetes.default.svc"}}, deployer, nil, who.ProblemAudience, 0},
		"another account":        {map[string]any{"sub": "system:serviceaccount:ci:default"}, deployer, nil, who.ProblemClaims, 0},
		"another namespace":      {map[string]any{"sub": "system:serviceaccount:evil:deployer"}, deployer, nil, who.ProblemClaims, 0},
		"no account":             {map[string]any{"sub": "alice"}, deployer, nil, who.ProblemIssuer, 0},
		"refused":                {nil, "", nil, who.ProblemRefused, 1},
		"in truth another's":     {nil, "system:serviceaccount:evil:deployer", nil, who.ProblemRefused, 1},
		"nobody can be asked":    {nil, deployer, errors.New("no API server"), who.ProblemUnchecked, 1},
		"of a pod that is going": {map[string]any{"exp": 1}, "", nil, who.ProblemRefused, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(t, "https://kubernetes.default.svc.cluster.local")
				changes := map[string]any{"sub": deployer, "aud": []string{"canarybot"}}
				for k, v := range tt.changes {
					changes[k] = v
				}
				token := i.token(changes)
				r := &reviewer{good: token, user: tt.user, err: tt.away}
				v := who.New(who.Options{Pipelines: []who.Pipeline{account, ci()}, Reviewer: r})
				c, code := whose(t, v, token)
				if code != tt.want || r.asked != tt.asked {
					t.Fatalf("refused as %q, want %q; asked %d times, want %d", code, tt.want, r.asked, tt.asked)
				}
				if code == "" && (c.Name() != "job" || c.Run != "service account ci/deployer, pod deploy-x7k2p" || c.Link != "") {
					t.Errorf("it is %+v", c)
				}
			})
		})
	}
}

// The API server is asked about a token once in ten seconds, and then again: its pod may be gone.
func TestReviewsAreKeptForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(t, "https://kubernetes.default.svc.cluster.local")
		token := i.token(map[string]any{"sub": "system:serviceaccount:ci:deployer"})
		r := &reviewer{good: token, user: "system:serviceaccount:ci:deployer"}
		v := who.New(who.Options{Reviewer: r, Pipelines: []who.Pipeline{{Name: "job", Account: who.Account{Namespace: "ci", Name: "deployer"}, Audience: "canarybot"}}})
		for range 100 {
			if _, code := whose(t, v, token); code != "" {
				t.Fatal(code)
			}
		}
		if r.asked != 1 {
			t.Errorf("asked %d times", r.asked)
		}
		r.user = ""
		time.Sleep(11 * time.Second)
		if _, code := whose(t, v, token); code != who.ProblemRefused {
			t.Errorf("after the pod is gone: %q", code)
		}
	})
}

func TestStaticTokens(t *testing.T) {
	token := "canarybot_" + base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	v := who.New(who.Options{Pipelines: []who.Pipeline{{Name: "jenkins", Tokens: []string{who.Sum("an old one"), who.Sum(token)}}}})
	if c, code := whose(t, v, token); code != "" || c.Name() != "jenkins" || c.Run != "" {
		t.Errorf("%q %+v", code, c)
	}
	for _, other := range []string{token + "x", token[:len(token)-1], who.Sum(token), "sha256:" + who.Sum(token), strings.ToUpper(token)} {
		if _, code := whose(t, v, other); code != who.ProblemUnknownToken {
			t.Errorf("%s: %q", other, code)
		}
	}
}
