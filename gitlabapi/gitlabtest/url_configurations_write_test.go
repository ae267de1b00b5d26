package gitlabtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"gitlab-agent-portal/gitlabapi/gitlabtest"
)

// certificate makes a certificate and its key, as they travel.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, data []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret)
}

// onSwitch is an instance with receptive agents.
func onSwitch(s *gitlabtest.Settings) { s.ReceptiveAgents = true }

func TestURLConfigurationsAreCreatedOnceByMaintainers(t *testing.T) {
	t.Parallel()
	const (
		path    = agentsPath + "/5/url_configurations"
		body    = `{"url":"grpcs://agents.example.com:8082"}`
		scheme  = `{"message":"400 Bad request - [\"Url is blocked: Only allowed schemes are grpc, grpcs\"]"}`
		badCert = `{"message":"400 Bad request - [\"Client cert must be a valid PEM certificate\"]"}`
		badCA   = `{"message":"400 Bad request - [\"Ca cert must be a valid PEM certificate\"]"}`
		exists  = `{"message":"400 Bad request - URL configuration already exists for this agent"}`
	)
	cert, key := certificate(t)
	other, _ := certificate(t)
	fill := func(w *world) {
		w.AddAgent(gitlabtest.Agent{ID: 6, Project: apiProject, Name: "inbound", Receptive: true})
	}
	run(t, fill, []exchange{
		{"by nobody", "", "POST", path, body, 401, unauthorized},
		{"by a stranger", "stranger", "POST", path, body, 404, projectMissing},
		{"by a developer", "developer", "POST", path, body, 403, forbidden},
		{"without an address", "maintainer", "POST", path, `{}`, 400, `{"error":"url is missing"}`},
		{"for no agent", "maintainer", "POST", agentsPath + "/999/url_configurations", body, 404, `{"message":"404 Not found"}`},
		{"with another scheme", "maintainer", "POST", path, `{"url":"https://agents.example.com"}`, 400, scheme},
		{"with no certificate", "maintainer", "POST", path, `{"url":"grpcs://a.example","client_cert":"eA==","client_key":"eA=="}`, 400, badCert},
		{"with another one's key", "maintainer", "POST", path, `{"url":"grpcs://a.example","client_cert":"` + other + `","client_key":"` + key + `"}`, 400, badCert},
		{"with no authority", "maintainer", "POST", path, `{"url":"grpcs://a.example","ca_cert":"eA=="}`, 400, badCA},
		{"of a receptive agent", "maintainer", "POST", agentsPath + "/6/url_configurations", body, 400, exists},
		{
			"with a certificate", "maintainer", "POST", path, `{"url":"grpcs://a.example","client_cert":"` + cert + `","client_key":"` + key + `","ca_cert":"` + other + `","tls_host":"b.example"}`, 201,
			`{"id":5,"agent_id":5,"url":"grpcs://a.example","client_cert":"` + cert + `","ca_cert":"` + other + `","tls_host":"b.example"}`,
		},
		{"deleted by a developer", "developer", "DELETE", path + "/5", "", 403, forbidden},
		{"deleted where there is none", "maintainer", "DELETE", path + "/5", "", 404, `{"message":"404 Not found"}`},
	}, gitlabtest.WithSettings(onSwitch))
	run(t, nil, []exchange{
		{"while the switch is off", "maintainer", "POST", path, `{}`, 404, `{"message":"404 Not Found"}`},
		{"deleted while the switch is off", "maintainer", "DELETE", path + "/5", "", 404, `{"message":"404 Not Found"}`},
	})
	run(t, nil, []exchange{
		{"in the Community Edition", "maintainer", "POST", path, body, 404, `{"error":"404 Not Found"}`},
	}, gitlabtest.WithSettings(func(s *gitlabtest.Settings) { s.ReceptiveAgents, s.CommunityEdition = true, true }))
}

func TestAURLConfigurationMakesAnAgentReceptiveUntilItIsDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.WithSettings(onSwitch))
	const path = agentsPath + "/5/url_configurations"
	created := w.send("maintainer", "POST", path, `{"url":"grpc://10.0.0.1:8082"}`)
	var got struct {
		PublicKey string `json:"public_key"`
	}
	if err := json.Unmarshal([]byte(created.body), &got); created.status != 201 || err != nil || got.PublicKey == "" {
		t.Fatalf("creating = %d %s, want a public key", created.status, created.body)
	}
	if again := w.send("maintainer", "POST", path, `{"url":"grpc://10.0.0.1:8082"}`); again.status != 400 {
		t.Errorf("once more = %d, want 400", again.status)
	}
	receptive := func() bool { return strings.Contains(w.get("developer", prodPath).body, `"is_receptive":true`) }
	if listed := w.get("maintainer", path); listed.body != "["+created.body+"]" || !receptive() {
		t.Errorf("listed is %s, receptive %v", listed.body, receptive())
	}
	if gone := w.send("maintainer", "DELETE", path+"/5", ""); gone.status != 204 || gone.body != "" {
		t.Errorf("deleting = %d %s", gone.status, gone.body)
	}
	if listed := w.get("maintainer", path); listed.body != "[]" || receptive() {
		t.Errorf("afterwards listed is %s, receptive %v", listed.body, receptive())
	}
}
