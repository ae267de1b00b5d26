package handlers

import (
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"gitlab-agent-portal/views"
)

const (
	// diffContext is how many lines are shown around what changed.
	diffContext = 3
	// maxDiffLines is how many lines of a difference are shown.
	maxDiffLines = 400
)

// difference is what changed from one text to another, line by line; more is how many lines are left
// out.
func difference(before, after string) (lines []views.DiffLine, more int) {
	diff, err := udiff.ToUnifiedDiff("", "", before, udiff.Lines(before, after), diffContext)
	if err != nil {
		return nil, 0 // only for edits that do not fit the text
	}
	for i, hunk := range diff.Hunks {
		if i > 0 {
			lines = append(lines, views.DiffLine{Kind: views.DiffGap})
		}
		lines = append(lines, hunkLines(hunk)...)
	}
	if len(lines) > maxDiffLines {
		return lines[:maxDiffLines], len(lines) - maxDiffLines
	}
	return lines, 0
}

func hunkLines(hunk *udiff.Hunk) []views.DiffLine {
	var lines []views.DiffLine
	before, after := hunk.FromLine, hunk.ToLine
	for _, line := range hunk.Lines {
		shown := views.DiffLine{Kind: views.DiffSame, Text: strings.TrimSuffix(line.Content, "\n"), Old: before, New: after}
		switch line.Kind {
		case udiff.Insert:
			shown.Kind, shown.Old = views.DiffAdded, 0
			after++
		case udiff.Delete:
			shown.Kind, shown.New = views.DiffRemoved, 0
			before++
		default:
			before++
			after++
		}
		lines = append(lines, shown)
	}
	return lines
}
