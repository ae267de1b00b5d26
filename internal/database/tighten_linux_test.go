package database

import (
	"strings"
	"testing"
)

// TestAFileThatCannotBeMadePrivateIsRefusedInWords takes a file whose rights nobody may change, not
// even root, under whom tests run in containers.
func TestAFileThatCannotBeMadePrivateIsRefusedInWords(t *testing.T) {
	t.Parallel()
	err := tighten("/proc/self/stat")
	if err == nil || !strings.Contains(err.Error(), "stat is open to others than its owner") || !strings.Contains(err.Error(), "with mode 600") {
		t.Errorf("tighten = %v, want a sentence that says what to do", err)
	}
}
