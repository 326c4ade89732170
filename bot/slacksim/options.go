package slacksim

import (
	"cmp"
	"io/fs"
	"log/slog"
	"time"
)

// Options describes the workspace and how Slack behaves. The zero value is a
// small workspace with a few people, one command and Slack's documented limits.
type Options struct {
	Workspace Workspace
	Bot       Bot
	Users     []User
	Channels  []Channel
	// Groups are the user groups; SetUserGroups takes them all away.
	Groups []Group
	// Events are the types of events that the app is subscribed to.
	Events []string
	// Commands are the slash commands the app registered, with the slash; "*" stands for every one.
	Commands []string
	// Scopes are what the workspace granted the bot token.
	Scopes []string
	Limits Limits
	Timing Timing
	// Shortcuts are those that the app registered, beside its commands.
	Shortcuts []Shortcut
	// HomeOff switches the app's home tab off.
	HomeOff bool
	// Seed decides which connection gets which envelope.
	Seed uint64
	// Log gets a line for each call and envelope; nil is silence.
	Log  *slog.Logger
	Page Page
}

// Workspace is the team the app is installed in.
type Workspace struct {
	ID     string
	Name   string
	Domain string
	// Enterprise is the organisation that the workspace belongs to, on Enterprise Grid; empty means none.
	Enterprise string
	// EnterpriseName is what that is called; empty: Northwind Holding.
	EnterpriseName string
}

// Bot is the app under test: its identities and the tokens it must present.
type Bot struct {
	UserID   string
	BotID    string
	AppID    string
	Name     string
	Emoji    string
	BotToken string
	AppToken string
}

// User is a person. The zero flags make a full member of the workspace.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	// Title is shown beside the name on the page, for example "on call".
	Title string `json:"title"`
	// Restricted and UltraRestricted are multi- and single-channel guests.
	Restricted      bool `json:"restricted"`
	UltraRestricted bool `json:"ultra_restricted"`
	Deactivated     bool `json:"deactivated"`
	// TZ is the IANA name of their time zone; empty: Etc/UTC.
	TZ string `json:"tz"`
	// TeamID is set for people of another workspace; empty means this one.
	TeamID string `json:"team_id"`
	// EnterpriseID is the id that somebody of the organisation has there, and Teams are the workspaces that they are in.
	// Nobody outside an Enterprise Grid has any.
	EnterpriseID string   `json:"enterprise_id"`
	Teams        []string `json:"teams"`
}

// Channel is a conversation. The zero flags make a public channel that everybody
// and the bot are in.
type Channel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Topic    string `json:"topic"`
	Private  bool   `json:"private"`
	Archived bool   `json:"archived"`
	// BotAbsent means that the bot was not invited.
	BotAbsent bool `json:"bot_absent"`
	// ExtShared means that another organisation is in it (Slack Connect), PendingExtShared that one is invited, and
	// OrgShared that other workspaces of the same organisation are in it.
	ExtShared        bool `json:"ext_shared"`
	PendingExtShared bool `json:"pending_ext_shared"`
	OrgShared        bool `json:"org_shared"`
	// Restricted means that posting is for some people only, and that the bot is none of them.
	Restricted bool `json:"restricted"`
	// ThreadsOnly means that the bot may only reply there, and NoThreads that nobody may.
	ThreadsOnly bool `json:"threads_only"`
	NoThreads   bool `json:"no_threads"`
	// Members are the user ids in the channel; empty means everybody.
	Members []string `json:"members"`
}

// Limits are the quotas per method and minute, and how fast one channel takes
// posts.
type Limits struct {
	// Off lets everything through.
	Off bool
	// InBody answers refused calls with status 200, ok:false and a word, without saying how long to wait.
	InBody bool
	Tier1  int
	Tier2  int
	Tier3  int
	Tier4  int
	// Special is for methods without a tier of their own.
	Special int
	// PostBurst posts are taken at once in a channel; after them one per PostEvery.
	PostBurst int
	PostEvery time.Duration
}

// Timing is how long things take. Zero fields mean Slack's own values.
type Timing struct {
	// Ack is how long an envelope may stay unanswered.
	Ack time.Duration
	// Ping is the gap between the server's WebSocket pings.
	Ping time.Duration
	// Warning is the gap between a disconnect's warning and the refresh itself.
	Warning time.Duration
	// Life is how long a connection lives before Slack refreshes it.
	Life time.Duration
	// Ticket is how long the URL from apps.connections.open may be dialled.
	Ticket time.Duration
	// Retries are the gaps before each redelivery of an unacknowledged event.
	Retries []time.Duration
	// ResponseURL is how long a response URL may be used.
	ResponseURL time.Duration
	// Files is how long Slack looks at an uploaded file before it can be shown; negative: not at all.
	Files time.Duration
	// Ahead is how much later Slack's clock shows than everybody else's; negative: earlier.
	Ahead time.Duration
	// Edits is how long after its post a message may be edited, as a workspace may set; zero: always.
	Edits time.Duration
}

