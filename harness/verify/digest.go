// Package verify judges restored state: digests that a store and an independent
// model must agree on, and verdicts whose zero value is a failure.
package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math/bits"

	"restorebench/internal/defect"
)

// Buckets is the number of key-hash buckets of a digest.
const Buckets = 4096

// Digest is an order-free summary of a set of entries: per bucket the sum modulo
// 2^256 of SHA-256(len(key) key len(value) value), lengths as 4 bytes big-endian.
// A sum, since XOR is blind to whatever comes an even number of times. An entry's
// bucket is the low 12 bits of its key's 64-bit FNV-1a hash. The zero value is the
// digest of the empty set.
type Digest struct {
	Count int64 // entries
	Bytes int64 // keys + values
	sums  [Buckets]sum
	buf   []byte
}

// sum is a 256-bit number, most significant word first.
type sum [4]uint64

func (s *sum) add(h *[sha256.Size]byte) {
	var n sum
	for i := range n {
		n[i] = binary.BigEndian.Uint64(h[8*i:])
	}
	s.plus(&n)
}

func (s *sum) plus(n *sum) {
	var carry uint64
	for i := 3; i >= 0; i-- {
		if defect.Is(defect.DigestByXOR) {
			s[i] ^= n[i]
			continue
		}
		s[i], carry = bits.Add64(s[i], n[i], carry)
	}
}

func (s *sum) append(out []byte) []byte {
	for _, w := range s {
		out = binary.BigEndian.AppendUint64(out, w)
	}
	return out
}

func (s *sum) hex() string { return hex.EncodeToString(s.append(nil)) }

// Add adds one entry.
func (d *Digest) Add(key, value []byte) {
	b := binary.BigEndian.AppendUint32(d.buf[:0], uint32(len(key)))
	b = append(b, key...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	b = append(b, value...)
	d.buf = b
	if defect.Is(defect.DigestIgnoresLength) {
		b = append(append(b[:0], key...), value...)
	}
	h := sha256.Sum256(b)
	f := fnv.New64a()
	f.Write(key) // never fails, says hash.Hash
	d.sums[f.Sum64()%Buckets].add(&h)
	d.Count++
	d.Bytes += int64(len(key) + len(value))
}

// Sums is the state of all buckets, 32 bytes big-endian each: 128 KiB.
func (d *Digest) Sums() []byte {
	out := make([]byte, 0, Buckets*32)
	for i := range d.sums {
		out = d.sums[i].append(out)
	}
	return out
}

// String is the sum over all buckets modulo 2^256, 64 hexadecimal digits: what
// any program can compute that knows nothing of buckets.
func (d *Digest) String() string {
	var total sum
	for i := range d.sums {
		total.plus(&d.sums[i])
	}
	return total.hex()
}

// Differing counts the buckets in which d and a transferred Sums differ.
func (d *Digest) Differing(sums []byte) (int, error) {
	if len(sums) != Buckets*32 {
		return 0, fmt.Errorf("bucket sums have %d bytes, want %d", len(sums), Buckets*32)
	}
	own := d.Sums()
	n := 0
	for i := 0; i < len(own); i += 32 {
		if !bytes.Equal(own[i:i+32], sums[i:i+32]) {
			n++
		}
	}
	return n, nil
}

// Combine is the digest of the union of disjoint sets, such as a store's
// partitions, as String writes it.
func Combine(parts ...*Digest) string {
	texts := make([]string, len(parts))
	for i, d := range parts {
		texts[i] = d.String()
	}
	return addTexts(texts)
}

// CombineFound is Combine of reported digests; one that is malformed makes it "".
func CombineFound(parts []Found) string {
	texts := make([]string, len(parts))
	for i, f := range parts {
		texts[i] = f.Digest
	}
	return addTexts(texts)
}

// addTexts is "" if one of them is malformed.
func addTexts(texts []string) string {
	var total sum
	for _, t := range texts {
		raw, err := hex.DecodeString(t)
		if err != nil || len(raw) != sha256.Size {
			return ""
		}
		total.add((*[sha256.Size]byte)(raw))
	}
	return total.hex()
}
