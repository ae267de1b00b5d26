package handlers

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // for the description
	"encoding/base64"
	"net/http"
	"time"
)

// openAPIDocument describes what programs may read. Its addresses are relative to its own.
//
//go:embed openapi.json
var openAPIDocument []byte

// openAPI serves the description. It is the same for everybody, and as old as the program.
func (h *Handlers) openAPI(w http.ResponseWriter, r *http.Request) error {
	sum := sha256.Sum256(openAPIDocument)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-cache") // to be asked about before it is used again
	header.Set("ETag", `W/"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(openAPIDocument))
	return nil
}
