package session_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/fuzztest"
	"gitlab-agent-portal/internal/session"
)

func TestSignInIsRemembered(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, clock := openNew(t, d)
			b := newBrowser()
			signedIn := b.signIn(t, s, lead(1))
			want := &session.Session{
				ID: signedIn.ID, User: lead(1).User, Tokens: pair(1), Client: session.Client{Address: "192.0.2.1"},
				CreatedAt: clock.Now(), LastSeenAt: clock.Now(), Version: 1,
			}
			if diff := cmp.Diff(want, signedIn); diff != "" {
				t.Errorf("SignIn (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, b.load(t, s)); diff != "" {
				t.Errorf("Load after sign-in (-want +got):\n%s", diff)
			}
			if got := newBrowser().load(t, s); got != nil {
				t.Errorf("Load without a cookie = %v, want nobody", got)
			}
		})
	}
}

func TestO5SignInDrawsAFreshID(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			b := newBrowser()
			first := b.signIn(t, s, lead(1))
			planted := b.copy()
			second := b.signIn(t, s, lead(2))
			if second.ID == first.ID {
				t.Error("the second sign-in kept the session id of the first")
			}
			if got := planted.load(t, s); got != nil {
				t.Errorf("the session from before the sign-in = %v, want nobody", got)
			}
			if got := b.load(t, s); got == nil || got.ID != second.ID {
				t.Errorf("the session after the sign-in = %v, want the new one", got)
			}
		})
	}
}

func TestO6SignOutEndsTheSessionOnTheServer(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			b := newBrowser()
			b.signIn(t, s, lead(1))
			thief := b.copy()

			gone, cancel := context.WithCancel(t.Context())
			cancel() // the browser does not wait for the answer
			w := httptest.NewRecorder()
			ended, err := s.SignOut(gone, w, b.request(t))
			if err != nil {
				t.Fatalf("SignOut: %v", err)
			}
			b.take(w)

			if ended == nil || ended.Tokens != pair(1) {
				t.Errorf("SignOut = %v, want the session with its tokens, to revoke them", ended)
			}
			if len(b.cookies) != 0 {
				t.Errorf("the browser still has %d cookies", len(b.cookies))
			}
			if got := thief.load(t, s); got != nil {
				t.Errorf("a captured cookie after sign-out = %v, want nobody", got)
			}
		})
	}
}

func TestSignOutWithoutASession(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		ended := newBrowser()
		ended.signIn(t, s, lead(1))
		if _, err := s.End(t.Context(), ended.load(t, s).ID, 1); err != nil {
			t.Fatalf("End: %v", err)
		}
		tests := []struct {
			name       string
			browser    *browser
			wantCookie string
		}{
			{"no cookie", newBrowser(), ""},
			{"a cookie that no key signed", &browser{cookies: map[string]string{"__Host-portal": "forged"}}, ""},
			{"a session that has ended", ended, "__Host-portal=; "},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				w := httptest.NewRecorder()
				got, err := s.SignOut(t.Context(), w, tt.browser.request(t))
				if got != nil || err != nil {
					t.Errorf("SignOut = %v, %v, want nothing and no error", got, err)
				}
				if cookie := w.Header().Get("Set-Cookie"); !strings.HasPrefix(cookie, tt.wantCookie) || (cookie == "") != (tt.wantCookie == "") {
					t.Errorf("Set-Cookie = %q, want it to start with %q", cookie, tt.wantCookie)
				}
			})
		}
	})
}

func TestS1CookieFollowsTheMode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		cookie session.CookieOptions
		want   string
	}{
		{"https at the root", session.CookieOptions{Name: "__Host-portal", Path: "/", Secure: true}, "Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"https with a path", session.CookieOptions{Name: "__Secure-portal", Path: "/tools/portal", Secure: true}, "Path=/tools/portal; HttpOnly; Secure; SameSite=Lax"},
		{"http on loopback", session.CookieOptions{Name: "portal", Path: "/"}, "Path=/; HttpOnly; SameSite=Lax"},
		{"no path given", session.CookieOptions{Name: "portal"}, "Path=/; HttpOnly; SameSite=Lax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := configure(newClock())
			cfg.Cookie = tt.cookie
			s := open(t, databasetest.SQLite(t).Open(t), cfg)
			w := httptest.NewRecorder()
			r := newBrowser().request(t)
			if _, _, err := s.SignIn(t.Context(), w, r, lead(1)); err != nil {
				t.Fatalf("SignIn: %v", err)
			}
			name, rest, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
			_, attributes, _ := strings.Cut(rest, "; ")
			if name != tt.cookie.Name || attributes != tt.want {
				t.Errorf("Set-Cookie: %s=…; %s\nwant        %s=…; %s", name, attributes, tt.cookie.Name, tt.want)
			}
		})
	}
}

