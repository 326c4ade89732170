package config_test

import (
	"fmt"
	"strings"
	"testing"

	"canarybot.io/config"
)

// What would cost more to read than any person wrote is refused at once.
func TestRefusesWhatIsTooMuch(t *testing.T) {
	t.Parallel()
	bomb := "a0: &a0 [x, x]\n"
	for i := 1; i < 30; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	many := strings.Repeat("U024BE7LH, ", 1001)
	for name, tt := range map[string]struct{ data, want string }{
		"more than 1 MiB":    {strings.Repeat("#\n", 1<<19) + "#", "larger than 1 MiB"},
		"aliases of aliases": {bomb, "aliases are not read"},
		"an alias of itself": {"a: &a [*a]", "aliases are not read"},
		"many values":        {"a: [" + strings.Repeat("x,", 50_000) + "]", "more than 50000 values"},
		"deep nesting":       {strings.Repeat("[", 200) + strings.Repeat("]", 200), "nested more than 20 levels deep"},
		"very deep nesting":  {strings.Repeat("[", 20_000), "it is not valid YAML"},
		"a long list":        {"policy: {deployers: [" + many + "]}", "policy.deployers: this list holds more than 1000 values"},
		"a control byte":     {"environment: \x00", "it is not valid YAML"},
		"no text":            {"\xff\xfe\xfd", "it is not valid YAML"},
		"many problems":      {strings.Repeat("x", 9) + ": 1\n" + keys(200), "and 154 more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(tt.data))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %.300q, want an error with %q", fmt.Sprint(err), tt.want)
			}
		})
	}
}

func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func TestNothingSecretIsQuoted(t *testing.T) {
	t.Parallel()
	for _, prometheus := range []string{
		"http://robot:hunter2@prometheus:9090",
		"{url: [http://robot:hunter2@prometheus:9090]}",
		"{url: 'http://robot:hunter2@%zz'}",
		"{url: !!int hunter2}",
		"{url: http://p, http: hunter2}",
		"{url: http://p, http: {basic_auth: hunter2}}",
		"{url: http://p, http: {basic_auth: [hunter2]}}",
		"{url: http://p, http: {proxy_url: 'http://robot:hunter2@%zz'}}",
		"{url: http://p, http: {authorization: {type: Basic, credentials: hunter2}}}",
		"{url: http://p, http: {follow_redirects: hunter2}}",
	} {
		_, err := config.Parse([]byte("environment: test\nprometheus: " + prometheus + "\n"))
		if err == nil || !strings.Contains(err.Error(), "prometheus") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the password", prometheus, err)
		}
	}
}
