package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func TestTheComposeFileStartsAPortalAndItsDatabase(t *testing.T) {
	t.Parallel()
	project := loadCompose(t)
	portal, database := project.Services["portal"], project.Services["database"]
	settings := map[string]string{}
	for name, value := range portal.Environment {
		settings[name] = *value
	}
	expectSettings(t, settings)
	for name, service := range project.Services {
		if service.HealthCheck == nil || len(service.HealthCheck.Test) == 0 {
			t.Errorf("nobody looks after the service %s", name)
		}
		expectSecrets(t, service)
	}
	if portal.DependsOn["database"].Condition != types.ServiceConditionHealthy {
		t.Error("the portal does not wait for the database")
	}
	if !portal.ReadOnly || !slices.Contains(portal.CapDrop, "ALL") {
		t.Error("the portal may do more than it has to")
	}
	if want := "postgres://" + *database.Environment["POSTGRES_USER"] + "@database:5432/" + *database.Environment["POSTGRES_DB"] + "?"; !strings.HasPrefix(settings["DATABASE_URL"], want) {
		t.Errorf("DATABASE_URL is %q, want %s…", settings["DATABASE_URL"], want)
	}
	for _, port := range portal.Ports {
		if port.HostIP != "127.0.0.1" {
			t.Errorf("the port %s is open to everybody, past the proxy", port.Published)
		}
	}
}

func loadCompose(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(deploy, "compose.yaml")}, cli.WithEnv([]string{
		"GITLAB_URL=https://gitlab.example.com", "GITLAB_CLIENT_ID=id", "PUBLIC_URL=https://agents.example.com",
	}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context()) // by the schema, which allows no field that it does not know
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// expectSecrets expects that what a service is told to read is given to it.
func expectSecrets(t *testing.T, service types.ServiceConfig) {
	t.Helper()
	given := map[string]bool{}
	for _, secret := range service.Secrets {
		given["/run/secrets/"+secret.Source] = true
	}
	for name, value := range service.Environment {
		if strings.HasSuffix(name, "_FILE") && !given[*value] {
			t.Errorf("%s of %s is %s, and no secret of it", name, service.Name, *value)
		}
	}
}

const unit = "gitlab-agent-portal.service"

func TestSystemdTakesTheUnit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), unit)
	// The program is elsewhere, and systemd looks for it.
	text := strings.ReplaceAll(read(t, "systemd/"+unit), "ExecStart=/usr/local/bin/gitlab-agent-portal", "ExecStart=/bin/true")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	// It says what it does not know, and ends well nevertheless.
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", file).CombinedOutput(); err != nil || strings.Contains(string(out), unit) {
		t.Errorf("systemd-analyze verify: %v: %s", err, out)
	}
	// 10 is a service that may do anything; 2 counts as safe.
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", "security", "--offline=true", "--threshold=15", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security finds more than 1.5: %v: %s", err, out)
	}
}

func TestTheUnitSetsWhatThePortalReads(t *testing.T) {
	t.Parallel()
	settings := map[string]string{}
	text := read(t, "systemd/"+unit)
	for _, m := range regexp.MustCompile(`(?m)^#?Environment=([A-Z_]+)=(.*)$`).FindAllStringSubmatch(text, -1) {
		settings[m[1]] = m[2]
	}
	for name, value := range settings {
		credential, is := strings.CutPrefix(value, "%d/")
		if is && !strings.Contains(text, "LoadCredential="+credential+":/etc/gitlab-agent-portal/"+credential+"\n") {
			t.Errorf("%s is the credential %s, which nothing loads", name, credential)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^#?([A-Z_]+)=(.*)$`).FindAllStringSubmatch(read(t, "systemd/settings.env"), -1) {
		settings[m[1]] = m[2]
	}
	expectSettings(t, settings)
}