func TestS2CookieStaysSmall(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			in := lead(1)
			in.Tokens.Access = gitlabapi.NewSecret(strings.Repeat("a", 3<<10))
			in.Tokens.Refresh = gitlabapi.NewSecret(strings.Repeat("r", 3<<10))
			b := newBrowser()
			b.signIn(t, s, in)
			for name, value := range b.cookies {
				if size := len(name) + len(value); size > 256 {
					t.Errorf("the cookie has %d bytes, want at most 256 whatever GitLab's tokens are", size)
				}
			}
			if got := b.load(t, s); got == nil || got.Tokens != in.Tokens {
				t.Errorf("Load = %v, want the session with its long tokens", got)
			}
		})
	}
}

func TestS3KeysCanBeReplaced(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			oldKey, newKey := session.NewKey(), session.NewKey()
			db, cfg := d.Open(t), configure(newClock())
			b := newBrowser()
			with := func(keys ...session.Key) *session.Store {
				cfg.Keys = keys
				return open(t, db, cfg)
			}

			s := with(oldKey)
			b.signIn(t, s, lead(1))
			before := b.copy()

			s = with(newKey, oldKey)
			signedIn := b.load(t, s)
			if signedIn == nil {
				t.Fatal("a cookie signed with the older key is refused, want it accepted")
			}
			w := httptest.NewRecorder()
			if err := s.RepairCookie(w, b.request(t), signedIn); err != nil {
				t.Fatalf("RepairCookie: %v", err)
			}
			b.take(w)
			w = httptest.NewRecorder()
			if err := s.RepairCookie(w, b.request(t), signedIn); err != nil || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("RepairCookie sets a current cookie again: %q, %v", w.Header().Get("Set-Cookie"), err)
			}
			// A renewal seals with the newest key, as the renewed cookie is signed with it.
			if _, err := s.Refresh(t.Context(), signedIn.ID, signedIn.Version, gives(pair(2))); err != nil {
				t.Fatalf("Refresh: %v", err)
			}

			s = with(newKey)
			if got := b.load(t, s); got == nil {
				t.Error("the session does not survive the older key, want it issued again and sealed with the newest")
			}
			if got := before.load(t, s); got != nil {
				t.Errorf("a cookie signed with a dropped key = %v, want nobody", got)
			}
		})
	}
}

func TestS3ValueOfADroppedKeyIsNobody(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			oldKey, newKey := session.NewKey(), session.NewKey()
			db, cfg := d.Open(t), configure(newClock())
			cfg.Keys = session.Keys{oldKey}
			b := newBrowser()
			signedIn := b.signIn(t, open(t, db, cfg), lead(1))

			cfg.Keys = session.Keys{newKey, oldKey}
			w := httptest.NewRecorder()
			if err := open(t, db, cfg).RepairCookie(w, b.request(t), signedIn); err != nil {
				t.Fatalf("RepairCookie: %v", err)
			}
			b.take(w)

			cfg.Keys = session.Keys{newKey}
			if got := b.load(t, open(t, db, cfg)); got != nil {
				t.Errorf("a value sealed with a dropped key = %v, want nobody and no error", got)
			}
		})
	}
}

func TestS4BadCookieIsAnonymous(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		log := new(logBuffer)
		db, cfg := d.Open(t), configure(newClock())
		cfg.Log = log.logger()
		s := open(t, db, cfg)
		b := newBrowser()
		b.signIn(t, s, lead(1))
		good := b.cookies["__Host-portal"]
		// A cookie of the same key under another name: the name is part of what is signed.
		cfg.Cookie.Name = "other"
		other := newBrowser()
		other.signIn(t, open(t, db, cfg), lead(1))
		tests := []struct{ name, value string }{
			{"empty", ""},
			{"not base64", "%%%"},
			{"truncated", good[:len(good)-4]},
			{"one character changed", good[:10] + flip(good[10]) + good[11:]},
			{"longer than a cookie may be", strings.Repeat("A", 9000)},
			{"signed for another name", other.cookies["other"]},
		}
		for _, tt := range tests {
			bad := &browser{cookies: map[string]string{"__Host-portal": tt.value}}
			if got := bad.load(t, s); got != nil {
				t.Errorf("%s: Load = %v, want nobody", tt.name, got)
			}
			w := httptest.NewRecorder()
			if err := s.RepairCookie(w, bad.request(t), nil); err != nil {
				t.Errorf("%s: RepairCookie: %v", tt.name, err)
			}
			if cookie := w.Header().Get("Set-Cookie"); cookie != "" {
				t.Errorf("%s: Set-Cookie = %q, want the cookie left alone, which may be another portal's", tt.name, cookie)
			}
			if len(tt.value) > 3 && strings.Contains(log.String(), tt.value) {
				t.Errorf("%s: the log contains the cookie's value", tt.name)
			}
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 {
			t.Errorf("the log has %d lines, want one for all bad cookies of an hour", lines)
		}
	})
}

