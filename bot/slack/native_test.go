package slack_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	slackgo "github.com/slack-go/slack"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
)

// tried notes what was sent: the types of the blocks of each call, in order.
type tried struct {
	next http.RoundTripper
	mu   sync.Mutex
	all  []string
}

var blockType = regexp.MustCompile(`"type":"(plan|data_table|section)"`)

func (t *tried) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	body := string(raw)
	if form, err := url.ParseQuery(body); err == nil && form.Has("blocks") {
		body = form.Get("blocks")
	}
	var types []string
	for _, m := range blockType.FindAllStringSubmatch(body, -1) {
		types = append(types, m[1])
	}
	t.mu.Lock()
	t.all = append(t.all, strings.Join(types, "+"))
	t.mu.Unlock()
	return t.next.RoundTrip(r)
}

// sent returns what was sent since the last time.
func (t *tried) sent() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := strings.Join(t.all, ", ")
	t.all = nil
	return all
}

func inOldSlack(t *testing.T, test func(t *testing.T, sim *slacksim.Sim, c *slack.Client, calls *tried), classic bool) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		calls := &tried{next: sim.HTTPClient().Transport}
		test(t, sim, slack.New(slack.Config{
			Tokens: sim.Bot().Tokens, APIURL: sim.APIURL(), HTTP: &http.Client{Transport: calls}, Dial: sim.Dial, Classic: classic,
		}, nil, nil), calls)
	})
}

func planned() slack.Message {
	m := text("hello")
	m.Native = []slackgo.Block{slackgo.NewPlanBlock("the plan").WithTasks(slackgo.NewTaskCardBlock("1", "5 %").WithStatus(slackgo.TaskCardStatusPending))}
	return m
}

func tabled() slack.Message {
	m := text("hello")
	table := slackgo.NewDataTableBlock("numbers")
	for range 2 {
		table.Rows = append(table.Rows, []slackgo.DataTableCell{slackgo.NewDataTableRawTextCell("1")})
	}
	m.Native = []slackgo.Block{table}
	return m
}

// What a workspace refuses is tried once: by each way in which Slack may say it, and for the types that it is said of.
func TestRefusedBlocksAreRemembered(t *testing.T) {
	refuse := func(fault slacksim.Fault) func(*slacksim.Sim) {
		return func(s *slacksim.Sim) { s.SetFault(slack.MethodPost, fault) }
	}
	for name, test := range map[string]struct {
		classic      bool
		slack        func(*slacksim.Sim)
		first, later string // what is sent of a message with a plan, and of the next
		table        string // and then of one with a table
	}{
		"a workspace that takes them":          {slack: func(*slacksim.Sim) {}, first: "plan", later: "plan", table: "data_table"},
		"a type is refused by its name":        {slack: func(s *slacksim.Sim) { s.SetUnsupported("plan") }, first: "plan, section", later: "section", table: "data_table"},
		"another type is refused":              {slack: func(s *slacksim.Sim) { s.SetUnsupported("data_table") }, first: "plan", later: "plan", table: "data_table, section"},
		"blocks are refused without a name":    {slack: refuse(slacksim.Fault{Error: "invalid_blocks", Times: 1}), first: "plan, section", later: "section", table: "data_table"},
		"classic blocks are refused too":       {slack: refuse(slacksim.Fault{Error: "invalid_blocks", Times: 2}), first: "plan, section, ", later: "plan", table: "data_table"},
		"one message is too long":              {slack: refuse(slacksim.Fault{Error: "msg_blocks_too_long", Times: 1}), first: "plan, section", later: "plan", table: "data_table"},
		"the channel is closed":                {slack: refuse(slacksim.Fault{Error: "is_archived", Times: 1}), first: "plan", later: "plan", table: "data_table"},
		"the answer is lost":                   {slack: refuse(slacksim.Fault{LoseResponse: true, Times: 1}), first: "plan", later: "plan", table: "data_table"},
		"too many calls":                       {slack: refuse(slacksim.Fault{Error: "ratelimited", Times: 1}), first: "plan", later: "plan", table: "data_table"},
		"the configuration says classic":       {classic: true, slack: func(*slacksim.Sim) {}, first: "section", later: "section", table: "section"},
		"the configuration says so beforehand": {classic: true, slack: func(s *slacksim.Sim) { s.SetUnsupported("plan") }, first: "section", later: "section", table: "section"},
	} {
		t.Run(name, func(t *testing.T) {
			inOldSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client, calls *tried) {
				test.slack(sim)
				for i, step := range []struct {
					m    slack.Message
					want string
				}{{planned(), test.first}, {planned(), test.later}, {tabled(), test.table}} {
					_, err := c.Post(t.Context(), slack.Place{Channel: channel}, step.m, nil)
					if got := calls.sent(); got != step.want {
						t.Errorf("message %d was sent as %q, want %q (%v)", i+1, got, step.want, err)
					}
					time.Sleep(time.Minute)
				}
			}, test.classic)
		})
	}
}