// Page is what the web page offers beyond Slack itself.
type Page struct {
	// Completions are offered while a slash command is typed.
	Completions []Completion
	// Prefill is the text that waits in the composer.
	Prefill string
	// Channel is the id of the channel shown first; default: the first one.
	Channel string
	// User is the id of the person the visitor is at first; default: the first one.
	User string
	// Panel is the path of a page shown beside the channel, served by whoever
	// mounts the handler; empty means no panel.
	Panel string
	// PanelTitle names the panel.
	PanelTitle string
	// Stories are what the app can show, for the page /storybook: one JSON file for each message, modal and home, called
	// KIND_NAME.json; nil means no such page. A view is as views.open takes it, a message has text and blocks, and native
	// for the blocks where plans, charts and tables are taken. A list of sentences has lines.
	Stories fs.FS
}

// Completion is one line of help for a slash command.
type Completion struct {
	// Text is what is typed, for example "/canary deploy checkout v1.2.4".
	Text string `json:"text"`
	// Hint says what it does.
	Hint string `json:"hint"`
}

// Default values for identities. Ids have the form that Slack's have.
const (
	defaultTeam     = "T0SLACKSIM"
	defaultBotUser  = "U0CANARYB0"
	defaultBotID    = "B0CANARYB0"
	defaultAppID    = "A0CANARYB0"
	defaultBotToken = "xoxb-slacksim-bot"
	defaultAppToken = "xapp-slacksim-app"
)

// usesOfResponseURL is how often a response URL may be posted to.
const usesOfResponseURL = 5

func (o Options) withDefaults() Options {
	o.Workspace.ID = cmp.Or(o.Workspace.ID, defaultTeam)
	o.Workspace.Name = cmp.Or(o.Workspace.Name, "Northwind")
	o.Workspace.EnterpriseName = cmp.Or(o.Workspace.EnterpriseName, "Northwind Holding")
	o.Workspace.Domain = cmp.Or(o.Workspace.Domain, "northwind")
	o.Bot = o.Bot.withDefaults()
	o.Limits = o.Limits.withDefaults()
	o.Timing = o.Timing.withDefaults()
	if len(o.Users) == 0 {
		o.Users = []User{
			{ID: "U00000DEV1", Name: "dev", RealName: "Dev Okafor", Title: "developer"},
			{ID: "U00ONCALL1", Name: "oncall", RealName: "Oncall Menon", Title: "on call"},
			{ID: "U000GUEST1", Name: "guest", RealName: "Guest Partner", Title: "guest", Restricted: true},
		}
	}
	if len(o.Channels) == 0 {
		o.Channels = []Channel{
			{ID: "C0DEPLOYS1", Name: "deploys", Topic: "Canary deployments"},
			{ID: "C0GENERAL1", Name: "general", BotAbsent: true},
		}
	}
	if o.Commands == nil {
		o.Commands = []string{"/canary"}
	}
	if o.Scopes == nil {
		o.Scopes = []string{
			"app_mentions:read", "channels:history", "channels:read", "chat:write", "commands",
			"groups:history", "groups:read", "usergroups:read", "files:write", "users:read",
		}
	}
	if o.Events == nil {
		o.Events = []string{"app_home_opened", "app_mention", "subteam_created", "subteam_updated", "subteam_members_changed"}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Page.Channel = cmp.Or(o.Page.Channel, o.Channels[0].ID)
	o.Page.User = cmp.Or(o.Page.User, o.Users[0].ID)
	return o
}

func (b Bot) withDefaults() Bot {
	b.UserID = cmp.Or(b.UserID, defaultBotUser)
	b.BotID = cmp.Or(b.BotID, defaultBotID)
	b.AppID = cmp.Or(b.AppID, defaultAppID)
	b.Name = cmp.Or(b.Name, "canarybot")
	b.Emoji = cmp.Or(b.Emoji, "🐤")
	b.BotToken = cmp.Or(b.BotToken, defaultBotToken)
	b.AppToken = cmp.Or(b.AppToken, defaultAppToken)
	return b
}

// withDefaults uses the documented floors of the tiers. Slack allows bursts above
// them but keeps their size secret, so a bot must live without.
func (l Limits) withDefaults() Limits {
	l.Tier1 = cmp.Or(l.Tier1, 1)
	l.Tier2 = cmp.Or(l.Tier2, 20)
	l.Tier3 = cmp.Or(l.Tier3, 50)
	l.Tier4 = cmp.Or(l.Tier4, 100)
	l.Special = cmp.Or(l.Special, 600)
	l.PostBurst = cmp.Or(l.PostBurst, 10)
	l.PostEvery = cmp.Or(l.PostEvery, time.Second)
	return l
}

func (t Timing) withDefaults() Timing {
	t.Ack = cmp.Or(t.Ack, 3*time.Second)
	t.Ping = cmp.Or(t.Ping, 5*time.Second)
	t.Warning = cmp.Or(t.Warning, 10*time.Second)
	t.Life = cmp.Or(t.Life, time.Hour)
	t.Ticket = cmp.Or(t.Ticket, 30*time.Second)
	t.ResponseURL = cmp.Or(t.ResponseURL, 30*time.Minute)
	t.Files = max(0, cmp.Or(t.Files, 2*time.Second))
	if t.Retries == nil {
		t.Retries = []time.Duration{0, time.Minute, 5 * time.Minute}
	}
	return t
}
