package webhook_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// Addresses that nobody means to tell, however they are written, and those that are fine.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ address, wrong string }{
		{"https://ci.example.com/hooks/canarybot", ""},
		{"https://10.0.0.7:8443/", ""},
		{"https://192.168.1.1/", ""},
		{"https://[fd12:3456::1]/", ""},
		{"https://[2001:db8::1]/", ""},
		{"https://[64:ff9b::5db8:d822]/", ""},
		{"http://ci.example.com/", "not encrypted"},
		{"https://robot@ci.example.com/", "a user or a password"},
		{"https://robot:hunter2@ci.example.com/", "a user or a password"},
		{"https://ci.example.com/#here", "a fragment"},
		{"ftp://ci.example.com/", "not an address"},
		{"//ci.example.com/", "not an address"},
		{"https:ci.example.com", "not an address"},
		{"https:///path", "not an address"},
		{"https://ci.example.com:port/", "not an address"},
		{"", "not an address"},
		{"https://127.0.0.1/", "this machine"},
		{"https://127.1.2.3/", "this machine"},
		{"https://0.0.0.0/", "this machine"},
		{"https://0.1.2.3/", "this machine"},
		{"https://localhost/", "this machine"},
		{"https://LOCALHOST./", "this machine"},
		{"https://api.localhost/", "this machine"},
		{"https://[::]/", "this machine"},
		{"https://[::1]/", "this machine"},
		{"https://[::ffff:127.0.0.1]/", "this machine"},
		{"https://[::ffff:7f00:1]/", "this machine"},
		{"https://[::127.0.0.1]/", "this machine"},
		{"https://[64:ff9b::127.0.0.1]/", "this machine"},
		{"https://[2002:7f00:1::]/", "this machine"},
		{"https://169.254.169.254/latest/meta-data", "link-local"},
		{"https://169.254.170.2/", "link-local"},
		{"https://[fe80::1]/", "link-local"},
		{"https://[fe80::1%25eth0]/", "link-local"},
		{"https://[::ffff:169.254.169.254]/", "link-local"},
		{"https://[::ffff:0:169.254.169.254]/", "link-local"},
		{"https://[64:ff9b::a9fe:a9fe]/", "link-local"},
		{"https://[2002:a9fe:a9fe::]/", "link-local"},
		{"https://metadata.google.internal/", "link-local"},
		{"https://[fd00:ec2::254]/", "metadata"},
		{"https://[fd20:ce::254]/", "metadata"},
		{"https://100.100.100.200/", "metadata"},
		{"https://192.0.0.192/", "metadata"},
		{"https://168.63.129.16/", "metadata"},
		{"https://224.0.0.1/", "many machines"},
		{"https://255.255.255.255/", "many machines"},
		{"https://[ff02::1]/", "many machines"},
	} {
		err := webhook.CheckURL(tt.address, false, nil)
		if (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: got %v, want %q", tt.address, err, tt.wrong)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error quotes it: %v", tt.address, err)
		}
	}
	everything := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16")}
	for _, address := range []string{"https://127.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://169.254.1.1/"} {
		if err := webhook.CheckURL(address, false, everything); err != nil {
			t.Errorf("%s is allowed, and refused: %v", address, err)
		}
	}
}

// reached reports whether a target at the address is told, over the network.
func reached(t *testing.T, s webhook.Settings) error {
	t.Helper()
	s.Insecure = true
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := rollout.Rollout{ID: "checkout-1", Service: "checkout", Store: "s1"}
	return webhook.NewPlain(s, nil).Send(ctx, webhook.Event{ID: "1", Kind: webhook.Started, Rollout: r})
}

