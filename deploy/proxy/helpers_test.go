package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
)

// find is where a program is: Debian keeps servers out of the way of people's PATH.
func find(program string) string {
	if file, err := exec.LookPath(program); err == nil {
		return file
	}
	return "/usr/sbin/" + program
}

// signIn walks through GitLab's page and back.
func (s site) signIn(t *testing.T) {
	t.Helper()
	login := s.send(t, http.MethodGet, "/auth/login", nil)
	_ = login.Body.Close()
	gitlab := &http.Client{CheckRedirect: s.client.CheckRedirect}
	authorize := must(login.Location())(t)
	form := ask(t, gitlab, authorize, nil).form("form:has([name=user][value=lead])")
	form.values.Set("user", "lead")
	form.values.Set("decision", "allow")
	allowed := ask(t, gitlab, must(authorize.Parse(form.action))(t), form.values)
	if back := ask(t, s.client, must(url.Parse(allowed.location))(t), nil); back.status != http.StatusSeeOther {
		t.Fatalf("signing in through the proxy ended with %d", back.status)
	}
}

// answer is a response that was read.
type answer struct {
	status   int
	location string
	doc      *goquery.Document
}

// ask gets an address, or posts a form to it.
func ask(t *testing.T, client *http.Client, address *url.URL, form url.Values) answer {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r := must(http.NewRequestWithContext(t.Context(), method, address.String(), strings.NewReader(form.Encode())))(t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	return answer{response.StatusCode, response.Header.Get("Location"), must(goquery.NewDocumentFromReader(response.Body))(t)}
}

// form is one of a page, with its hidden fields.
type form struct {
	action string
	values url.Values
}

func (a answer) form(selector string) form {
	found := a.doc.Find(selector).First()
	f := form{found.AttrOr("action", ""), url.Values{}}
	found.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		f.values.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	return f
}

// newCertificate writes a certificate of localhost and its key into one file.
func newCertificate(t *testing.T, folder string) (file string, roots *x509.CertPool) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))(t)})...)
	file = filepath.Join(folder, "certificate.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return file, roots
}

// freePort is one that nobody listens at: a proxy opens it by its number.
func freePort(t *testing.T) string {
	t.Helper()
	listener := must(new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"))(t)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return must(port, err)(t)
}

// log collects what a program prints.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// must returns the value of a call that cannot fail in a test.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
