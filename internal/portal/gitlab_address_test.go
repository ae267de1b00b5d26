package portal

import (
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// requests collects what arrives at one address.
type requests struct {
	mu  sync.Mutex
	all []string
}

func (r *requests) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.all = append(r.all, req.Method+" "+req.URL.Path)
		r.mu.Unlock()
		next.ServeHTTP(w, req)
	})
}

func (r *requests) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.all)
}

// TestH6TheServerCallsGitLabAtItsInternalAddressAlone gives one GitLab two addresses. All that it says
// of itself, redirects and links to next pages included, carries the one for browsers.
func TestH6TheServerCallsGitLabAtItsInternalAddressAlone(t *testing.T) {
	t.Parallel()
	gitlab := newOrganisation(t)
	outside := new(requests)
	external := httptest.NewServer(outside.note(gitlab.Server))
	t.Cleanup(external.Close)
	gitlab.SetURL(external.URL)
	internal := gitlab.URL
	portal := startPortal(t, gitlab, nil, "GITLAB_URL="+external.URL, "GITLAB_INTERNAL_URL="+internal, "LOG_LEVEL=debug")
	project := strings.Split(gitlab.tokens, "/")[2]
	id, err := strconv.ParseInt(project, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120 { // more than one page
		gitlab.AddAgent(gitlabtest.Agent{Project: id, Name: fmt.Sprintf("agent-%d", i)})
	}

	b := newBrowser(t)
	authorize := b.get(portal.url + "/auth/login").header.Get("Location")
	if !strings.HasPrefix(authorize, external.URL+"/oauth/authorize?") {
		t.Errorf("signing in leads to %s, want GitLab's address for browsers", authorize)
	}
	b.signIn(portal.url, "lead")
	agent := portal.url + strings.TrimSuffix(gitlab.tokens, "/tokens")
	pages := map[string]page{}
	for _, address := range []string{"/?wait=1", "/projects", "/projects/" + project + "/agents", "/projects/" + project + "/agents?page=2"} {
		pages[address] = b.get(portal.url + address)
	}
	pages["connect"] = b.get(agent + "?tab=connect")
	pages["activity"] = b.get(agent + "?tab=activity")
	gitlab.MoveProject(id, gitlab.AddGroup(gitlabtest.Group{Path: "elsewhere"}), "moved")
	if got := b.get(portal.url + "/go/shop/payments"); got.status != http.StatusSeeOther || !strings.HasSuffix(got.header.Get("Location"), "/projects/"+project+"/agents") {
		t.Errorf("a project by its former path = %d to %s, want its page", got.status, got.header.Get("Location"))
	}
	for name, got := range pages {
		if got.status != http.StatusOK || strings.Contains(got.body, internal) {
			t.Errorf("%s = %d, want 200 without the internal address", name, got.status)
		}
	}
	for _, name := range []string{"connect", "/projects/" + project + "/agents"} {
		if !strings.Contains(pages[name].body, external.URL) {
			t.Errorf("%s does not name GitLab's address for browsers", name)
		}
	}
	action, values := b.form(portal.url+"/projects", `form[action$="/auth/logout"]`)
	_, err = b.send(action, values)
	portal.stop() // which waits for what signing out has left to be revoked
	if n := gitlab.Calls(gitlabtest.OpOAuthRevoke); err != nil || n != 1 {
		t.Errorf("signing out: %v, with %d revocations, want 1", err, n)
	}
	for _, request := range outside.list() {
		if request != "GET /oauth/authorize" && request != "POST /oauth/authorize" {
			t.Errorf("the address for browsers was asked %s by the server", request)
		}
	}
}

// TestTheServerCallsGitLabThroughTheProxy has a proxy alone know where GitLab is.
func TestTheServerCallsGitLabThroughTheProxy(t *testing.T) {
	t.Parallel()
	gitlab := gitlabtest.Start(t)
	target, err := url.Parse(gitlab.URL)
	if err != nil {
		t.Fatal(err)
	}
	passed := new(requests)
	proxy := httptest.NewServer(passed.note(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}))
	t.Cleanup(proxy.Close)
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			changes := map[string]string{"GITLAB_URL": "http://gitlab.example.com", "ALLOW_INSECURE_HTTP": "true", "HTTP_PROXY": proxy.URL, "NO_PROXY": "internal.example.com"}
			if scheme == "https" {
				certificate, tunnel := tunnelled(t, gitlab.Server, passed)
				changes = map[string]string{"GITLAB_URL": "https://example.com", "https_proxy": tunnel, "GITLAB_CA_FILE": certificate}
			}
			cfg := mustLoad(t, changes)
			client, err := newGitLab(cfg, gitlabapi.Options{})
			if err != nil {
				t.Fatal(err)
			}
			person := gitlab.AddUser(gitlabtest.User{Username: scheme})
			token := gitlabapi.NewSecret(gitlab.AddPersonalToken(gitlabtest.PersonalToken{User: person, Scopes: []string{"api"}}))
			if user, err := client.WithToken(token).CurrentUser(t.Context()); err != nil || user.Username != scheme {
				t.Errorf("the person through the proxy = %q, %v", user.Username, err)
			}
			want := map[string]string{"http": "GET /api/v4/user", "https": "CONNECT "}[scheme]
			if got := passed.list(); !slices.Contains(got, want) {
				t.Errorf("the proxies saw %q, want %q", got, want)
			}
		})
	}
}

// tunnelled serves GitLab with TLS behind a proxy that leads every tunnel to it. It returns the name
// of a file with the certificate, and the proxy's address.
func tunnelled(t *testing.T, gitlab http.Handler, seen *requests) (certificate, proxy string) {
	t.Helper()
	behind := httptest.NewTLSServer(gitlab)
	t.Cleanup(behind.Close)
	tunnel := httptest.NewServer(seen.note(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		far, err := net.Dial("tcp", behind.Listener.Addr().String())
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = far.Close()
			return
		}
		go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
	})))
	t.Cleanup(tunnel.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: behind.Certificate().Raw})
	return writeFile(t, string(block)), tunnel.URL
}
