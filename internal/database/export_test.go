package database

// MigrationCount is the number of schema versions that Open applies.
func MigrationCount() int {
	entries, err := migrationFiles.ReadDir("migrations")
	if err != nil {
		panic(err)
	}
	return len(entries)
}
