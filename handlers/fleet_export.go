package handlers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/csvsafe"
	"gitlab-agent-portal/internal/fleet"
)

// exportedAgent is an agent as the JSON export has it; README.md explains the fields.
type exportedAgent struct {
	ProjectID    int64           `json:"project_id"`
	Project      string          `json:"project"`
	AgentID      int64           `json:"agent_id"`
	Agent        string          `json:"agent"`
	CanManage    bool            `json:"can_manage"`
	Archived     bool            `json:"archived"`
	Receptive    bool            `json:"receptive"`
	Status       agent.Status    `json:"status"`
	LastUsedAt   *time.Time      `json:"last_used_at"`
	ActiveTokens *int            `json:"active_tokens"`
	Tokens       []exportedToken `json:"tokens"`
	Attention    []agent.Rule    `json:"attention"`
	// Config is null where it is not known.
	Config *agent.ConfigState `json:"config"`
	exportedVersions
}

type exportedToken struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	// CreatorAccount is null where it is not known.
	CreatorAccount *agent.Account `json:"creator_account"`
}

// exportedHead is what an export says of the fleet that it was made of.
type exportedHead struct {
	GeneratedAt string      `json:"generated_at"`
	Scope       agent.Scope `json:"scope"`
	// Complete is false if agents may be missing.
	Complete bool              `json:"complete"`
	Warnings []exportedWarning `json:"warnings"`
}

// exportedWarning is a part of the fleet that is missing from the export.
type exportedWarning struct {
	Kind      string `json:"kind"`
	ProjectID int64  `json:"project_id,omitzero"`
	Project   string `json:"project,omitzero"`
}

// fleetCSV exports what is filtered, one agent a row.
func (h *Handlers) fleetCSV(w http.ResponseWriter, r *http.Request, s *session) error {
	snapshot, rows, err := h.exported(r, s)
	if err != nil {
		return err
	}
	h.startExport(w, "text/csv; charset=utf-8; header=present", "gitlab-agents", "csv", snapshot)
	if err := writeFleetCSV(csvsafe.NewWriter(h.paced(w), wantsMark(r)), rows); err != nil {
		abort(r, fmt.Errorf("exporting the fleet: %w", err))
	}
	return nil
}

// fleetJSON exports what is filtered, with what is missing.
func (h *Handlers) fleetJSON(w http.ResponseWriter, r *http.Request, s *session) error {
	snapshot, rows, err := h.exported(r, s)
	if err != nil {
		return err
	}
	h.startExport(w, "application/json", "gitlab-agents", "json", snapshot)
	if err := writeFleetJSON(h.paced(w), fleetScope(r), snapshot, rows); err != nil {
		abort(r, fmt.Errorf("exporting the fleet: %w", err))
	}
	return nil
}

// wantsMark reports whether a CSV begins with a byte order mark. Excel takes a file without one for
// the system's own encoding, in which Chinese is garbled; scripts say bom=0, and have none with a token.
func wantsMark(r *http.Request) bool {
	if bom := r.URL.Query().Get("bom"); bom != "" {
		return bom != "0"
	}
	return !stateOf(r).isProgram
}

// abort ends an answer whose writing failed: its status is sent already, and only a cut connection
// tells the client that something is missing.
func abort(r *http.Request, err error) {
	stateOf(r).err = err
	panic(http.ErrAbortHandler)
}

// exportWait is how long an export waits for the fleet, in the queue too: until just before the server
// gives the answer up.
const exportWait = 70 * time.Second

// exported waits for the fleet and selects what the address asks for, on all its pages.
func (h *Handlers) exported(r *http.Request, s *session) (*fleet.Snapshot, []fleet.Row, error) {
	ctx, cancel := context.WithTimeout(r.Context(), exportWait)
	defer cancel()
	snapshot, err := h.Fleet.Read(ctx, fleetViewer(r, s), h.fleetSource(r, s), nil)
	if err != nil {
		return nil, nil, scopeError(r, err)
	}
	return snapshot, fleet.Filter(h.fleetRows(r.Context(), snapshot.Agents), fleet.Parse(r.URL.Query())), nil
}

// fleetWarnings is the header that says how much of the fleet is missing from what is made of it: a CSV has
// no other place for that.
const fleetWarnings = "Fleet-Warnings"

// startExport begins a file that is named after the day, in UTC, on which the fleet was read, and says how
// much of that is missing.
func (h *Handlers) startExport(w http.ResponseWriter, contentType, name, extension string, snapshot *fleet.Snapshot) {
	header := w.Header()
	header.Set(fleetWarnings, strconv.Itoa(len(snapshot.Warnings)))
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s-UTC.%s"`, name, snapshot.ReadAt.UTC().Format(time.DateOnly), extension))
	w.WriteHeader(http.StatusOK)
}

