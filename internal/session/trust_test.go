package session_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/database/databasetest"
	"gitlab-agent-portal/internal/session"
)

func TestN1ASessionBelongsToOneInstance(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		cfg, b := configure(newClock()), newBrowser()
		with := func(instance string, work func(s *session.Store)) {
			db, err := database.Open(t.Context(), d.URL, instance)
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, db, cfg)
			work(s)
			s.Close()
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var signedIn *session.Session
		with("one", func(s *session.Store) { signedIn = b.signIn(t, s, lead(1)) })
		with("another", func(s *session.Store) {
			if got := b.load(t, s); got != nil {
				t.Errorf("at another instance: %v, want nobody", got)
			}
			if got, err := s.Refresh(t.Context(), signedIn.ID, 1, forbidden(t)); err == nil {
				t.Errorf("another instance was to renew a token of the first: %v", got)
			}
			if listed, err := s.List(t.Context(), signedIn.User.ID); len(listed) != 0 || err != nil {
				t.Errorf("at another instance the person with the same number has the sessions %v, %v", listed, err)
			}
			if ended, err := s.SignOut(t.Context(), newRecorder(), b.request(t)); ended != nil || err != nil {
				t.Errorf("signing out of another instance = %v, %v, want no token to revoke there", ended, err)
			}
		})
		give := func(instance string) {
			d.Exec(t, `UPDATE sessions SET instance = (SELECT number FROM instances WHERE fingerprint = '`+instance+`')`)
		}
		give("another") // somebody who moves the rows over
		with("another", func(s *session.Store) {
			if got := b.load(t, s); got != nil {
				t.Errorf("a row that was moved to another instance: %v, want nobody", got)
			}
		})
		give("one")
		with("one", func(s *session.Store) {
			if got := b.load(t, s); got == nil {
				t.Error("back at the first instance: nobody, want the session")
			}
		})
	})
}

func TestN2NeitherTheKeysNorTheCookieOpenASessionAlone(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		cfg := configure(newClock())
		s := open(t, d.Open(t), cfg)
		victim, thief := newBrowser(), newBrowser()
		signedIn := victim.signIn(t, s, lead(1))
		thief.signIn(t, s, lead(2))
		var value []byte
		if err := d.Raw(t).QueryRowContext(t.Context(), `SELECT value FROM sessions WHERE id_hash = $1`, session.HashID(signedIn.ID)).Scan(&value); err != nil {
			t.Fatal(err)
		}
		for name, guess := range map[string]string{"nothing": "", "the row's key": string(session.HashID(signedIn.ID)), "another cookie": thief.load(t, s).ID} {
			if session.Opens(cfg.Keys, databasetest.Instance, guess, signedIn.ID, value) {
				t.Errorf("the server's keys and %s open the session", name)
			}
		}
		if !session.Opens(cfg.Keys, databasetest.Instance, signedIn.ID, signedIn.ID, value) {
			t.Error("the server's keys and its cookie do not open the session")
		}
		if session.Opens(session.Keys{session.NewKey()}, databasetest.Instance, signedIn.ID, signedIn.ID, value) {
			t.Error("the cookie opens the session without the server's keys")
		}
	})
}

func TestN2TimesThatWereMovedAreRefused(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		s, clock := openNew(t, d)
		for _, column := range []string{"created_at", "last_seen_at"} {
			b := newBrowser()
			b.signIn(t, s, lead(1))
			clock.Advance(time.Hour)
			if b.load(t, s) == nil {
				t.Fatal("the session is not there to begin with")
			}
			d.Exec(t, `UPDATE sessions SET `+column+` = `+column+` + 3600000000`)
			if got := b.load(t, s); got != nil {
				t.Errorf("a session whose %s was moved = %v, want nobody", column, got)
			}
			d.Exec(t, `DELETE FROM sessions`)
		}
	})
}

