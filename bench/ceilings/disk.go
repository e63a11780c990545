package ceilings

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"time"
)

// diskBuffer is the size of one write or read call: large enough that the calls
// themselves cost nothing.
const diskBuffer = 1 << 20

// WriteDisk writes n bytes to a new file in order, 1 MiB at a time, through the page
// cache, and fsyncs it: the time ends when the device has them. The bytes don't compress.
func WriteDisk(ctx context.Context, path string, n int64) (res Result, err error) {
	buffer := make([]byte, diskBuffer)
	_, _ = rand.NewChaCha8([32]byte{}).Read(buffer) // never fails
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	start := time.Now()
	for res.Bytes < n {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		written, err := f.Write(buffer[:min(n-res.Bytes, diskBuffer)])
		if err != nil {
			return res, err
		}
		res.Bytes += int64(written)
	}
	err = f.Sync()
	res.Elapsed = time.Since(start)
	return res, err
}

// ReadDisk reads a file in order, 1 MiB at a time. Nothing is dropped from the page
// cache before: a file that was just written, as the files of a killed store were,
// comes from memory as far as it fits there. It is no measure of the device.
func ReadDisk(ctx context.Context, path string) (res Result, err error) {
	f, err := os.Open(path)
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffer := make([]byte, diskBuffer)
	start := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		n, err := f.Read(buffer)
		res.Bytes += int64(n)
		if errors.Is(err, io.EOF) {
			res.Elapsed = time.Since(start)
			return res, nil
		}
		if err != nil {
			return res, err
		}
	}
}