// writeFleetCSV writes a header row and one row for each agent. Cells of what is unknown are
// empty.
func writeFleetCSV(out *csvsafe.Writer, rows []fleet.Row) error {
	err := out.Write(
		"project", "project_id", "agent", "agent_id", "access", "status", "last_used_at",
		"active_tokens", "oldest_token_created_at", "token_names", "attention",
		"versions", "update_needed", "versions_unknown", "receptive", "config",
	)
	for i := 0; i < len(rows) && err == nil; i++ {
		err = out.Write(csvCells(rows[i])...)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// csvCells are the cells of one agent, in the order of the header row.
func csvCells(row fleet.Row) []string {
	var names, due []string
	for i := range row.Tokens {
		names = append(names, row.Tokens[i].Name)
	}
	for _, rule := range row.Due {
		due = append(due, string(rule))
	}
	return []string{
		row.Project.Path, strconv.FormatInt(row.Project.ID, 10), row.Name, strconv.FormatInt(row.ID, 10), string(row.Role()),
		string(row.Status), timestamp(row.LastContact), tokenCount(row), timestamp(row.OldestToken()),
		strings.Join(names, ", "), strings.Join(due, " "), row.VersionList(), updateNeeded(row), string(row.Untold()), strconv.FormatBool(row.Receptive), string(row.Config),
	}
}

// timestamp is t as RFC 3339 has it, empty for the zero time.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// tokenCount is the number of active tokens, empty when it is unknown.
func tokenCount(row fleet.Row) string {
	if !row.TokensRead() {
		return ""
	}
	return strconv.Itoa(row.TokenCount)
}

// writeFleetJSON writes agent by agent, so that a large fleet is never in memory as text.
func writeFleetJSON(w io.Writer, scope agent.Scope, snapshot *fleet.Snapshot, rows []fleet.Row) error {
	out := bufio.NewWriter(w)
	head, err := json.Marshal(exportHead(scope, snapshot))
	if err != nil {
		return fmt.Errorf("encoding what the fleet is: %w", err)
	}
	_, _ = fmt.Fprintf(out, `%s,"agents":[`, bytes.TrimSuffix(head, []byte("}")))
	encoder := json.NewEncoder(out)
	for i, row := range rows {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if err := encoder.Encode(exportAgent(row)); err != nil {
			return fmt.Errorf("encoding an agent: %w", err)
		}
	}
	_, _ = out.WriteString("]}\n")
	return out.Flush() // holds the first error of any write
}

func exportHead(scope agent.Scope, snapshot *fleet.Snapshot) exportedHead {
	head := exportedHead{GeneratedAt: timestamp(snapshot.ReadAt), Scope: scope, Complete: !snapshot.Incomplete(), Warnings: []exportedWarning{}}
	for _, warning := range snapshot.Warnings {
		exported := exportedWarning{Kind: warning.Kind.String()}
		if warning.Project != nil {
			exported.ProjectID, exported.Project = warning.Project.ID, warning.Project.Path
		}
		head.Warnings = append(head.Warnings, exported)
	}
	return head
}

// exportAgent builds what is exported of a row; null stands for unknown and for never.
func exportAgent(row fleet.Row) exportedAgent {
	exported := exportedAgent{
		ProjectID: row.Project.ID, Project: row.Project.Path, AgentID: row.ID, Agent: row.Name, CanManage: row.Project.Access.CanManage(),
		Archived: row.Project.Archived, Receptive: row.Receptive, Status: row.Status, LastUsedAt: known(row.LastContact), Attention: append([]agent.Rule{}, row.Due...),
		Config: configOf(row), exportedVersions: exportVersions(row),
	}
	if !row.TokensRead() {
		return exported
	}
	exported.ActiveTokens, exported.Tokens = &row.TokenCount, []exportedToken{}
	for _, token := range row.Tokens {
		exported.Tokens = append(exported.Tokens, exportedToken{
			ID: token.ID, Name: token.Name, CreatedAt: token.CreatedAt.UTC(), LastUsedAt: known(token.LastUsedAt), CreatorAccount: accountOf(token.CreatedBy),
		})
	}
	return exported
}

// configOf is what is known of the agent's configuration file, nil for nothing.
func configOf(row fleet.Row) *agent.ConfigState {
	if row.Config == agent.ConfigUnknown {
		return nil
	}
	return &row.Config
}

// accountOf is the state of an account, nil where it is not known.
func accountOf(person agent.Person) *agent.Account {
	if person.Account == agent.AccountUnknown {
		return nil
	}
	return &person.Account
}

// known is t in UTC, nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
