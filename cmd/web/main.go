// Command web runs the GitLab Agent Portal. All settings come from the environment; the README
// lists them. With --demo it needs none.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"gitlab-agent-portal/internal/portal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	environ := os.Environ()
	if err := portal.Run(ctx, os.Args[1:], environ, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
