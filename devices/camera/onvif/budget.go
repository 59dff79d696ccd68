package onvif

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"sync"
	"time"

	"sitepost/devices"
)

// What a host may be asked with a login it refuses. Makes lock a user or an
// address out after three to seven refusals, for five to thirty minutes.
const (
	refusalsAllowed = 2
	lockedFor       = 30 * time.Minute
	secretsKept     = 16 // per host; more of them only wait longer
)

// A Budget counts refused logins per host, over all doors of that host (ONVIF,
// RTSP, pictures): two, then none for 30 minutes, until the secret is another one
// or until a person asks ([Budget.Forgive]). One Budget is shared by all that log
// in.
//
//	           refused                refused
//	untried ───────────► one left ───────────► closed ── 30 min, or a new secret ──► untried
//	   ▲                    │
//	   └──── accepted ──────┘      (of the same door)
//
// While nothing is known of a secret, no more logins are under way than may be
// refused. A door that accepted a secret stays open for it without counting: a
// camera may know its RTSP user and not its ONVIF user. When such a door refuses
// it, the camera has another password now, and no door is open for it any more.
//
// Secrets are kept only as a keyed hash. A Budget is safe for concurrent use.
type Budget struct {
	key   [32]byte
	mu    sync.Mutex // protects hosts and all in them
	hosts map[string]*account
}

// An account is what is known of one host.
type account struct {
	refused  map[string]int      // by door
	secrets  map[[32]byte]bool   // refused logins: user and secret
	users    map[string]bool     // whose login was refused
	good     map[string][32]byte // by door: the login accepted last
	until    time.Time           // no login before
	underWay int                 // attempts not settled yet, of unknown logins
	settled  chan struct{}       // closed when one is
}

// NewBudget makes a budget in which nothing was tried yet.
func NewBudget() *Budget {
	b := &Budget{hosts: map[string]*account{}}
	_, _ = rand.Read(b.key[:]) // never fails
	return b
}

// An Attempt is one login under way. Exactly one of its methods must be called,
// once: Accepted, Refused, or Unknown if the host said neither.
type Attempt struct {
	budget  *Budget
	account *account
	door    string
	user    string
	login   [32]byte
	counted bool // takes one of the places under way
	sent    int  // how often it went on its way
}

