package history_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"gitlab-agent-portal/internal/agent"
	"gitlab-agent-portal/internal/history"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

// start is when the times of these tests begin.
func start() time.Time { return time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC) }

func at(after time.Duration) time.Time { return start().Add(after) }

func noted(after time.Duration, kind history.Kind) history.Transition {
	return history.Transition{AgentID: 1, At: at(after), Kind: kind}
}

// seen is an agent that the watch sees from the first day to the tenth.
func seen(transitions ...history.Transition) history.Record {
	return history.Record{AgentID: 1, FirstSeen: at(day), ReadAt: at(10 * day), Transitions: transitions}
}

// drawn writes spans as hours and states: "0-24 unknown".
func drawn(spans []history.Span) []string {
	list := []string{}
	for _, s := range spans {
		list = append(list, fmt.Sprintf("%v-%v %v", s.From.Sub(start()).Hours(), s.Until.Sub(start()).Hours(), s.State))
	}
	return list
}

func TestSpansSayWhatWasKnownOfAnAgent(t *testing.T) {
	t.Parallel()
	gone := seen(noted(day, history.Connected), noted(3*day, history.Gone))
	gone.GoneAt = at(3 * day)
	cutOff := seen(noted(day, history.Connected))
	cutOff.GoneAt = at(2 * day)
	late := seen(noted(day, history.Connected), noted(10*day+hour, history.NotConnected))
	asRead := seen()
	asRead.Status, asRead.StatusSince = agent.StatusConnected, at(-30*day)
	never := seen(noted(day, history.Registered))
	never.Status, never.StatusSince = agent.StatusNeverConnected, at(day)
	for name, tt := range map[string]struct {
		record   history.Record
		from, to time.Duration
		want     []string
	}{
		"nothing noted":                   {seen(), 0, 2 * day, []string{"0-48 unknown"}},
		"before the watch began":          {seen(noted(-day, history.Connected)), 0, 2 * day, []string{"0-24 unknown", "24-48 connected"}},
		"after it read last":              {seen(noted(day, history.Connected)), 9 * day, 11 * day, []string{"216-240 connected", "240-264 unknown"}},
		"noted by a reading under way":    {late, 10 * day, 10*day + 2*hour, []string{"240-241 connected", "241-242 unknown"}},
		"an outage":                       {seen(noted(day, history.Connected), noted(2*day, history.NotConnected), noted(2*day+hour, history.Connected)), day, 3 * day, []string{"24-48 connected", "48-49 not_connected", "49-72 connected"}},
		"the state in which it begins":    {seen(noted(day, history.NotConnected)), 3 * day, 4 * day, []string{"72-96 not_connected"}},
		"told twice":                      {seen(noted(day, history.Connected), noted(2*day, history.Connected)), day, 3 * day, []string{"24-72 connected"}},
		"GitLab did not tell":             {seen(noted(day, history.Connected), noted(2*day, history.Unknown)), day, 3 * day, []string{"24-48 connected", "48-72 unknown"}},
		"gone":                            {gone, 2 * day, 4 * day, []string{"48-72 connected", "72-96 unknown"}},
		"gone, but that was not noted":    {cutOff, day, 3 * day, []string{"24-48 connected", "48-72 unknown"}},
		"unchanged for longer than kept":  {asRead, 2 * day, 3 * day, []string{"48-72 connected"}},
		"never connected":                 {never, day, 2 * day, []string{"24-48 unknown"}},
		"tokens change no connection":     {seen(noted(day, history.Connected), noted(2*day, history.TokenCreated), noted(3*day, history.TokenRevoked)), day, 4 * day, []string{"24-96 connected"}},
		"no time":                         {seen(noted(day, history.Connected)), 2 * day, 2 * day, []string{}},
		"time that runs backwards":        {seen(noted(day, history.Connected)), 3 * day, 2 * day, []string{}},
		"what comes after does not count": {seen(noted(day, history.Connected), noted(5*day, history.NotConnected)), 2 * day, 3 * day, []string{"48-72 connected"}},
	} {
		if diff := cmp.Diff(tt.want, drawn(tt.record.Spans(at(tt.from), at(tt.to)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// randomRecord is an agent to which anything may have happened.
func randomRecord(r *rand.Rand) history.Record {
	kinds := []history.Kind{history.Connected, history.NotConnected, history.Registered, history.Gone, history.TokenCreated, history.TokenRevoked, history.Unknown}
	record := history.Record{FirstSeen: at(time.Duration(r.Int64N(int64(20 * day)))), ReadAt: at(time.Duration(r.Int64N(int64(40 * day))))}
	after := -10 * day
	for range r.IntN(30) {
		after += time.Duration(r.Int64N(int64(3 * day)))
		if r.IntN(5) == 0 {
			after = after.Truncate(day) // so that times fall together
		}
		record.Transitions = append(record.Transitions, noted(after, kinds[r.IntN(len(kinds))]))
	}
	slices.SortStableFunc(record.Transitions, func(a, b history.Transition) int { return a.At.Compare(b.At) })
	if r.IntN(3) == 0 {
		record.GoneAt = at(time.Duration(r.Int64N(int64(30 * day))))
	}
	record.Status, record.StatusSince = agent.Statuses()[r.IntN(4)], at(-time.Duration(r.Int64N(int64(40*day))))
	return record
}

// plainly is the state at one moment, by looking at everything.
func plainly(r history.Record, moment time.Time) history.State {
	last := r.ReadAt
	state, isNoted := history.StateUnknown, false
	for _, one := range r.Transitions {
		if one.At.After(last) {
			last = one.At
		}
		if !one.Kind.OfConnection() {
			continue
		}
		isNoted = true
		if !one.At.After(moment) {
			state = map[history.Kind]history.State{history.Connected: history.StateConnected, history.NotConnected: history.StateNotConnected}[one.Kind]
		}
	}
	if !isNoted && !moment.Before(r.StatusSince) {
		state = history.StateOf(r.Status)
	}
	if moment.Before(r.FirstSeen) || !moment.Before(last) || !r.GoneAt.IsZero() && !moment.Before(r.GoneAt) {
		return history.StateUnknown
	}
	return state
}

func TestSpansCoverTheTimeExactlyWhateverHappened(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(16, 4))
	for round := range 3000 {
		record := randomRecord(random)
		from := at(time.Duration(random.Int64N(int64(20 * day))))
		to := from.Add(time.Duration(random.Int64N(int64(20*day))) + 1)
		spans := record.Spans(from, to)
		until := from
		for i, span := range spans {
			if !span.From.Equal(until) || !span.Until.After(span.From) {
				t.Fatalf("round %d: a gap, or a span of no length: %v", round, drawn(spans))
			}
			if i > 0 && spans[i-1].State == span.State {
				t.Fatalf("round %d: two neighbours are alike: %v", round, drawn(spans))
			}
			for _, moment := range []time.Time{span.From, span.Until.Add(-1), span.From.Add(time.Duration(random.Int64N(int64(span.Length()))))} {
				if want := plainly(record, moment); span.State != want {
					t.Fatalf("round %d: at %v the agent is %v, want %v: %v", round, moment.Sub(start()).Hours(), span.State, want, drawn(spans))
				}
			}
			until = span.Until
		}
		if !until.Equal(to) {
			t.Fatalf("round %d: the spans end at %v, want %v", round, until, to)
		}
		sums := history.Sum(spans)
		if whole := sums.Connected + sums.NotConnected + sums.Unknown; whole != to.Sub(from) {
			t.Fatalf("round %d: the states last %v together, want %v", round, whole, to.Sub(from))
		}
	}
}

func TestAvailabilityIsRoundedButNeverHidesAnOutage(t *testing.T) {
	t.Parallel()
	share := func(n history.Share) *history.Share { return &n }
	for name, tt := range map[string]struct {
		sums history.Sums
		want *history.Share
	}{
		"nothing known":       {history.Sums{Unknown: day}, nil},
		"no outage":           {history.Sums{Connected: day, Unknown: day}, share(history.Whole)},
		"half":                {history.Sums{Connected: day, NotConnected: day}, share(5000)},
		"rounded":             {history.Sums{Connected: 2 * day, NotConnected: day}, share(6667)},
		"a second in 90 days": {history.Sums{Connected: 90 * day, NotConnected: time.Second}, share(9999)},
		"no contact":          {history.Sums{NotConnected: day}, share(0)},
		"a second of contact": {history.Sums{Connected: time.Second, NotConnected: 90 * day}, share(1)},
	} {
		if diff := cmp.Diff(tt.want, tt.sums.Availability()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestThePresentStateLastsSinceItBegan(t *testing.T) {
	t.Parallel()
	gone := seen(noted(day, history.Connected))
	gone.GoneAt = at(3 * day)
	for name, tt := range map[string]struct {
		record history.Record
		want   history.Present
	}{
		"nothing known":      {seen(), history.Present{}},
		"gone":               {gone, history.Present{}},
		"an outage":          {seen(noted(day, history.Connected), noted(3*day, history.NotConnected)), history.Present{State: history.StateNotConnected, Since: at(3 * day)}},
		"told twice":         {seen(noted(2*day, history.Connected), noted(3*day, history.Connected)), history.Present{State: history.StateConnected, Since: at(2 * day)}},
		"before it was seen": {seen(noted(-day, history.Connected)), history.Present{State: history.StateConnected, Since: at(day), AtLeast: true}},
	} {
		if diff := cmp.Diff(tt.want, tt.record.Present()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCellsShowEveryOutage(t *testing.T) {
	t.Parallel()
	record := seen(noted(day, history.Connected), noted(2*day, history.NotConnected), noted(2*day+time.Minute, history.Connected), noted(3*day, history.Unknown))
	var got []string
	for _, state := range history.Cells(record.Spans(at(0), at(4*day)), at(0), at(4*day), 8) {
		got = append(got, state.String())
	}
	if diff := cmp.Diff([]string{"unknown", "unknown", "connected", "connected", "not_connected", "connected", "unknown", "unknown"}, got); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
	if got := history.Cells(nil, at(0), at(0), 2); !cmp.Equal(got, make([]history.State, 2)) {
		t.Errorf("the cells of no time are %v", got)
	}
}

func TestCountsTellTheWorstMoment(t *testing.T) {
	t.Parallel()
	up := seen(noted(day, history.Connected))
	flaps := seen(noted(day, history.Connected), noted(2*day+hour, history.NotConnected), noted(2*day+2*hour, history.Connected))
	late := seen(noted(3*day, history.NotConnected))
	onTime := seen(noted(day, history.Connected), noted(36*hour, history.NotConnected), noted(2*day, history.Connected))
	var got []string
	for _, c := range history.Counts([]history.Record{up, flaps, late, onTime}, at(0), at(4*day), 4) {
		got = append(got, fmt.Sprintf("%v-%v: %d of %d at %v", c.From.Sub(start()).Hours(), c.Until.Sub(start()).Hours(), c.Connected, c.Known, c.At.Sub(start()).Hours()))
	}
	want := []string{"0-24: 0 of 0 at 0", "24-48: 2 of 3 at 36", "48-72: 2 of 3 at 49", "72-96: 3 of 4 at 72"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// TestCountsAreThoseOfLookingAtEachMoment compares with a count by hand.
func TestCountsAreThoseOfLookingAtEachMoment(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(16, 5))
	for round := range 100 {
		var records []history.Record
		for range random.IntN(8) {
			records = append(records, randomRecord(random))
		}
		for _, c := range history.Counts(records, at(0), at(30*day), 60) {
			moment := c.From.Add(time.Duration(random.Int64N(int64(c.Until.Sub(c.From)))))
			missing := 0
			for _, record := range records {
				if plainly(record, moment) == history.StateNotConnected {
					missing++
				}
			}
			if missing > c.Known-c.Connected || c.Known > len(records) || c.Connected < 0 || c.Connected > c.Known {
				t.Fatalf("round %d: %+v, but %d of %d are missing", round, c, missing, len(records))
			}
		}
	}
}
