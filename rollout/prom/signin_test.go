package prom_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	httpconfig "github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/storage/remote/azuread"
	"github.com/prometheus/sigv4"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// signature computes what Amazon expects of a request, from its rules:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
func signature(r *http.Request, body []byte, region, secret string) (want, got string) {
	field := func(name string) string {
		_, rest, _ := strings.Cut(r.Header.Get("Authorization"), name+"=")
		value, _, _ := strings.Cut(rest, ",")
		return value
	}
	hash := func(b []byte) string { sum := sha256.Sum256(b); return hex.EncodeToString(sum[:]) }
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	at := r.Header.Get("X-Amz-Date")
	canonical := []string{r.Method, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")}
	for _, name := range strings.Split(field("SignedHeaders"), ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		if name == "content-length" {
			value = fmt.Sprint(len(body))
		}
		canonical = append(canonical, name+":"+value)
	}
	canonical = append(canonical, "", field("SignedHeaders"), hash(body))
	scope := at[:8] + "/" + region + "/aps/aws4_request"
	key := mac(mac(mac(mac([]byte("AWS4"+secret), at[:8]), region), "aps"), "aws4_request")
	want = hex.EncodeToString(mac(key, "AWS4-HMAC-SHA256\n"+at+"\n"+scope+"\n"+hash([]byte(strings.Join(canonical, "\n")))))
	return want, field("Signature")
}

// amazon answers only what is signed for the region with the key.
func amazon(t testing.TB, region, id, secret, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		want, got := signature(r, body, region, secret)
		if want != got || !strings.Contains(r.Header.Get("Authorization"), "Credential="+id+"/") || r.Header.Get("X-Amz-Security-Token") != token {
			t.Logf("signed %s: want signature %s", r.Header.Get("Authorization"), want)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		healthy().ServeHTTP(w, r)
	})
}

// bare takes away what a machine may have of its own.
func bare(t testing.TB) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ROLE_ARN",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "GOOGLE_APPLICATION_CREDENTIALS",
		"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("HOME", t.TempDir())
}