func flip(c byte) string {
	if c == 'A' {
		return "B"
	}
	return "A"
}

func FuzzS4Cookie(f *testing.F) {
	cfg := configure(newClock())
	cfg.Cookie = session.CookieOptions{Name: "portal"}
	s, err := session.New(databasetest.SQLite(f).Open(f), cfg)
	if err != nil {
		f.Fatalf("New: %v", err)
	}
	f.Cleanup(s.Close)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(f.Context(), http.MethodGet, "/", nil)
	signedIn, _, err := s.SignIn(f.Context(), w, r, lead(1))
	if err != nil {
		f.Fatalf("SignIn: %v", err)
	}
	good, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	seeds := []string{good, "portal=MTc2NDAwMDAwMHxhYmN8", "portal=; portal=x", `portal="|||"`, good + "; portal=x"}
	for _, header := range append(seeds, fuzztest.Mutations(fuzztest.Executions, seeds...)...) {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Cookie", header)
		got, err := s.Load(t.Context(), r)
		if err != nil || got != nil && got.ID != signedIn.ID {
			t.Errorf("Load = %v, %v, want nobody or whoever signed in, and no error", got, err)
		}
		if got != nil && !isOneOf(r.CookiesNamed("portal"), good) {
			t.Errorf("the cookies %q are taken for %q", header, good)
		}
		if err := s.RepairCookie(httptest.NewRecorder(), r, nil); err != nil {
			t.Errorf("RepairCookie: %v", err)
		}
	})
}

// isOneOf reports whether one of the cookies is good, apart from the bits that base64 leaves
// unused at its end.
func isOneOf(cookies []*http.Cookie, good string) bool {
	return slices.ContainsFunc(cookies, func(c *http.Cookie) bool {
		pair := c.Name + "=" + c.Value
		return len(pair) >= len(good) && pair[:len(good)-3] == good[:len(good)-3]
	})
}

func TestAPlantedSecondCookieDoesNotHideTheSession(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, _ := openNew(t, d)
		b := newBrowser()
		b.signIn(t, s, lead(1))
		r := newBrowser().request(t)
		r.AddCookie(&http.Cookie{Name: "__Host-portal", Value: "planted"})
		r.AddCookie(&http.Cookie{Name: "__Host-portal", Value: b.cookies["__Host-portal"]})
		if got, err := s.Load(t.Context(), r); got == nil || err != nil {
			t.Errorf("Load = %v, %v, want the session of the cookie that verifies", got, err)
		}
	})
}

func TestResponseNamesTheCookieOnce(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t, databasetest.SQLite(t))
	w := httptest.NewRecorder()
	bad := &browser{cookies: map[string]string{"__Host-portal": "forged"}}
	http.SetCookie(w, &http.Cookie{Name: "language", Value: "en"})
	if err := s.RepairCookie(w, bad.request(t), nil); err != nil {
		t.Fatalf("RepairCookie: %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), w, bad.request(t), lead(1)); err != nil {
		t.Fatalf("SignIn: %v", err)
	}
	var names []string
	for _, cookie := range w.Result().Cookies() {
		names = append(names, cookie.Name)
	}
	if diff := cmp.Diff([]string{"language", "__Host-portal"}, names); diff != "" {
		t.Errorf("cookies of the response (-want +got):\n%s", diff)
	}
}

func TestS5SessionsEnd(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, clock := openNew(t, d)

			idle := newBrowser()
			idle.signIn(t, s, lead(1))
			clock.Advance(session.IdleLimit - time.Second)
			if idle.load(t, s) == nil {
				t.Error("a second before the idle limit: nobody, want the session")
			}
			clock.Advance(session.IdleLimit)
			if got := idle.load(t, s); got != nil {
				t.Errorf("at the idle limit: %v, want nobody", got)
			}

			busy := newBrowser()
			signedIn := busy.signIn(t, s, lead(1))
			for range int(session.AbsoluteLimit/time.Hour) - 1 {
				clock.Advance(time.Hour)
				if busy.load(t, s) == nil {
					t.Fatalf("used every hour, after %v: nobody, want the session", clock.Now().Sub(signedIn.CreatedAt))
				}
			}
			clock.Advance(time.Hour)
			if got := busy.load(t, s); got != nil {
				t.Errorf("at the absolute limit: %v, want nobody", got)
			}
			if _, err := s.Refresh(t.Context(), signedIn.ID, signedIn.Version, forbidden(t)); err == nil {
				t.Error("an expired session was refreshed")
			}
		})
	}
}

