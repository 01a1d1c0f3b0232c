package main

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A disk travels as a stream-optimized VMDK, as ExportSnapshot of a real
// vCenter sends it: only grains that hold something, each compressed, with the
// tables behind them. (VMware Virtual Disk Format 5.0, section "Stream-Optimized
// Compressed Sparse Extents".)

const (
	sectorBytes  = 512
	grainSectors = 128
	grainBytes   = grainSectors * sectorBytes
	tableEntries = 512
	vmdkMagic    = 0x564d444b // "KDMV"
	streamFlags  = 1 | 1<<16 | 1<<17
	directoryEnd = 0xffffffffffffffff // the directory's place stands in the footer

	markerEnd       = 0
	markerTable     = 1
	markerDirectory = 2
	markerFooter    = 3
)

// sparseHeader is the first sector, and the footer.
type sparseHeader struct {
	Magic           uint32
	Version         uint32
	Flags           uint32
	Capacity        uint64 // sectors
	GrainSize       uint64 // sectors
	DescriptorStart uint64
	DescriptorSize  uint64
	TableEntries    uint32
	RedundantStart  uint64
	DirectoryStart  uint64
	Overhead        uint64
	Unclean         byte
	LineEnds        [4]byte
	Compression     uint16
	Padding         [433]byte
}

// streamWriter counts sectors: markers and tables say where others lie.
type streamWriter struct {
	out     *bufio.Writer
	written uint64 // bytes
}

func (w *streamWriter) Write(content []byte) (int, error) {
	n, err := w.out.Write(content)
	w.written += uint64(n)
	return n, err
}

func (w *streamWriter) pad() error {
	if rest := w.written % sectorBytes; rest != 0 {
		_, err := w.Write(make([]byte, sectorBytes-rest))
		return err
	}
	return nil
}

func (w *streamWriter) sector() uint64 { return w.written / sectorBytes }

// marker announces a table, the directory, the footer or the end.
func (w *streamWriter) marker(sectors uint64, kind uint32) error {
	var content [sectorBytes]byte
	binary.LittleEndian.PutUint64(content[0:], sectors)
	binary.LittleEndian.PutUint32(content[12:], kind)
	_, err := w.Write(content[:])
	return err
}

func (w *streamWriter) entries(values []uint32) error {
	if err := binary.Write(w, binary.LittleEndian, values); err != nil {
		return err
	}
	return w.pad()
}

// writeStream sends a raw disk file as a stream-optimized VMDK.
func writeStream(to io.Writer, disk *os.File, name string) error {
	info, err := disk.Stat()
	if err != nil {
		return err
	}
	capacity := (uint64(info.Size()) + grainBytes - 1) / grainBytes * grainSectors
	w := &streamWriter{out: bufio.NewWriterSize(to, 1<<20)}
	descriptor := make([]byte, 20*sectorBytes)
	copy(descriptor, descriptorText(name, capacity))
	header := sparseHeader{
		Magic: vmdkMagic, Version: 3, Flags: streamFlags, Capacity: capacity, GrainSize: grainSectors,
		DescriptorStart: 1, DescriptorSize: 20, TableEntries: tableEntries, DirectoryStart: directoryEnd,
		Overhead: grainSectors, LineEnds: [4]byte{'\n', ' ', '\r', '\n'}, Compression: 1,
	}
	if err := binary.Write(w, binary.LittleEndian, &header); err != nil {
		return err
	}
	if _, err := w.Write(descriptor); err != nil {
		return err
	}
	if _, err := w.Write(make([]byte, grainBytes-w.written)); err != nil {
		return err
	}
	if header.DirectoryStart, err = w.grains(disk, capacity); err != nil {
		return err
	}
	if err := w.marker(1, markerFooter); err != nil {
		return err
	}
	if err := binary.Write(w, binary.LittleEndian, &header); err != nil {
		return err
	}
	if err := w.marker(0, markerEnd); err != nil {
		return err
	}
	return w.out.Flush()
}

// grains writes every grain that is not empty, a table after each 512 of them,
// and the directory; it gives the directory's sector.
func (w *streamWriter) grains(disk *os.File, capacity uint64) (uint64, error) {
	tables := (capacity/grainSectors + tableEntries - 1) / tableEntries
	directory := make([]uint32, tables)
	holes := holeReader{file: disk}
	grain := make([]byte, grainBytes)
	for number := range tables {
		table := make([]uint32, tableEntries)
		used := false
		for entry := range uint64(tableEntries) {
			position := (number*tableEntries + entry) * grainSectors
			if position >= capacity || holes.empty(int64(position*sectorBytes), grainBytes) {
				continue
			}
			filled, err := readGrain(disk, int64(position*sectorBytes), grain)
			if err != nil {
				return 0, err
			}
			if !filled {
				continue
			}
			table[entry], used = uint32(w.sector()), true
			if err := w.grain(position, grain); err != nil {
				return 0, err
			}
		}
		if !used {
			continue
		}
		if err := w.marker(tableEntries*4/sectorBytes, markerTable); err != nil {
			return 0, err
		}
		directory[number] = uint32(w.sector())
		if err := w.entries(table); err != nil {
			return 0, err
		}
	}
	if err := w.marker((tables*4+sectorBytes-1)/sectorBytes, markerDirectory); err != nil {
		return 0, err
	}
	start := w.sector()
	return start, w.entries(directory)
}

