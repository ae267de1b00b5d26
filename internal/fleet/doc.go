// Package fleet decides what is shown of all agents of all projects of a person: it judges the
// agents of a snapshot, reads the query string, filters, sorts and pages rows, counts what each
// filter would leave, and draws them. It is pure; package scan reads the snapshots.
package fleet
