package portal

import (
	"context"
	"fmt"

	"gitlab-agent-portal/gitlabapi"
	"gitlab-agent-portal/internal/database"
)

// defaultDatabase is where everything is kept unless a setting says otherwise.
const defaultDatabase = "sqlite:portal.db"

// checkDatabase takes the database's URL from its variable or from a file, and its password from
// another file.
func (c *config) checkDatabase(bad *problems) {
	variable := c.databaseVariable()
	switch set := !c.DatabaseURL.IsZero(); {
	case set && c.DatabaseURLFile != "":
		bad.add("DATABASE_URL_FILE", "is set beside DATABASE_URL: unset one of them")
		return
	case c.DatabaseURLFile != "":
		text, ok := bad.readLine("DATABASE_URL_FILE", c.DatabaseURLFile)
		if !ok {
			return
		}
		c.DatabaseURL = gitlabapi.NewSecret(text)
	case !set:
		c.DatabaseURL = gitlabapi.NewSecret(defaultDatabase)
	}
	if err := database.CheckURL(c.DatabaseURL.Reveal()); err != nil {
		bad.add(variable, "is not usable: "+err.Error())
		return
	}
	c.readDatabasePassword(bad)
}

// databaseVariable is the variable that names the database.
func (c *config) databaseVariable() string {
	if c.DatabaseURLFile != "" {
		return "DATABASE_URL_FILE"
	}
	return "DATABASE_URL"
}

func (c *config) readDatabasePassword(bad *problems) {
	const variable = "DATABASE_PASSWORD_FILE"
	if c.DatabasePasswordFile == "" {
		return
	}
	password, ok := bad.readLine(variable, c.DatabasePasswordFile)
	if !ok {
		return
	}
	url, err := database.WithPassword(c.DatabaseURL.Reveal(), password)
	if err != nil {
		bad.add(variable, err.Error())
		return
	}
	c.DatabaseURL = gitlabapi.NewSecret(url)
}

// writeBackup copies the database to a file. It goes by the settings of the database; others may be
// missing.
func writeBackup(ctx context.Context, environ []string, file string) error {
	cfg, bad := parseConfig(environ)
	cfg.checkDatabase(bad)
	if err := bad.of("DATABASE_").err(); err != nil {
		return err
	}
	if err := database.Backup(ctx, cfg.DatabaseURL.Reveal(), file); err != nil {
		return fmt.Errorf("-backup: %w", err)
	}
	return nil
}
