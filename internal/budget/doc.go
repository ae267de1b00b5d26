// Package budget holds every allowance: what one person, one visitor's address or all of them may
// use of what they share, so that nobody costs the others. What is counted over replicas is counted
// in the database (Changes), everything else in the process.
package budget

import "time"

// Calls to GitLab that are under way at once: what GitLab has to bear of one replica.
const (
	// readsAtOnce are of pages, and readsPerPerson of one person's.
	readsAtOnce, readsPerPerson = 32, 8
	// changesAtOnce are kept for changes and for ending grants, which never wait for pages.
	changesAtOnce, changesPerPerson = 16, 4
	// renewalsAtOnce are for renewing grants: after a night, everybody's is over.
	renewalsAtOnce = 64
	// signInsAtOnce are for the codes of visitors.
	signInsAtOnce = 8

	// ScansAtOnce are of scans of fleets, which internal/fleet/scan waits for.
	ScansAtOnce = 32
	// ScansPerPerson are of one person's scans.
	ScansPerPerson = 16

	// WatchAtOnce are of the watch, which nobody waits for: it has places of its own, and few, so that it
	// never takes anybody's.
	WatchAtOnce = 4

	// CallsAtOnce is the sum of them.
	CallsAtOnce = readsAtOnce + changesAtOnce + renewalsAtOnce + signInsAtOnce + ScansAtOnce + WatchAtOnce
)

// Requests to the portal. An office of hundreds behind one address signs in within a minute; a
// person who has signed in never pays for their address.
const (
	signInBurst, signInEvery = 600, time.Second / 5 // of an address
	// tokenBurst tokens that nothing is known of are asked about for an address, and one more every tokenEvery:
	// GitLab is to see no more wrong ones from the portal than it bears from anybody.
	tokenBurst, tokenEvery     = 60, 2 * time.Second
	visitorBurst, visitorEvery = 300, time.Second / 2 // POSTs of an address
	personBurst, personEvery   = 120, time.Second / 2 // POSTs of a person
	// pagesAtOnce are made at once, and pagesPerPerson of one person's. More than pageBurst of a
	// person's begin one every pageEvery: what people do by hand never comes to it. The others wait for
	// at most pageWait, which is within the server's time for an answer.
	pagesAtOnce, pagesPerPerson = 512, 8
	pageBurst, pageEvery        = 100, time.Second / 10
	pageWait                    = 30 * time.Second
	// StreamsPerPerson is how many streams of events a person has open at once.
	StreamsPerPerson = 8
)

// Changes at GitLab, over all replicas: far more than people do by hand, and far less than would
// hurt.
const (
	// ChangesPerMinute is what a person has, and at most at once.
	ChangesPerMinute = 20
	changeEvery      = time.Minute / ChangesPerMinute
)

// maxKeys bounds the memory of an allowance: of more people or addresses than this, those that have
// been away for longest start anew, which only ever lets more through.
const maxKeys = 10_000