func TestLoadNotesAtMostOncePerMinute(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, clock := openNew(t, d)
			b := newBrowser()
			start := b.signIn(t, s, lead(1)).LastSeenAt
			db := d.Raw(t)
			for _, step := range []struct{ at, want time.Duration }{
				{59 * time.Second, 0},
				{60 * time.Second, 60 * time.Second},
				{119 * time.Second, 60 * time.Second},
				{120 * time.Second, 120 * time.Second},
			} {
				clock.Advance(step.at - clock.Now().Sub(start))
				b.load(t, s)
				var seen int64
				if err := db.QueryRowContext(t.Context(), `SELECT last_seen_at FROM sessions`).Scan(&seen); err != nil {
					t.Fatal(err)
				}
				if got := time.UnixMicro(seen).Sub(start); got != step.want {
					t.Errorf("used after %v: last seen at %v, want %v", step.at, got, step.want)
				}
			}
		})
	}
}

func TestS6DatabaseHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			signedIn := newBrowser().signIn(t, s, lead(1))
			if _, err := s.Refresh(t.Context(), signedIn.ID, 1, gives(pair(2))); err != nil {
				t.Fatalf("Refresh: %v", err)
			}
			dump := dumpSessions(t, d)
			if !bytes.Contains(dump, []byte("version=2")) {
				t.Fatalf("the dump does not contain the session: %q", dump)
			}
			for _, secret := range []string{"access-canary", "refresh-canary", signedIn.ID, "lead"} {
				if bytes.Contains(dump, []byte(secret)) {
					t.Errorf("the database contains %q", secret)
				}
			}
		})
	}
}

// dumpSessions is what somebody with a copy of the database sees.
func dumpSessions(t *testing.T, d *databasetest.Database) []byte {
	t.Helper()
	var dump bytes.Buffer
	var hash, value []byte
	var version int64
	row := d.Raw(t).QueryRowContext(t.Context(), `SELECT id_hash, value, version FROM sessions`)
	if err := row.Scan(&hash, &value, &version); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&dump, "%s %s version=%d", hash, value, version)
	for _, content := range d.Contents(t) {
		dump.WriteString(content)
	}
	return dump.Bytes()
}

func TestS6SwappedValuesAreRefused(t *testing.T) {
	t.Parallel()
	for name, fresh := range databasetest.Engines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := fresh(t)
			s, _ := openNew(t, d)
			victim, attacker := newBrowser(), newBrowser()
			victim.signIn(t, s, lead(1))
			attacker.signIn(t, s, lead(2))
			swapValues(t, d.Raw(t))
			if got := attacker.load(t, s); got != nil {
				t.Errorf("a session with another one's value = %v, want nobody", got)
			}
			if got := victim.load(t, s); got != nil {
				t.Errorf("the other one = %v, want nobody", got)
			}
		})
	}
}

// swapValues gives each of two sessions the other one's value.
func swapValues(t *testing.T, db *sql.DB) {
	t.Helper()
	var hashes, values [2][]byte
	for i, order := range []string{"ASC", "DESC"} {
		row := db.QueryRowContext(t.Context(), `SELECT id_hash, value FROM sessions ORDER BY id_hash `+order+` LIMIT 1`)
		if err := row.Scan(&hashes[i], &values[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range hashes {
		_, err := db.ExecContext(t.Context(), `UPDATE sessions SET value = $1 WHERE id_hash = $2`, values[1-i], hashes[i])
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionDoesNotPrintItsID(t *testing.T) {
	t.Parallel()
	s, _ := openNew(t, databasetest.SQLite(t))
	signedIn := newBrowser().signIn(t, s, lead(1))
	log := new(logBuffer)
	log.logger().Info("test", "session", signedIn, "value", *signedIn)
	for _, text := range []string{fmt.Sprint(signedIn), fmt.Sprintf("%+v %#v", *signedIn, *signedIn), log.String()} {
		if strings.Contains(text, signedIn.ID) || strings.Contains(text, "canary") {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestDatabaseFailureIsAnErrorAndNotAVisitor(t *testing.T) {
	t.Parallel()
	d := databasetest.Postgres(t)
	db := d.Open(t)
	s := open(t, db, configure(newClock()))
	b := newBrowser()
	b.signIn(t, s, lead(1))
	if err := db.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	d.Postgres.Stop(t)
	if got, err := s.Load(t.Context(), b.request(t)); err == nil {
		t.Errorf("Load without a database = %v, want an error", got)
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("Ping without a database: no error")
	}
	d.Postgres.Start(t)
	if b.load(t, s) == nil {
		t.Error("the session is gone after the database came back")
	}
}
