// Package csvsafe writes CSV that a spreadsheet reads as text, whatever the texts say.
package csvsafe

import (
	"bufio"
	"encoding/csv"
	"io"
	"regexp"
	"strings"
)

// formula is the beginning of what spreadsheets calculate, at the start of a cell: the signs of
// OWASP's "CSV Injection", in both widths, behind anything that a reader may pass over. Where
// the list separator is a semicolon, Excel opens a file of commas with that, and then neither
// semicolons nor line ends within quotes keep a cell together. So cells start there as well.
var formula = regexp.MustCompile(`((?:^|[;\t\r\n])[\s\p{C}\p{Z}"]*)([=+\-@＝＋－＠])`)

// Cell returns text with an apostrophe before everything that a spreadsheet could take for the
// start of a formula, and with the replacement character for bytes that are not UTF-8. It is
// for texts, not for numbers: a minus sign is such a start.
func Cell(text string) string {
	text = formula.ReplaceAllString(strings.ToValidUTF8(text, "�"), "$1'$2")
	if strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r") || strings.HasPrefix(text, "\n") {
		return "'" + text
	}
	return text
}

// byteOrderMark tells spreadsheets that a file is UTF-8.
const byteOrderMark = "\ufeff"

// Writer writes rows of safe cells as RFC 4180 has them, in UTF-8.
type Writer struct{ csv *csv.Writer }

// NewWriter returns a writer to w. It buffers; Flush writes the rest. With mark the file begins with
// a byte order mark, without which Excel takes it for the system's own encoding; programs that
// find the first column by its name want none.
func NewWriter(w io.Writer, mark bool) *Writer {
	buffer := bufio.NewWriter(w)
	if mark {
		_, _ = buffer.WriteString(byteOrderMark) // the first error of any write is Flush's
	}
	writer := csv.NewWriter(buffer) // which writes into the same buffer
	writer.UseCRLF = true
	return &Writer{csv: writer}
}

// Write writes one row, each text through Cell.
func (w *Writer) Write(texts ...string) error {
	cells := make([]string, 0, len(texts))
	for _, text := range texts {
		cells = append(cells, Cell(text))
	}
	return w.csv.Write(cells)
}

// Flush writes what is buffered and returns the first error of any write.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