func (w *streamWriter) grain(position uint64, content []byte) error {
	var packed bytes.Buffer
	compressor, err := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := compressor.Write(content); err != nil {
		return err
	}
	if err := compressor.Close(); err != nil {
		return err
	}
	var head [12]byte
	binary.LittleEndian.PutUint64(head[0:], position)
	binary.LittleEndian.PutUint32(head[8:], uint32(packed.Len()))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	if _, err := w.Write(packed.Bytes()); err != nil {
		return err
	}
	return w.pad()
}

// readGrain reads one grain, filled with zeros behind the end of the file, and
// tells whether anything in it is not zero.
func readGrain(disk *os.File, offset int64, into []byte) (bool, error) {
	n, err := disk.ReadAt(into, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	clear(into[n:])
	return len(bytes.TrimLeft(into[:n], "\x00")) > 0, nil
}

// holeReader asks the file system where a sparse file holds nothing, once per hole.
type holeReader struct {
	file     *os.File
	from, to int64 // a known stretch of data
}

const (
	seekData = 3
	seekHole = 4
)

// empty tells whether a stretch lies in a hole. Where the file system cannot tell, nothing does.
func (h *holeReader) empty(offset, length int64) bool {
	if offset+length > h.from && offset < h.to {
		return false
	}
	if offset+length <= h.from {
		return true // before the next data
	}
	from, err := h.file.Seek(offset, seekData)
	if err != nil { // no data behind
		h.from, h.to = 1<<62, 1<<62
		return true
	}
	to, err := h.file.Seek(from, seekHole)
	if err != nil {
		to = from + length
	}
	h.from, h.to = from, to
	return offset+length <= from
}

func descriptorText(name string, capacity uint64) string {
	return fmt.Sprintf(`# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="streamOptimized"

RW %d SPARSE "%s"

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "%d"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.virtualHWVersion = "19"
`, capacity, name, capacity/255/63)
}

// readStream writes what a stream holds into a raw disk file: a stream-optimized
// VMDK is unpacked, anything else is taken as the raw content.
func readStream(from io.Reader, disk *os.File) error {
	reader := bufio.NewReaderSize(from, 1<<20)
	start, err := reader.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(start) < 4 || binary.LittleEndian.Uint32(start) != vmdkMagic {
		_, err := io.Copy(disk, reader)
		return err
	}
	var header sparseHeader
	if err := binary.Read(reader, binary.LittleEndian, &header); err != nil {
		return err
	}
	if header.Flags&(1<<16) == 0 || header.Compression != 1 || header.GrainSize == 0 || header.Overhead == 0 {
		return fmt.Errorf("the VMDK is not stream-optimized")
	}
	if _, err := reader.Discard(int(header.Overhead*sectorBytes) - sectorBytes); err != nil {
		return err
	}
	if err := disk.Truncate(int64(header.Capacity * sectorBytes)); err != nil {
		return err
	}
	for {
		ended, err := readPart(reader, disk, &header)
		if ended || err != nil {
			return err
		}
	}
}

// readPart reads one grain or skips one table; it tells whether the end has come.
func readPart(reader *bufio.Reader, disk *os.File, header *sparseHeader) (bool, error) {
	var head [16]byte
	if _, err := io.ReadFull(reader, head[:12]); err != nil {
		return false, fmt.Errorf("the stream is cut off: %w", err)
	}
	value, size := binary.LittleEndian.Uint64(head[0:]), binary.LittleEndian.Uint32(head[8:])
	if size == 0 {
		rest := make([]byte, sectorBytes-12)
		if _, err := io.ReadFull(reader, rest); err != nil {
			return false, fmt.Errorf("the stream is cut off: %w", err)
		}
		if binary.LittleEndian.Uint32(rest) == markerEnd && value == 0 {
			return true, nil
		}
		_, err := io.CopyN(io.Discard, reader, int64(value*sectorBytes))
		return false, err
	}
	if value >= header.Capacity || size > 4*grainBytes {
		return false, fmt.Errorf("the stream is damaged: a grain of %d bytes at sector %d", size, value)
	}
	packed := make([]byte, size)
	if _, err := io.ReadFull(reader, packed); err != nil {
		return false, fmt.Errorf("the stream is cut off: %w", err)
	}
	if rest := (12 + int(size)) % sectorBytes; rest != 0 {
		if _, err := reader.Discard(sectorBytes - rest); err != nil {
			return false, err
		}
	}
	unpacked, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return false, err
	}
	content, err := io.ReadAll(io.LimitReader(unpacked, int64(header.GrainSize*sectorBytes)))
	if err != nil {
		return false, err
	}
	_, err = disk.WriteAt(content, int64(value*sectorBytes))
	return false, err
}