// Try asks for one login at a door ("onvif", "rtsp", "picture") of a host, given
// without port. It waits while as many logins are under way as may still be refused.
// Errors: [*LoginRefused] if the budget is used up, or that of ctx.
func (b *Budget) Try(ctx context.Context, host, door, user string, secret devices.Secret) (*Attempt, error) {
	login := b.fingerprint(user, secret)
	for {
		attempt, busy, err := b.try(host, door, user, login)
		if busy == nil {
			return attempt, err
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (b *Budget) try(host, door, user string, login [32]byte) (attempt *Attempt, busy <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.account(host)
	attempt = &Attempt{budget: b, account: a, door: door, user: user, login: login}
	if good, known := a.good[door]; known && good == login {
		return attempt, nil, nil
	}
	changed := a.users[user] && !a.secrets[login] && len(a.secrets) < secretsKept
	if !time.Now().Before(a.until) && a.total() >= refusalsAllowed || changed {
		a.forget(changed)
	}
	switch total := a.total(); {
	case total >= refusalsAllowed:
		return nil, nil, &LoginRefused{Host: host, User: user, Until: a.until}
	case total+a.underWay >= refusalsAllowed:
		return nil, a.settled, nil
	}
	a.underWay++
	attempt.counted = true
	return attempt, nil, nil
}

func (b *Budget) account(host string) *account {
	a := b.hosts[host]
	if a == nil {
		a = &account{refused: map[string]int{}, secrets: map[[32]byte]bool{}, users: map[string]bool{}, good: map[string][32]byte{}, settled: make(chan struct{})}
		b.hosts[host] = a
	}
	return a
}

// closedUntil returns when the next login may be tried at a host, zero if one may
// be tried now.
func (b *Budget) closedUntil(host string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.account(host)
	if a.total() < refusalsAllowed {
		return time.Time{}
	}
	return a.until
}

// Refusal returns how a login of a user stands that a host has refused: nil if it
// refused none, or has taken one since at every door.
func (b *Budget) Refusal(host, user string) *LoginRefused {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.hosts[host]
	if a == nil || a.total() == 0 || !a.users[user] {
		return nil
	}
	refused := &LoginRefused{Host: host, User: user}
	if a.total() >= refusalsAllowed && time.Now().Before(a.until) {
		refused.Until = a.until
	}
	return refused
}

// Forgive opens a host's budget at once, because a person asks for it: two more
// logins may be refused.
func (b *Budget) Forgive(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.hosts[host]
	if a == nil {
		return
	}
	a.forget(false)
	a.wake()
}

// fingerprint stands for a login, so that a changed one is noticed.
func (b *Budget) fingerprint(user string, secret devices.Secret) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s%d:%s%s", b.key[:], len(user), user, secret.Reveal()))
}

func (a *account) total() int {
	n := 0
	for _, r := range a.refused {
		n += r
	}
	return n
}

// forget begins anew. The refused secrets are kept when a new one is the reason,
// so that two that take turns do not open the door again and again.
func (a *account) forget(secretChanged bool) {
	clear(a.refused)
	if !secretChanged {
		clear(a.secrets)
		clear(a.users)
	}
}

// sets says, when the login goes on its way, whether it still may: what was good
// may have been refused to somebody else while it waited. From then on it counts
// among those under way, unless it is to stay long: a camera that lets a long poll
// wait has taken its login.
func (t *Attempt) sets(long bool) bool {
	t.budget.mu.Lock()
	defer t.budget.mu.Unlock()
	if !t.counted && t.account.good[t.door] != t.login {
		return false
	}
	t.sent++
	if !t.counted && !long {
		t.counted = true
		t.account.underWay++
	}
	return true
}

// Accepted says that the host took the login.
func (t *Attempt) Accepted() {
	t.settle(func(a *account) {
		a.good[t.door] = t.login
		delete(a.refused, t.door)
	})
}

// Refused says that the host refused it.
func (t *Attempt) Refused() { t.refused(1) }

// Locked says that the host refused it and has locked us out: the next try would
// only make that longer (agsh/onvif PR#501).
func (t *Attempt) Locked() { t.refused(refusalsAllowed) }

func (t *Attempt) refused(times int) {
	t.settle(func(a *account) {
		if a.good[t.door] == t.login {
			maps.DeleteFunc(a.good, func(_ string, login [32]byte) bool { return login == t.login })
		}
		a.refused[t.door] += max(times, t.sent) // a challenge may be called stale again and again
		a.users[t.user] = true
		if len(a.secrets) < secretsKept {
			a.secrets[t.login] = true
		}
		a.until = time.Now().Add(lockedFor)
	})
}

// Unknown says that nothing was learnt: the line broke, or the login was not sent.
func (t *Attempt) Unknown() { t.settle(func(*account) {}) }

func (t *Attempt) settle(what func(*account)) {
	t.budget.mu.Lock()
	defer t.budget.mu.Unlock()
	what(t.account)
	if t.counted {
		t.counted = false
		t.account.underWay--
		t.account.wake()
	}
}

// judge settles the attempt by how it came out.
func (t *Attempt) judge(refused *Fault, err error) {
	switch {
	case refused != nil && refused.locked():
		t.Locked()
	case refused != nil:
		t.Refused()
	case err != nil:
		t.Unknown()
	default:
		t.Accepted()
	}
}

// wake makes those that wait for a place look again.
func (a *account) wake() {
	close(a.settled)
	a.settled = make(chan struct{})
}

// LoginRefused says that a camera refuses its login, or that it may not be tried
// now. It needs a person.
type LoginRefused struct {
	Host  string
	User  string    // "" = none is configured
	Until time.Time // no further try before, unless the secret changes; zero = one is left
	Why   string    // the camera's own words, mostly empty
}

func (e *LoginRefused) Error() string {
	if e.User == "" {
		return fmt.Sprintf("camera %q wants a login and none is configured (give it one: login = \"…\")", e.Host)
	}
	s := fmt.Sprintf("camera %q refuses user %q", e.Host, e.User)
	if e.Why != "" {
		s += fmt.Sprintf(" (%s)", e.Why)
	}
	if !e.Until.IsZero() {
		s += fmt.Sprintf("; not tried again before %s, so that it does not lock us out", e.Until.Format("15:04:05"))
	}
	return s + ": " + e.NextStep()
}

// IsThere says that the camera answers: it is not away, it only will not talk to us.
func (e *LoginRefused) IsThere() bool { return true }

// NextStep tells a person what to do.
func (e *LoginRefused) NextStep() string {
	return "look in the camera's own page whether this user exists for ONVIF (on many makes it is not the web user) and correct the password, then say `sitepost login NAME`"
}
