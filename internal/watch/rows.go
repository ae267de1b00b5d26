package watch

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab-agent-portal/internal/database"
	"gitlab-agent-portal/internal/watch/rules"
)

const columns = `agent_id, project_id, project_path, agent_name, status, status_since, last_contact, tokens, pending, first_seen, gone_at`

func scanState(rows *sql.Rows) (rules.State, error) {
	var s rules.State
	var since, contact, first, gone int64
	var tokens, pending string
	if err := rows.Scan(&s.AgentID, &s.ProjectID, &s.ProjectPath, &s.AgentName, &s.Status, &since, &contact, &tokens, &pending, &first, &gone); err != nil {
		return s, err
	}
	s.StatusSince, s.LastContact, s.FirstSeen, s.GoneAt = database.TimeOrZero(since), database.TimeOrZero(contact), database.TimeOrZero(first), database.TimeOrZero(gone)
	for field := range strings.FieldsSeq(tokens) {
		id, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return s, fmt.Errorf("the tokens of agent %d: %w", s.AgentID, err)
		}
		s.Tokens = append(s.Tokens, id)
	}
	var err error
	s.Pending, err = parsePending(pending)
	return s, err
}

// appendRow adds a row of columns with its places.
func appendRow(rows []string, args []any, instance int64, s rules.State) ([]string, []any) {
	values := []any{
		instance, s.AgentID, s.ProjectID, s.ProjectPath, s.AgentName, string(s.Status), database.MicroOrZero(s.StatusSince), database.MicroOrZero(s.LastContact),
		tokenText(s.Tokens), pendingText(s.Pending), database.MicroOrZero(s.FirstSeen), database.MicroOrZero(s.GoneAt),
	}
	places := make([]string, len(values))
	for i := range values {
		places[i] = "$" + strconv.Itoa(len(args)+i+1)
	}
	return append(rows, "("+strings.Join(places, ", ")+")"), append(args, values...)
}

func tokenText(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, " ")
}

// pendingText is empty for nothing, and otherwise the marks with their times in microseconds.
func pendingText(pending map[rules.Mark]time.Time) string {
	if len(pending) == 0 {
		return ""
	}
	times := make(map[rules.Mark]int64, len(pending))
	for mark, at := range pending {
		times[mark] = at.UnixMicro()
	}
	text, _ := json.Marshal(times) // numbers by name: nothing can fail
	return string(text)
}

func parsePending(text string) (map[rules.Mark]time.Time, error) {
	if text == "" {
		return nil, nil
	}
	var times map[rules.Mark]int64
	if err := json.Unmarshal([]byte(text), &times); err != nil {
		return nil, errors.Join(errors.New("what is pending cannot be read"), err)
	}
	pending := make(map[rules.Mark]time.Time, len(times))
	for mark, at := range times {
		pending[mark] = time.UnixMicro(at).UTC()
	}
	return pending, nil
}