// What counts is the address that is dialled, whatever name led there.
func TestWhatANameLeadsToIsLookedAt(t *testing.T) {
	t.Parallel()
	var asked int
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// A resolver may take a number for an address, as C libraries do.
	for _, host := range []string{"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"} {
		if err := reached(t, webhook.Settings{Name: "ci", URL: "http://" + host + ":" + port}); err == nil || asked > 0 {
			t.Errorf("%s was reached (%v)", host, err)
		}
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if err := reached(t, webhook.Settings{Name: "ci", URL: server.URL, Networks: loopback}); err != nil || asked != 1 {
		t.Errorf("what is allowed was not reached: %v", err)
	}
}

// A redirect is an answer, and leads nowhere.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, code))
		err := reached(t, webhook.Settings{Name: "ci", URL: server.URL, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		server.Close()
		if err == nil || elsewhere != 0 {
			t.Errorf("%d: got %v, and the other one was asked %d times", code, err, elsewhere)
		}
	}
}

// quietly serves with TLS, and logs no handshake that fails.
func quietly(h http.Handler) *httptest.Server {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

// An authority in a file is trusted, and without it nobody is.
func TestAuthorities(t *testing.T) {
	t.Parallel()
	server := quietly(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	if err := reached(t, webhook.Settings{Name: "ci", URL: server.URL, Networks: loopback}); err == nil {
		t.Error("an unknown authority was trusted")
	}
	ca := written(t, "ca.pem", pemOf(server.Certificate()))
	if err := reached(t, webhook.Settings{Name: "ci", URL: server.URL, Networks: loopback, CAFile: ca}); err != nil {
		t.Error(err)
	}
	if err := reached(t, webhook.Settings{Name: "ci", URL: server.URL, Networks: loopback, CAFile: written(t, "ca", "none")}); err == nil {
		t.Error("a file without certificates was taken")
	}
}

// What validate --live says of a target before anything is sent.
func TestReach(t *testing.T) {
	t.Parallel()
	asked := 0
	server := quietly(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	ca := written(t, "ca.pem", pemOf(server.Certificate()))
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	none := t.TempDir() + "/none"
	for name, tt := range map[string]struct {
		s    webhook.Settings
		want string // empty: nothing
	}{
		"well":            {webhook.Settings{URL: server.URL, CAFile: ca, Networks: loopback, SecretFiles: []string{written(t, "key", key)}}, ""},
		"by url_file":     {webhook.Settings{URLFile: written(t, "url", server.URL), CAFile: ca, Networks: loopback}, ""},
		"kubernetes":      {webhook.Settings{Type: webhook.KubernetesType}, ""},
		"no authority":    {webhook.Settings{URL: server.URL, Networks: loopback}, "not trusted"},
		"not allowed":     {webhook.Settings{URL: "https://localhost:1", CAFile: ca}, "this machine"},
		"nobody listens":  {webhook.Settings{URL: "https://127.0.0.1:1", Networks: loopback}, "not reached"},
		"no key":          {webhook.Settings{URL: server.URL, CAFile: ca, Networks: loopback, SecretFiles: []string{none}}, "no such file"},
		"not a key":       {webhook.Settings{URL: server.URL, CAFile: ca, Networks: loopback, SecretFiles: []string{written(t, "key", "hunter2")}}, "whsec_"},
		"no token":        {webhook.Settings{URL: server.URL, CAFile: ca, Networks: loopback, TokenFile: none}, "no such file"},
		"no address":      {webhook.Settings{URLFile: none}, "no such file"},
		"a bad address":   {webhook.Settings{URLFile: written(t, "url", "http://ci.example.com")}, "not encrypted"},
		"no certificates": {webhook.Settings{URL: server.URL, CAFile: none, Networks: loopback}, "no such file"},
	} {
		err := webhook.Reach(t.Context(), tt.s)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if asked > 0 {
		t.Error("something was sent")
	}
}

// However an address is written, what is accepted leads to no reserved address by its own words.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://127.0.0.1", "https://[::ffff:a9fe:a9fe]/", "https://a:b@c/", "https://[fe80::1%25x]", "http://x", "https://[2002:7f00:1::]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if webhook.CheckURL(address, false, nil) != nil {
			return
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Fatalf("%q was accepted: %v", address, err)
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if err != nil {
			return
		}
		ip = ip.Unmap().WithZone("")
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast() {
			t.Fatalf("%q was accepted", address)
		}
	})
}
