package portal

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// ignoreHangups keeps the portal alive when it is sent SIGHUP, which many daemons take for "read your
// settings anew", until the returned function is called. A portal is changed by starting it anew: its
// replicas follow one another, and none of them works with half of the new settings.
func ignoreHangups(ctx context.Context, log *slog.Logger) (end func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			log.WarnContext(ctx, "SIGHUP changes nothing: settings, keys and certificates are read at the start")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}
