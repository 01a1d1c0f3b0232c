package main

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func sparseDisk(t *testing.T, size int64, pieces map[int64]int) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	source := rand.NewChaCha8([32]byte{1})
	for offset, length := range pieces {
		content := make([]byte, length)
		_, _ = source.Read(content)
		if _, err := file.WriteAt(content, offset); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
	return file
}

func hashOf(t *testing.T, file *os.File) string {
	t.Helper()
	digest := sha256.New()
	if _, err := io.Copy(digest, io.NewSectionReader(file, 0, 1<<40)); err != nil {
		t.Fatal(err)
	}
	return string(digest.Sum(nil))
}

func TestWhatIsSentComesBackAndHolesAreNotSent(t *testing.T) {
	const size = 96 << 20 // more than one table of grains
	disk := sparseDisk(t, size, map[int64]int{0: 5000, 40<<20 + 77: 200_000, size - 10: 10})
	var stream bytes.Buffer
	if err := writeStream(&stream, disk, "x.vmdk"); err != nil {
		t.Fatal(err)
	}
	if stream.Len() > 1<<20 {
		t.Errorf("%d bytes were sent of 205,010 that hold something", stream.Len())
	}
	back := sparseDisk(t, 0, nil)
	if err := readStream(bytes.NewReader(stream.Bytes()), back); err != nil {
		t.Fatal(err)
	}
	if hashOf(t, disk) != hashOf(t, back) {
		t.Error("another content has come back")
	}
}

func TestEmptyDisk(t *testing.T) {
	var stream bytes.Buffer
	if err := writeStream(&stream, sparseDisk(t, 1<<20, nil), "x.vmdk"); err != nil {
		t.Fatal(err)
	}
	back := sparseDisk(t, 0, nil)
	if err := readStream(&stream, back); err != nil {
		t.Fatal(err)
	}
	if info, _ := back.Stat(); info.Size() != 1<<20 {
		t.Errorf("size is %d", info.Size())
	}
}

func TestStreamThatIsCutOffIsRefused(t *testing.T) {
	var stream bytes.Buffer
	if err := writeStream(&stream, sparseDisk(t, 1<<20, map[int64]int{0: 300_000}), "x.vmdk"); err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{100_000, stream.Len() - sectorBytes, stream.Len() - 1} {
		if err := readStream(bytes.NewReader(stream.Bytes()[:length]), sparseDisk(t, 0, nil)); err == nil {
			t.Errorf("%d of %d bytes were taken for the whole", length, stream.Len())
		}
	}
}

func TestOtherBytesAreTakenAsTheRawContent(t *testing.T) {
	back := sparseDisk(t, 0, nil)
	if err := readStream(bytes.NewReader([]byte("raw content")), back); err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(back.Name())
	if string(content) != "raw content" {
		t.Errorf("%q", content)
	}
}