// file writes a file and returns its path.
func file(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every way in which Amazon's own tools find credentials leads to a request that Amazon accepts.
func TestSigningForAmazon(t *testing.T) {
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		action := r.Form.Get("Action")
		if action == "AssumeRole" && (r.Form.Get("RoleArn") != "arn:aws:iam::1:role/reader" || r.Form.Get("ExternalId") != "shop") ||
			action == "AssumeRoleWithWebIdentity" && r.Form.Get("WebIdentityToken") != "pod" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>LENT</AccessKeyId>`+
			`<SecretAccessKey>lent</SecretAccessKey><SessionToken>session</SessionToken><Expiration>%[2]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
			action, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(sts.Close)
	pod := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "pod" {
			fmt.Fprintf(w, `{"AccessKeyId":"LENT","SecretAccessKey":"lent","Token":"session","Expiration":%q}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
		}
	}))
	t.Cleanup(pod.Close)
	for name, tt := range map[string]struct {
		config sigv4.SigV4Config
		env    map[string]string
		key    string // KEY or LENT
	}{
		"a key in the configuration": {sigv4.SigV4Config{Region: "eu-west-1", AccessKey: "KEY", SecretKey: "key"}, nil, "KEY"},
		"a key in the environment":   {sigv4.SigV4Config{Region: "eu-west-1"}, map[string]string{"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "key"}, "KEY"},
		"a region in the environment": {
			sigv4.SigV4Config{},
			map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "key"}, "KEY",
		},
		"a profile": {sigv4.SigV4Config{Region: "eu-west-1", Profile: "shop"}, map[string]string{
			"AWS_SHARED_CREDENTIALS_FILE": file(t, "[shop]\naws_access_key_id = KEY\naws_secret_access_key = key\n"),
		}, "KEY"},
		"a role": {
			sigv4.SigV4Config{Region: "eu-west-1", AccessKey: "KEY", SecretKey: "key", RoleARN: "arn:aws:iam::1:role/reader", ExternalID: "shop"}, nil, "LENT",
		},
		"a service account's role": {sigv4.SigV4Config{}, map[string]string{
			"AWS_REGION": "eu-west-1", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": file(t, "pod"),
		}, "LENT"},
		"a pod's identity": {sigv4.SigV4Config{Region: "eu-west-1"}, map[string]string{
			"AWS_CONTAINER_CREDENTIALS_FULL_URI": pod.URL, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file(t, "pod"),
		}, "LENT"},
	} {
		t.Run(name, func(t *testing.T) {
			bare(t)
			t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			h := amazon(t, "eu-west-1", "KEY", "key", "")
			if tt.key == "LENT" {
				h = amazon(t, "eu-west-1", "LENT", "lent", "session")
			}
			askedOnce(t, sourceAt(t, h, func(o *prom.Options) {
				o.URL += "/workspaces/ws-1"
				o.SignIn.SigV4 = &tt.config
				o.HTTP.HTTPHeaders = &httpconfig.Headers{Headers: map[string]httpconfig.Header{"X-Team": {Values: []string{"shop"}}}}
			}))
		})
	}
}

// Where nothing tells the region, that is said at once; the address of a workspace tells it.
func TestTheRegionToSignFor(t *testing.T) {
	bare(t)
	for address, ok := range map[string]bool{
		"https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1":        true,
		"https://aps-workspaces-fips.us-east-1.amazonaws.com/workspaces/ws-1":      true,
		"https://aps-workspaces.cn-north-1.amazonaws.com.cn/workspaces/ws-1":       true,
		"https://prometheus.example.com":                                           false,
		"https://prometheus.example.com/aps-workspaces.eu-central-1.amazonaws.com": false,
	} {
		o := prom.Default(address)
		o.SignIn.SigV4 = &sigv4.SigV4Config{}
		s, err := prom.New(o)
		if (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil && !strings.Contains(rollout.ProblemOf(err).Words, "sigv4.region is missing") {
			t.Errorf("%s: %v", address, err)
		}
		if s != nil {
			_ = s.Close()
		}
	}
}

// bearing answers only requests with the token.
func bearing(token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		healthy().ServeHTTP(w, r)
	})
}

// A managed identity is asked for a token to query with, of each cloud.
func TestSigningInAtAzure(t *testing.T) {
	for cloud, want := range map[string]string{
		azuread.AzurePublic: "https://prometheus.monitor.azure.com", azuread.AzureGovernment: "https://prometheus.monitor.azure.us",
		azuread.AzureChina: "https://prometheus.monitor.azure.cn", "own scope": "https://one.example.com",
	} {
		t.Run(cloud, func(t *testing.T) {
			bare(t)
			var asked atomic.Int32
			identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				if got := r.FormValue("resource"); got != want || r.Header.Get("X-Identity-Header") != "pod" {
					t.Errorf("asked for %q, want %q", got, want)
				}
				fmt.Fprintf(w, `{"access_token":"of-%d","expires_on":"%d","resource":%q,"token_type":"Bearer"}`, asked.Load(), time.Now().Add(time.Hour).Unix(), want)
			}))
			t.Cleanup(identity.Close)
			t.Setenv("IDENTITY_ENDPOINT", identity.URL)
			t.Setenv("IDENTITY_HEADER", "pod")
			c := azuread.AzureADConfig{Cloud: cloud, ManagedIdentity: &azuread.ManagedIdentityConfig{ClientID: "11111111-2222-3333-4444-" + fmt.Sprintf("%012d", len(want))}}
			if cloud == "own scope" {
				c.Cloud, c.Scope = azuread.AzurePublic, want+"/.default"
			}
			s := sourceAt(t, bearing("of-1"), func(o *prom.Options) { o.SignIn.AzureAD = &c })
			askedOnce(t, s)
			askedOnce(t, s)
			if n := asked.Load(); n != 1 {
				t.Errorf("%d tokens were asked for, want one", n)
			}
		})
	}
}

// serviceAccount writes a service account's file for a token server, and returns its path.
func serviceAccount(t testing.TB, tokens string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	data, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "bot@p.iam.gserviceaccount.com", "private_key": string(text), "token_uri": tokens, "project_id": "p",
	})
	if err != nil {
		t.Fatal(err)
	}
	return file(t, string(data))
}

// Google's credentials are found in a file, in the environment and at the metadata server, and ask for the right to read.
func TestSigningInAtGoogle(t *testing.T) {
	const scope = "https://www.googleapis.com/auth/monitoring.read"
	var scopes []string
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		switch {
		case r.Form.Get("assertion") != "":
			claims := strings.Split(r.Form.Get("assertion"), ".")[1]
			scopes = append(scopes, decoded(claims, "scope"))
		case r.Form.Get("refresh_token") == "refresh":
			scopes = append(scopes, scope) // granted before
		case strings.HasSuffix(r.URL.Path, "/token"):
			scopes = append(scopes, r.FormValue("scopes"))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"google","token_type":"Bearer","expires_in":3600}`)
	}))
	t.Cleanup(tokens.Close)
	account := serviceAccount(t, tokens.URL)
	for name, tt := range map[string]struct {
		file string
		env  map[string]string
	}{
		"a file":             {account, nil},
		"the environment":    {"", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": account}},
		"the pod's identity": {"", map[string]string{"GCE_METADATA_HOST": strings.TrimPrefix(tokens.URL, "http://")}},
	} {
		t.Run(name, func(t *testing.T) {
			bare(t)
			scopes = nil
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
			h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _ = r.ParseForm(); r.Form.Get("dedup") != "" { // what Google does with what it does not know
					w.WriteHeader(http.StatusBadRequest)
					return
				}
				bearing("google").ServeHTTP(w, r)
			})
			s := sourceAt(t, h, func(o *prom.Options) { o.SignIn.Google = &prom.GoogleIAM{CredentialsFile: tt.file} })
			askedOnce(t, s)
			askedOnce(t, s)
			if !slices.Equal(scopes, []string{scope}) {
				t.Errorf("asked for tokens of %q", scopes)
			}
		})
	}
}

