package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

// extra is what a proof file of the hub brings along (docs/audit.md): canonical JSON, names sorted.
type extra struct {
	Leaf    string  `json:"leaf"`
	Record  *record `json:"record,omitempty"`
	Version int     `json:"v"`
}

type record struct {
	Hash   string   `json:"hash,omitempty"`
	Index  uint64   `json:"index"`
	Offset *uint64  `json:"offset,omitempty"`
	Path   []string `json:"path"`
	Value  *string  `json:"value,omitempty"`
}

type leaf struct {
	Number int64  `json:"number"`
	Kind   string `json:"kind"`
	Body   struct {
		Records uint64 `json:"records"`
		Root    string `json:"root"`
	} `json:"body"`
}

// checkProof checks a tlog-proof with the leaf that it brings, and the record in it if there is one.
func checkProof(vkey, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	head, checkpoint, found := bytes.Cut(text, []byte("\n\n"))
	if !found {
		return fmt.Errorf("no checkpoint in it")
	}
	tree, err := openCheckpoint(vkey, checkpoint)
	if err != nil {
		return err
	}
	lines := strings.Split(string(head), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	brought, err := strict64(strings.TrimPrefix(lines[1], "extra "))
	if err != nil || !strings.HasPrefix(lines[1], "extra ") {
		return fmt.Errorf("no extra data")
	}
	var with extra
	decoder := json.NewDecoder(bytes.NewReader(brought))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&with); err != nil || with.Version != 1 {
		return fmt.Errorf("the extra data cannot be read")
	}
	again := new(bytes.Buffer)
	encoder := json.NewEncoder(again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(with); err != nil || again.String() != string(brought)+"\n" {
		return fmt.Errorf("the extra data is not written as it must be")
	}
	number := strings.TrimPrefix(lines[2], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil || number == lines[2] || strconv.FormatInt(index, 10) != number || index < 0 {
		return fmt.Errorf("no index")
	}
	var hashes [][]byte
	var theirs tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := strict64(line)
		if err != nil || len(hash) != tlog.HashSize {
			return fmt.Errorf("a line of the proof is no hash")
		}
		hashes, theirs = append(hashes, hash), append(theirs, tlog.Hash(hash))
	}
	hash := rfc6962.DefaultHasher.HashLeaf([]byte(with.Leaf))
	if index >= tree.N {
		return fmt.Errorf("the index is beyond the tree")
	}
	if err := tlog.CheckRecord(theirs, tree.N, tree.Hash, index, tlog.Hash(hash)); err != nil {
		return err
	}
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(tree.N), hash, hashes, tree.Hash[:])
	if err != nil {
		return err
	}
	var said leaf
	if err := json.Unmarshal([]byte(with.Leaf), &said); err != nil {
		return err
	}
	if said.Number != index+1 {
		return fmt.Errorf("the leaf has another number")
	}
	if with.Record == nil {
		return nil
	}
	return checkRecord(said, with.Record)
}

// checkRecord checks that a record is in the chunk that the leaf speaks of.
func checkRecord(said leaf, one *record) error {
	if said.Kind != "chunk" {
		return fmt.Errorf("the leaf is of no chunk")
	}
	root, err := hex.DecodeString(said.Body.Root)
	if err != nil {
		return err
	}
	hash, err := hex.DecodeString(one.Hash)
	if err != nil {
		return err
	}
	if one.Value != nil {
		value, err := strict64(*one.Value)
		if err != nil || one.Offset == nil || one.Hash != "" {
			return fmt.Errorf("the record cannot be read")
		}
		entry := append(binary.BigEndian.AppendUint64(nil, *one.Offset), value...)
		hash = rfc6962.DefaultHasher.HashLeaf(entry)
	}
	var path [][]byte
	for _, each := range one.Path {
		step, err := hex.DecodeString(each)
		if err != nil {
			return err
		}
		path = append(path, step)
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, one.Index, said.Body.Records, hash, path, root)
}

func strict64(text string) ([]byte, error) {
	return base64.StdEncoding.Strict().DecodeString(text)
}
