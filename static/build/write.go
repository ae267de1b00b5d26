package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// write puts the assets into folder under names that hold a hash of their content, each with
// a compressed copy beside it, and the list of the names. What an earlier build left is removed.
func write(folder string, assets map[string][]byte) error {
	if err := clean(folder); err != nil {
		return err
	}
	manifest := make(map[string]string, len(assets))
	for name, content := range assets {
		hashed := hashedName(name, content)
		manifest[name] = hashed
		if err := writeAsset(filepath.Join(folder, hashed), content); err != nil {
			return err
		}
	}
	list, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("listing the assets: %w", err)
	}
	return writeFile(filepath.Join(folder, "manifest.json"), list)
}

// clean removes everything from folder but the hidden file that keeps it in the repository.
func clean(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("looking for earlier assets: %w", err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, entry.Name())); err != nil {
			return fmt.Errorf("removing an earlier asset: %w", err)
		}
	}
	return nil
}

// hashedName puts a hash of the content before the extension: app.css → app.3f9c1a2b4d5e.css.
func hashedName(name string, content []byte) string {
	sum := sha256.Sum256(content)
	extension := filepath.Ext(name)
	return strings.TrimSuffix(name, extension) + "." + hex.EncodeToString(sum[:6]) + extension
}

func writeAsset(path string, content []byte) error {
	if err := writeFile(path, content); err != nil {
		return err
	}
	var compressed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if _, err := zip.Write(content); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	return writeFile(path+".gz", compressed.Bytes())
}

func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("writing an asset: %w", err)
	}
	return nil
}
