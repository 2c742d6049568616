package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

// place is where a tile or a bundle lies (tlog-tiles); x/mod's own paths are another format.
func place(level string, index int64, part int64) string {
	name := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		name = fmt.Sprintf("x%03d/%s", index%1000, name)
	}
	name = "tile/" + level + "/" + name
	if part < width {
		name = fmt.Sprintf("%s.p/%d", name, part)
	}
	return name
}

// read returns the first part items of a tile or bundle; it may be full by now.
func read(folder, level string, index, size int64) ([]byte, int64, error) {
	part := min(width, size-index*width)
	content, err := os.ReadFile(filepath.Join(folder, place(level, index, part)))
	if os.IsNotExist(err) && part < width {
		content, err = os.ReadFile(filepath.Join(folder, place(level, index, width)))
		return content, -part, err
	}
	return content, part, err
}

// checkLog computes the tree from the entries in two ways and compares every tile on the way.
func checkLog(vkey, folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(vkey, text)
	if err != nil {
		return err
	}
	hashes, err := leafHashes(folder, tree.N)
	if err != nil {
		return err
	}
	if err := checkTiles(folder, hashes); err != nil {
		return err
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	whole := factory.NewEmptyRange(0)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for n, hash := range hashes {
		if err := whole.Append(hash, nil); err != nil {
			return err
		}
		more, err := tlog.StoredHashesForRecordHash(int64(n), tlog.Hash(hash), reader)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	theirs, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return err
	}
	ours := rfc6962.DefaultHasher.EmptyRoot()
	if tree.N > 0 {
		if ours, err = whole.GetRootHash(nil); err != nil {
			return err
		}
		if theirs != tree.Hash {
			return fmt.Errorf("x/mod computes another root")
		}
	}
	if !bytes.Equal(ours, tree.Hash[:]) {
		return fmt.Errorf("transparency-dev/merkle computes another root")
	}
	return nil
}

func leafHashes(folder string, size int64) ([][]byte, error) {
	var hashes [][]byte
	for index := int64(0); index*width < size; index++ {
		content, part, err := read(folder, "entries", index, size)
		if err != nil {
			return nil, err
		}
		count := int64(0)
		for ; len(content) > 0 && (part > 0 || count < -part); count++ {
			if len(content) < 2 || len(content) < 2+int(binary.BigEndian.Uint16(content)) {
				return nil, fmt.Errorf("bundle %d ends inside an entry", index)
			}
			length := int(binary.BigEndian.Uint16(content))
			hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(content[2:2+length]))
			content = content[2+length:]
		}
		if count != max(part, -part) {
			return nil, fmt.Errorf("bundle %d has %d entries", index, count)
		}
	}
	return hashes, nil
}

// checkTiles compares the tiles of every level with what the level below gives.
func checkTiles(folder string, hashes [][]byte) error {
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	for level := 0; len(hashes) > 0; level++ {
		var above [][]byte
		for at := 0; at < len(hashes); at += width {
			end := min(at+width, len(hashes))
			content, part, err := read(folder, fmt.Sprint(level), int64(at/width), int64(len(hashes)))
			if err != nil {
				return err
			}
			want := bytes.Join(hashes[at:end], nil)
			if part < 0 && len(content) > len(want) {
				content = content[:len(want)]
			}
			if !bytes.Equal(content, want) {
				return fmt.Errorf("tile %d of level %d has other hashes", at/width, level)
			}
			if end-at == width {
				tile := factory.NewEmptyRange(0)
				for _, hash := range hashes[at:end] {
					if err := tile.Append(hash, nil); err != nil {
						return err
					}
				}
				root, err := tile.GetRootHash(nil)
				if err != nil {
					return err
				}
				above = append(above, root)
			}
		}
		hashes = above
	}
	return nil
}

// tileReader gives x/mod the stored hashes it asks for, out of the tiles of the folder.
type tileReader struct {
	folder string
	size   int64
}

func (reader tileReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		high, inner := level/8, level%8
		first := n << inner
		content, part, err := read(reader.folder, fmt.Sprint(high), first/width, reader.size>>(8*high))
		if err != nil {
			return nil, err
		}
		if part > 0 && int64(len(content)) != part*tlog.HashSize {
			return nil, fmt.Errorf("a tile of level %d has %d bytes", high, len(content))
		}
		tile := factory().NewEmptyRange(0)
		for k := first % width; k < first%width+1<<inner; k++ {
			if int64(len(content)) < (k+1)*tlog.HashSize {
				return nil, fmt.Errorf("a tile of level %d is too short", high)
			}
			if err := tile.Append(content[k*tlog.HashSize:(k+1)*tlog.HashSize], nil); err != nil {
				return nil, err
			}
		}
		root, err := tile.GetRootHash(nil)
		if err != nil {
			return nil, err
		}
		found[i] = tlog.Hash(root)
	}
	return found, nil
}

func factory() *compact.RangeFactory {
	return &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
}

// checkConsistency lets x/mod prove from the tiles, and checks that proof with both.
func checkConsistency(vkey, folder, oldFile, newFile string) error {
	var trees [2]tlog.Tree
	for i, name := range []string{oldFile, newFile} {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if trees[i], err = openCheckpoint(vkey, text); err != nil {
			return err
		}
	}
	older, newer := trees[0], trees[1]
	if older.N > newer.N {
		return fmt.Errorf("rollback: the new checkpoint is smaller")
	}
	if older.N == 0 {
		return nil // everything is consistent with nothing
	}
	found, err := tlog.ProveTree(newer.N, older.N, tileReader{folder, newer.N})
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(found, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return err
	}
	hashes := make([][]byte, len(found))
	for i := range found {
		hashes[i] = found[i][:]
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older.N), uint64(newer.N), hashes,
		older.Hash[:], newer.Hash[:])
}