// Slack brings new blocks to one workspace after another, so what was refused is tried again on another day.
func TestRefusedBlocksAreTriedAgain(t *testing.T) {
	inOldSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client, calls *tried) {
		post := func(want string) {
			t.Helper()
			if _, err := c.Post(t.Context(), slack.Place{Channel: channel}, planned(), nil); err != nil {
				t.Fatal(err)
			}
			if got := calls.sent(); got != want {
				t.Errorf("it was sent as %q, want %q", got, want)
			}
		}
		sim.SetUnsupported("plan")
		post("plan, section")
		sim.SetUnsupported()
		time.Sleep(23 * time.Hour)
		post("section")
		time.Sleep(2 * time.Hour)
		post("plan")
		post("plan")
	}, false)
}

// A message whose classic form does not arrive is not lost with the refusal of its native one: the error says that it may
// be sent again, and then it is sent at once as it is taken.
func TestTheClassicFormMayFailToo(t *testing.T) {
	for name, test := range map[string]struct {
		fault slacksim.Fault
		want  slack.Outcome
	}{
		"it is lost":         {slacksim.Fault{LoseRequest: true}, slack.Lost},
		"too many calls":     {slacksim.Fault{HTTPStatus: 429, RetryAfter: "1"}, slack.RateLimited},
		"Slack is in a mess": {slacksim.Fault{Error: "internal_error"}, slack.Lost},
	} {
		t.Run(name, func(t *testing.T) {
			inOldSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client, calls *tried) {
				sim.SetUnsupported("plan")
				ts, err := c.Post(t.Context(), slack.Place{Channel: channel}, text("hello"), nil)
				if err != nil {
					t.Fatal(err)
				}
				calls.sent()
				calls.next = &second{next: calls.next, then: func() { sim.SetFault(slack.MethodUpdate, test.fault) }}
				if err := c.Update(t.Context(), channel, ts, planned()); slack.OutcomeOf(err) != test.want {
					t.Fatalf("got %v, want %v", err, test.want)
				}
				sim.ClearFaults()
				time.Sleep(time.Minute)
				calls.sent()
				if err := c.Update(t.Context(), channel, ts, planned()); err != nil {
					t.Fatal(err)
				}
				if got := calls.sent(); got != "section" {
					t.Errorf("it was sent as %q", got)
				}
			}, false)
		})
	}
}

// second does something once the first call was answered.
type second struct {
	next http.RoundTripper
	then func()
	once sync.Once
}

func (s *second) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(r)
	s.once.Do(s.then)
	return resp, err
}

// Nobody says whether an ack's blocks were refused, so native ones are in it only once a message with them was taken.
func TestAnAckHasOnlyWhatWasTaken(t *testing.T) {
	inOldSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client, _ *tried) {
		native := func() bool { return c.Sure(planned()).Blocks[0].BlockType() == slackgo.MBTPlan }
		if native() {
			t.Error("nothing is known yet, and the ack has a plan")
		}
		if _, err := c.Post(t.Context(), slack.Place{Channel: channel}, planned(), nil); err != nil || !native() {
			t.Errorf("a plan was taken, and the ack has none (%v)", err)
		}
		sim.SetUnsupported("plan")
		if _, err := c.Post(t.Context(), slack.Place{Channel: channel}, planned(), nil); err != nil || native() {
			t.Errorf("a plan was refused, and the ack has one (%v)", err)
		}
	}, false)
}

// An answer at a response URL is refused without words.
func TestAResponseURLTakesTheClassicForm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		c := slack.New(slack.Config{APIURL: "http://slack.test/api/", HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			raw, _ := io.ReadAll(r.Body)
			status := http.StatusOK
			if strings.Contains(string(raw), `"plan"`) {
				status = http.StatusNotFound
			}
			sent = append(sent, strings.Join(blockType.FindAllString(string(raw), -1), "+"))
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
		})}}, nil, nil)
		for range 2 {
			if err := c.Respond(t.Context(), slack.ResponseURL{URL: "http://slack.test/commands/1"}, planned()); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(sent, ", "); got != `"type":"plan", "type":"section", "type":"section"` {
			t.Errorf("sent %s", got)
		}
	})
}

// A picture that Slack is not done with, or has no more, costs the picture and not the words around it.
func TestWordsSurviveTheirPicture(t *testing.T) {
	for name, respond := range map[string]bool{"a message": false, "an answer": true} {
		t.Run(name, func(t *testing.T) {
			inOldSlack(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Client, calls *tried) {
				sim.Expect(slacksim.InvalidBlocks)
				m := text("hello")
				m.Blocks = append(m.Blocks, slackgo.NewImageBlockSlackFile(&slackgo.SlackFileObject{ID: "F0NOTHING"}, "a chart", "", nil))
				var err error
				if respond {
					err = c.PostEphemeral(t.Context(), slack.Place{Channel: channel}, "U00000DEV1", m)
				} else {
					_, err = c.Post(t.Context(), slack.Place{Channel: channel}, m, nil)
				}
				if got := calls.sent(); got != "section, section" || err != nil {
					t.Errorf("sent as %q, %v; want the section again without the picture", got, err)
				}
			}, true)
		})
	}
}
