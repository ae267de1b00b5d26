package csvsafe_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"gitlab-agent-portal/internal/csvsafe"
)

func TestCell(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"an ordinary name stays":                  {"prod-eu-1", "prod-eu-1"},
		"signs within a text stay":                {"a=b, 1+1 <me@example.org>", "a=b, 1+1 <me@example.org>"},
		"nothing stays nothing":                   {"", ""},
		"a formula":                               {`=HYPERLINK("https://evil.example")`, `'=HYPERLINK("https://evil.example")`},
		"a plus":                                  {"+1", "'+1"},
		"a minus":                                 {"-1", "'-1"},
		"an at sign":                              {"@SUM(1)", "'@SUM(1)"},
		"a tab":                                   {"\tx", "'\tx"},
		"a carriage return":                       {"\rx", "'\rx"},
		"a line feed":                             {"\nx", "'\nx"},
		"a formula behind a tab":                  {"\t=1", "'\t'=1"},
		"a formula behind spaces":                 {"  =1", "  '=1"},
		"a formula behind a zero byte":            {"\x00=1", "\x00'=1"},
		"a formula behind a direction mark":       {"\u202e=1", "\u202e'=1"},
		"a formula behind a byte order mark":      {"\ufeff=1", "\ufeff'=1"},
		"a formula behind a no-break space":       {"\u00a0=1", "\u00a0'=1"},
		"a formula in full width":                 {"＝1", "'＝1"},
		"a formula behind a semicolon":            {"a;=1", "a;'=1"},
		"a quoted formula behind a semicolon":     {`a;"=1`, `a;"'=1`},
		"a formula on a line of its own":          {"a\r\n=1", "a\r\n'=1"},
		"bytes that are not UTF-8":                {"a\xff", "a�"},
		"a formula behind bytes that are no text": {"\xff=1", "�=1"},
		"Chinese text":                            {"生产环境", "生产环境"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := csvsafe.Cell(test.text); got != test.want {
				t.Errorf("Cell(%q) = %q, want %q", test.text, got, test.want)
			}
		})
	}
}

func TestWriterMakesEveryCellSafe(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w := csvsafe.NewWriter(&file, false)
	for _, row := range [][]string{{"name", "note"}, {"=1", `says "hi", twice`}} {
		if err := w.Write(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := file.String(), "name,note\r\n'=1,\"says \"\"hi\"\", twice\"\r\n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

// FuzzCell looks for a text that starts a formula in any reader's cell: one that takes commas
// and one that splits at semicolons, tabs and line ends without a thought for quotes.
func FuzzCell(f *testing.F) {
	for _, seed := range []string{"", "prod", "=1", "\t=1", "\r-1", " @x", ";+1", "a\n\"=1", "\x00＝1", "\xff", "';=1", "\ufeff@", "a,=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cell := csvsafe.Cell(text)
		if !utf8.ValidString(cell) {
			t.Errorf("Cell(%q) = %q is not UTF-8", text, cell)
		}
		if again := csvsafe.Cell(cell); again != cell {
			t.Errorf("Cell(%q) = %q, and of that %q", text, cell, again)
		}
		bare := func(s string) string { return strings.ReplaceAll(s, "'", "") }
		if bare(cell) != bare(strings.ToValidUTF8(text, "�")) {
			t.Errorf("Cell(%q) = %q changes more than apostrophes", text, cell)
		}
		for _, part := range strings.FieldsFunc(cell, func(c rune) bool { return strings.ContainsRune(";\t\r\n", c) }) {
			if startsFormula(part) {
				t.Errorf("Cell(%q) = %q starts a formula with %q", text, cell, part)
			}
		}
		if cell != "" && strings.ContainsRune("\t\r\n", rune(cell[0])) {
			t.Errorf("Cell(%q) = %q starts with white space that spreadsheets drop", text, cell)
		}
		// Line ends within a cell are the file's own: carriage returns come and go.
		if got, want := readBack(t, text), strings.ReplaceAll(cell, "\r", ""); got != want {
			t.Errorf("a reader of commas finds %q, want %q", got, want)
		}
	})
}

// startsFormula reports whether part, without what readers may pass over, starts a formula.
func startsFormula(part string) bool {
	part = strings.TrimLeftFunc(part, func(c rune) bool {
		return c == '"' || unicode.In(c, unicode.C, unicode.Z)
	})
	c, _ := utf8.DecodeRuneInString(part)
	return part != "" && strings.ContainsRune("=+-@＝＋－＠", c)
}

// readBack is what encoding/csv reads where text was written between two other cells.
func readBack(t *testing.T, text string) string {
	t.Helper()
	var file bytes.Buffer
	w := csvsafe.NewWriter(&file, false)
	if err := w.Write("before", text, "after"); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	row, err := csv.NewReader(&file).Read()
	if err != nil || len(row) != 3 {
		t.Fatalf("reading %q: %q, %v", file.String(), row, err)
	}
	return row[1]
}

func TestAFileWithAMarkBeginsWithIt(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w := csvsafe.NewWriter(&file, true)
	for range 2 {
		if err := w.Write("名称"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || file.String() != "\xef\xbb\xbf名称\r\n名称\r\n" {
		t.Errorf("wrote %q, %v", file.String(), err)
	}
}
