package routes

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gitlab-agent-portal/internal/notify/outbound"
)

// maxFile is how large the file, or one that it names, may be.
const maxFile = 1 << 20

// file is NOTIFY_FILE as it is written.
type file struct {
	SMTP   *smtp   `yaml:"smtp"`
	Routes []route `yaml:"routes"`
}

type smtp struct {
	Host         string `yaml:"host"`
	Port         int    `yaml:"port"`
	TLS          string `yaml:"tls"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	From         string `yaml:"from"`
}

type route struct {
	Name       string   `yaml:"name"`
	Groups     []string `yaml:"groups"`
	Kinds      []string `yaml:"kinds"`
	Severities []string `yaml:"severities"`
	Language   string   `yaml:"language"`
	Digest     string   `yaml:"digest"`
	Mail       *mail    `yaml:"mail"`
	Webhook    *webhook `yaml:"webhook"`
}

type mail struct {
	To []string `yaml:"to"`
}

type webhook struct {
	Kind       string `yaml:"kind"`
	URL        string `yaml:"url"`
	URLFile    string `yaml:"url_file"`
	Secret     string `yaml:"secret"`
	SecretFile string `yaml:"secret_file"`
}

// Options say how targets are reached.
type Options struct {
	Outbound outbound.Options
	// AllowHTTP allows webhooks in the clear beyond this machine.
	AllowHTTP bool
	Now       func() time.Time
}

// FileErrors is everything that is wrong with a file, a sentence each.
type FileErrors []string

// Error is all of them in one line.
func (p FileErrors) Error() string { return strings.Join(p, "; ") }

// Read reads the file of that name. Its error is a FileErrors.
func Read(name string, opts Options) ([]Route, error) {
	content, err := readBounded(name)
	if err != nil {
		return nil, FileErrors{"it " + err.Error()}
	}
	var written file
	if err := yaml.Load(content, &written, yaml.WithKnownFields()); err != nil {
		return nil, withoutValues(err)
	}
	b := &builder{opts: opts, dir: filepath.Dir(name), client: outbound.NewClient(opts.Outbound), names: map[string]bool{}}
	routes := b.build(written)
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	return routes, nil
}

// readBounded reads a file. Its error continues a sentence that begins with the file.
func readBounded(name string) ([]byte, error) {
	opened, err := os.Open(filepath.Clean(name))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", errors.Unwrap(err))
	}
	defer func() { _ = opened.Close() }()
	content, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %w", errors.Unwrap(err))
	case len(content) > maxFile:
		return nil, errors.New("is larger than 1 MiB")
	case strings.TrimSpace(string(content)) == "":
		return nil, errors.New("is empty")
	}
	return content, nil
}

// unknownField is how the reader complains of a field that there is not.
var unknownField = regexp.MustCompile(`^field ([a-z_]{1,30}) not found in type`)

// withoutValues says where the file is not of the form that is wanted, without what stands there.
func withoutValues(err error) FileErrors {
	var all []*yaml.LoadError
	if several, ok := errors.AsType[*yaml.LoadErrors](err); ok {
		all = several.Errors
	} else if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		all = []*yaml.LoadError{one}
	}
	var problems FileErrors
	for _, one := range all {
		what := "is not of the form that is wanted there"
		if field := unknownField.FindStringSubmatch(one.Message); field != nil {
			what = "has a field " + field[1] + ", which there is not"
		} else if strings.Contains(one.Message, "already defined at line") {
			what = "has a field that stands there twice"
		} else if one.Stage != yaml.ConstructorStage {
			what = "is no YAML"
		}
		problems = append(problems, fmt.Sprintf("line %d %s", one.Mark.Line, what))
	}
	if problems == nil {
		return FileErrors{"it is no YAML"}
	}
	return problems
}
