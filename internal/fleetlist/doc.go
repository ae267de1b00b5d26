// Package fleetlist decides what the fleet page shows of many agents: it reads the query string,
// filters, sorts and pages rows, and counts what each filter would leave. It is pure: plain
// structs in, plain structs out.
package fleetlist
