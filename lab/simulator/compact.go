package main

import (
	"fmt"
	"io"
	"log"
	"os"
)

// A journal is written anew when it has grown to several times what it holds.
const (
	compactFactor  = 4
	compactMinimum = 64 << 20
)

// Open starts a fresh file that holds the state just loaded; from here on
// Flush appends.
func (j *journal) Open(state *journalState, instance string) error {
	if err := j.replace(state, instance); err != nil {
		return err
	}
	j.instance = instance
	return nil
}

// replace writes the state beside the journal and renames it into place.
func (j *journal) replace(state *journalState, instance string) error {
	fresh := j.path + ".new"
	size, err := state.write(fresh, instance)
	if err != nil {
		return err
	}
	return j.adopt(fresh, size)
}

// adopt makes a complete file the journal.
func (j *journal) adopt(fresh string, size int64) error {
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if err := os.Rename(fresh, j.path); err != nil {
		return err
	}
	if j.file != nil {
		if err := j.file.Close(); err != nil {
			log.Printf("journal %s: %v", j.path, err)
		}
	}
	j.file, j.size, j.base = file, size, size
	return nil
}

// compactIfLarge starts a compaction beside the calls; the caller holds writing.
func (j *journal) compactIfLarge() {
	if j.compacting || j.size < compactMinimum || j.size < compactFactor*j.base {
		return
	}
	j.compacting = true
	go func(length int64) {
		if err := j.compact(length); err != nil {
			log.Printf("journal %s: not compacted: %v", j.path, err)
		}
	}(j.size)
}

// compact merges the first length bytes without holding anybody up, then adds
// what was appended meanwhile and takes the place of the old file.
func (j *journal) compact(length int64) error {
	defer func() {
		j.writing.Lock()
		j.compacting = false
		j.writing.Unlock()
	}()
	state, err := readJournal(j.path, j.instance, length)
	if err != nil {
		return err
	}
	fresh := j.path + ".new"
	size, err := state.write(fresh, j.instance)
	if err != nil {
		return err
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	tail, err := appendTail(fresh, j.path, length)
	if err != nil {
		return err
	}
	return j.adopt(fresh, size+tail)
}

// appendTail copies what stands behind offset in source to the end of target.
func appendTail(target, source string, offset int64) (int64, error) {
	from, err := os.Open(source)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	if _, err := from.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	into, err := os.OpenFile(target, os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 0, err
	}
	count, err := io.Copy(into, from)
	if closeErr := into.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return count, fmt.Errorf("%s: %w", target, err)
	}
	return count, nil
}