func TestN2DetailsOfAnotherRowAreRefused(t *testing.T) {
	t.Parallel()
	d := databasetest.SQLite(t)
	s, clock := openNew(t, d)
	old, young := newBrowser(), newBrowser()
	id := old.signIn(t, s, lead(1)).ID
	clock.Advance(session.IdleLimit)
	young.signIn(t, s, lead(1))
	_, err := d.Raw(t).ExecContext(t.Context(), `UPDATE sessions SET (details, last_seen_at) =
		(SELECT details, last_seen_at FROM sessions WHERE id_hash <> $1) WHERE id_hash = $1`, session.HashID(id))
	if err != nil {
		t.Fatal(err)
	}
	if got := old.load(t, s); got != nil {
		t.Errorf("an idle session with the details of another one = %v, want nobody", got)
	}
}

func TestAPersonListsAndEndsTheirSessions(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, d *databasetest.Database) {
		t.Helper()
		db, cfg := d.Open(t), configure(newClock())
		clock := newClock()
		cfg.Now = clock.Now
		oldKeys := cfg.Keys
		desk, phone, stranger := newBrowser(), newBrowser(), newBrowser()
		desk.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
		began := clock.Now()
		deskID := desk.signIn(t, open(t, db, cfg), lead(1)).ID
		cfg.Keys = append(session.Keys{session.NewKey()}, oldKeys...) // what an older key noted is listed too
		s := open(t, db, cfg)
		clock.Advance(time.Minute)
		phoneID := phone.signIn(t, s, lead(2)).ID
		someone := lead(3)
		someone.User.ID++
		strangerID := stranger.signIn(t, s, someone).ID
		wantListed(t, s, session.Listed{Handle: session.HandleOf(phoneID), CreatedAt: began.Add(time.Minute), LastSeenAt: began.Add(time.Minute), Client: session.Client{Address: "192.0.2.1"}},
			session.Listed{Handle: session.HandleOf(deskID), CreatedAt: began, LastSeenAt: began, Client: session.Client{Address: "192.0.2.1", Browser: "Firefox", System: "Linux"}})

		if ended, err := s.EndListed(t.Context(), 42, session.HandleOf(strangerID)); ended || err != nil {
			t.Errorf("ending another person's session = %v, %v, want none ended", ended, err)
		}
		if _, err := s.EndListed(t.Context(), 42, "nonsense"); err == nil {
			t.Error("ending nonsense: no error")
		}
		if ended, err := s.EndListed(t.Context(), 42, session.HandleOf(phoneID)); !ended || err != nil {
			t.Errorf("EndListed = %v, %v, want the session ended", ended, err)
		}
		if phone.load(t, s) != nil || desk.load(t, s) == nil || stranger.load(t, s) == nil {
			t.Error("ending the phone's session ended another one, or none")
		}
		phone.signIn(t, s, lead(2))
		if n, err := s.EndOthers(t.Context(), 42, deskID); n != 1 || err != nil {
			t.Errorf("EndOthers = %d, %v, want 1", n, err)
		}
		if phone.load(t, s) != nil || desk.load(t, s) == nil || stranger.load(t, s) == nil {
			t.Error("ending the others ended another one, or none")
		}
		clock.Advance(session.IdleLimit)
		wantListed(t, s)
	})
}

func wantListed(t *testing.T, s *session.Store, want ...session.Listed) {
	t.Helper()
	got, err := s.List(t.Context(), 42)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}

func TestClientsAreToldApartByTheirUserAgent(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string][2]string{
		"": {},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36":                            {"Chrome", "Windows"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36 Edg/145.0.0.0":              {"Edge", "Windows"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Safari/605.1.15":                      {"Safari", "macOS"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/145.0.0.0 Mobile/15E148 Safari/604.1": {"Chrome", "iPhone"},
		"Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":           {"Samsung Internet", "Android"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/145.0.0.0 Safari/537.36":                             {"Chrome", "ChromeOS"},
		"curl/8.5.0":                {"curl", ""},
		"<script>alert(1)</script>": {},
	} {
		r := newBrowser().request(t)
		r.Header = http.Header{"User-Agent": {agent}}
		if got := session.ClientOf(r); got.Browser != want[0] || got.System != want[1] {
			t.Errorf("%q is %q on %q, want %q on %q", agent, got.Browser, got.System, want[0], want[1])
		}
	}
}
