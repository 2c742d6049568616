// Outsider checks the hub's audit log with other people's code: golang.org/x/mod reads the notes and
// checks records and trees, transparency-dev/merkle checks them again. It shares nothing with the hub.
//
// It reads questions from standard input, one a line, and answers each with a line: "ok" or "bad"
// and why. Fields are separated by tabs.
//
//	log          VKEY FOLDER            the whole folder, from the entries up to the checkpoint
//	proof        VKEY FILE              a proof file
//	consistency  VKEY FOLDER OLD NEW    two checkpoints, by the tiles that a proof needs
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		if err := answer(strings.Split(lines.Text(), "\t")); err != nil {
			fmt.Fprintf(out, "bad\t%s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Fprintln(out, "ok")
		}
	}
}

func answer(question []string) error {
	if len(question) < 3 {
		return fmt.Errorf("not a question")
	}
	switch vkey := question[1]; question[0] {
	case "log":
		return checkLog(vkey, question[2])
	case "proof":
		return checkProof(vkey, question[2])
	case "consistency":
		return checkConsistency(vkey, question[2], question[3], question[4])
	}
	return fmt.Errorf("not a question")
}
