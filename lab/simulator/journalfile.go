package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
)

// The journal file: a header line, then one line per Flush.
//
//	{"format":1,"instance_uuid":"…"}
//	{"o":[{"r":"VirtualMachine:vm-12","f":{"Config":{"v":…}}}],"d":["Folder:group-9"],"n":57}
//
// r is an object (or "@tag/…"), f its changed fields, null for an emptied one,
// d what is gone, n the number given to the newest object.

const journalFormat = 1

type journalHeader struct {
	Format       int    `json:"format"`
	InstanceUUID string `json:"instance_uuid"`
}

type storedObject map[string]json.RawMessage

type journalLine struct {
	Objects []struct {
		Ref    string       `json:"r"`
		Fields storedObject `json:"f"`
	} `json:"o"`
	Deleted []string `json:"d"`
	Serial  int64    `json:"n"`
}

// journalState is what a journal says when it is read to its end.
type journalState struct {
	objects map[string]storedObject
	serial  int64
	length  int64 // bytes up to the last complete line
}

// readJournal reads at most limit bytes (0: all). A torn last line is left out;
// a broken line before that is an error.
func readJournal(path, instance string, limit int64) (*journalState, error) {
	state := &journalState{objects: map[string]storedObject{}}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var source io.Reader = file
	if limit > 0 {
		source = io.LimitReader(file, limit)
	}
	reader := bufio.NewReaderSize(source, 1<<20)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			if len(text) > 0 {
				log.Printf("journal %s: the last line (%d) is torn and left out; no client was told of it", path, number)
			}
			return state, nil
		}
		if err != nil {
			return nil, err
		}
		if number == 1 {
			err = checkHeader(text, instance)
		} else {
			err = state.apply(text)
		}
		if err != nil {
			return nil, fmt.Errorf("journal %s line %d: %w", path, number, err)
		}
		state.length += int64(len(text))
	}
}

func checkHeader(text []byte, instance string) error {
	var header journalHeader
	if err := json.Unmarshal(text, &header); err != nil {
		return err
	}
	if header.Format != journalFormat {
		return fmt.Errorf("format %d, this program writes %d: run make lab-down and start anew", header.Format, journalFormat)
	}
	if header.InstanceUUID != instance {
		return fmt.Errorf("it belongs to vCenter %s, not %s: run make lab-down and start anew", header.InstanceUUID, instance)
	}
	return nil
}

func (s *journalState) apply(text []byte) error {
	var line journalLine
	if err := json.Unmarshal(text, &line); err != nil {
		return err
	}
	for _, record := range line.Objects {
		stored := s.objects[record.Ref]
		if stored == nil {
			stored = storedObject{}
			s.objects[record.Ref] = stored
		}
		for name, value := range record.Fields {
			if bytes.Equal(value, []byte("null")) {
				delete(stored, name)
			} else {
				stored[name] = value
			}
		}
	}
	for _, ref := range line.Deleted {
		delete(s.objects, ref)
	}
	s.serial = max(s.serial, line.Serial)
	return nil
}

// write stores a state as a fresh journal: one line per object.
func (s *journalState) write(path, instance string) (int64, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	writer := bufio.NewWriterSize(file, 1<<20)
	size, err := s.writeTo(writer, instance)
	return size, errors.Join(err, writer.Flush(), file.Close())
}

func (s *journalState) writeTo(writer io.Writer, instance string) (int64, error) {
	header, err := json.Marshal(journalHeader{journalFormat, instance})
	if err != nil {
		return 0, err
	}
	count, err := writer.Write(append(header, '\n'))
	size := int64(count)
	if err != nil {
		return size, err
	}
	keys := make([]string, 0, len(s.objects))
	for key := range s.objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		var line bytes.Buffer
		line.WriteString(`{"o":[`)
		writeRecord(&line, key, s.objects[key].text(), false)
		line.WriteString(`],"n":` + strconv.FormatInt(s.serial, 10) + "}\n")
		count, err := writer.Write(line.Bytes())
		size += int64(count)
		if err != nil {
			return size, err
		}
	}
	return size, nil
}

func (o storedObject) text() []byte {
	names := make([]string, 0, len(o))
	for name := range o {
		names = append(names, name)
	}
	slices.Sort(names)
	text := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, strconv.Quote(name)+":"...)
		text = append(text, o[name]...)
	}
	return append(text, '}')
}
