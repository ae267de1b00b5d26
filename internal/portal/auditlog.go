package portal

import (
	"context"
	"io"
	"sync"

	"gitlab-agent-portal/internal/audit"
)

// auditToStdout is the value of AUDIT_LOG that means standard output, where the log goes too.
const auditToStdout = "stdout"

// writeAudit makes rows of the audit go where AUDIT_LOG says, and returns what ends that. A row that
// cannot be written there refuses nothing: it is in the database.
func (s *server) writeAudit(ctx context.Context, rows *audit.Log, stdout io.Writer) (end func(), err error) {
	out, end := stdout, func() {}
	switch s.cfg.AuditLog {
	case "":
		return end, nil
	case auditToStdout:
	default:
		file, err := audit.OpenFile(s.cfg.AuditLog)
		if err != nil {
			return nil, err
		}
		out, end = file, func() { _ = file.Close() } // every line in it was written
	}
	lines := audit.NewLines(out)
	rows.ObserveFinal(func(event audit.Event) {
		if err := lines.Write(event); err != nil {
			s.metrics.auditLogFailed.Inc()
			s.log.ErrorContext(ctx, "writing to AUDIT_LOG", "row", event.ID, "error", err)
		}
	})
	return end, nil
}

// lineWriter keeps the lines of several writers whole.
type lineWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *lineWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(line)
}