// decoded returns a field of base64's JSON.
func decoded(part, field string) string {
	data, err := base64.RawURLEncoding.DecodeString(part)
	var all map[string]any
	if err != nil || json.Unmarshal(data, &all) != nil {
		return ""
	}
	return fmt.Sprint(all[field])
}

// What cannot sign in is told and holds no secret; and it is tried again.
func TestSigningInFails(t *testing.T) {
	bare(t)
	t.Setenv("GCE_METADATA_HOST", "")
	t.Setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("IDENTITY_HEADER", "hunter2")
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	for name, signIn := range map[string]prom.SignIn{
		"Amazon, no credentials": {SigV4: &sigv4.SigV4Config{Region: "eu-west-1"}},
		"Google, no file":        {Google: &prom.GoogleIAM{CredentialsFile: filepath.Join(t.TempDir(), "none")}},
		"Google, another file":   {Google: &prom.GoogleIAM{CredentialsFile: file(t, `hunter2`)}},
		"Google, another kind":   {Google: &prom.GoogleIAM{CredentialsFile: file(t, `{"type":"x","private_key":"hunter2"}`)}},
		"Google, a broken key":   {Google: &prom.GoogleIAM{CredentialsFile: file(t, `{"type":"service_account","private_key":"hunter2"}`)}},
		"Azure, nobody answers":  {AzureAD: &azuread.AzureADConfig{Cloud: azuread.AzurePublic, ManagedIdentity: &azuread.ManagedIdentityConfig{}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := sourceAt(t, healthy(), func(o *prom.Options) { o.SignIn, o.Timeout = signIn, time.Second })
			got := s.Ask(t.Context(), question(valueCheck())).Samples[0]
			if got.CanaryWhy != rollout.WhyUnreachable && got.CanaryWhy != rollout.WhyTimeout || strings.Contains(got.Detail, "hunter2") {
				t.Errorf("got %q (%s)", got.CanaryWhy, got.Detail)
			}
			if got.CanaryWhy == rollout.WhyUnreachable && got.Detail == "" {
				t.Error("it does not say why")
			}
		})
	}
	path := filepath.Join(t.TempDir(), "later")
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"google","token_type":"Bearer","expires_in":3600}`)
	}))
	t.Cleanup(tokens.Close)
	s := sourceAt(t, bearing("google"), func(o *prom.Options) { o.SignIn.Google = &prom.GoogleIAM{CredentialsFile: path} })
	if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; got.CanaryWhy != rollout.WhyUnreachable {
		t.Errorf("before there is a file: %q (%s)", got.CanaryWhy, got.Detail)
	}
	data, err := os.ReadFile(serviceAccount(t, tokens.URL))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	askedOnce(t, s)
}

// Whoever signs in may hang; whoever asks is answered in time, and nothing piles up.
func TestSigningInHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		var together crowd
		o := prom.Default("http://p.test")
		o.SignIn.SigV4 = &sigv4.SigV4Config{Region: "eu-west-1", AccessKey: "KEY", SecretKey: "key"}
		o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			defer together.enter()()
			<-hang // knows no deadline
			return response(r, http.StatusOK, nil), nil
		})
		s, err := prom.New(o)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			began := time.Now()
			if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; got.CanaryWhy != rollout.WhyTimeout {
				t.Fatalf("got %q (%s)", got.CanaryWhy, got.Detail)
			}
			if took := time.Since(began); took != 10*time.Second {
				t.Fatalf("it took %s", took)
			}
		}
		synctest.Wait()
		if together.most > 64 {
			t.Errorf("%d requests hang", together.most)
		}
		close(hang)
		synctest.Wait()
	})
}
