"""Judge the mutants that mutmut made: the tests are collected once, each mutant is a child process.

``make mutants`` runs this in a copy of the tree, after mutmut has written its mutants and noted
which tests call which function. mutmut can judge by itself, but it collects the tests anew for
every mutant. Verdicts are kept, a line each, so a run that was stopped goes on where it was.

    python tests/mutants.py ../verdicts.tsv 'streams.rules.uz.*'
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from _pytest.runner import runtestprotocol

CPU_SECONDS: Final = 120  # for all tests of a mutant; only one that never ends needs more
MEMORY: Final = 1536 << 20
READS_THE_SOURCE: Final = (  # and so fails with any mutant in it
    "tests/unit/streams/rules/test_load.py::test_no_rule_holds_a_number_of_the_law",
    "tests/unit/streams/rules/test_texts.py::test_every_word_in_the_source_has_its_texts",
)


def mutants(patterns: list[str]) -> list[str]:
    """Return the names of all mutants, or of those that a pattern names."""
    names = [
        name
        for meta in sorted(Path("streams").rglob("*.meta"))
        for name in json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    ]
    return [name for name in names if any(fnmatch.fnmatch(name, one) for one in patterns)]


class Judge:
    """A pytest plugin in place of the loop that runs tests."""

    def __init__(self, verdicts: Path, patterns: list[str], children: int) -> None:
        self.verdicts = verdicts
        self.patterns = patterns
        self.children = children
        self.items: dict[str, pytest.Item] = {}
        self.running: dict[int, tuple[str, int]] = {}  # process -> mutant, where it says its killer
        self.killers: dict[tuple[str, str], int] = {}  # function or module, test -> when it killed
        self.counts: Counter[str] = Counter()

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings  # noqa: PLC0415 - after pytest has marked it

        settings.register_profile(
            "mutants",
            derandomize=True,
            deadline=None,
            database=None,
            phases=(Phase.explicit, Phase.generate),  # that one fails is enough
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        stats = json.loads(Path("mutmut-stats.json").read_text("utf-8"))
        callers, took = stats["tests_by_mangled_function_name"], stats["duration_by_test"]
        known: dict[str, str] = {}
        if self.verdicts.exists():
            for line in self.verdicts.read_text("utf-8").splitlines():
                name, verdict, _ = line.split("\t")
                known[name] = verdict
        self.counts.update(known.values())
        names = [name for name in mutants(self.patterns) if name not in known]
        for number, name in enumerate(names, start=1):
            while len(self.running) >= self.children:
                self.reap()
            function = name.rpartition("__mutmut_")[0]
            module = function.rpartition(".")[0]
            tests = sorted(
                (test for test in callers.get(function, ()) if test in self.items),
                key=lambda test, function=function, module=module: (  # type: ignore[misc]
                    -self.killers.get((function, test), 0),
                    -self.killers.get((module, test), 0),
                    took.get(test, 0),
                ),
            )
            self.start(name, tests)
            if number % 100 == 0:
                print(f"\n{number} of {len(names)}: {dict(self.counts)}", file=sys.stderr)
        while self.running:
            self.reap()
        print(f"\nall: {dict(self.counts)}", file=sys.stderr)
        return True

    def start(self, name: str, tests: list[str]) -> None:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                self.judge(name, tests, writer)
            finally:
                os._exit(3)
        os.close(writer)
        self.running[child] = name, reader

    def judge(self, name: str, tests: list[str], writer: int) -> None:
        """Run tests until one fails; in the child."""
        from mutmut.mutation import trampoline  # noqa: PLC0415 - not installed with the project

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        trampoline.get_mutant_under_test = lambda: name
        for test in tests:
            reports = runtestprotocol(self.items[test], log=False, nextitem=None)
            if any(report.failed for report in reports):
                os.write(writer, test.encode())
                os._exit(1)
        os._exit(0 if tests else 2)

    def reap(self) -> None:
        """Wait for a child and note its verdict."""
        child, status = os.wait()
        name, reader = self.running.pop(child)
        killer = os.read(reader, 4096).decode()
        os.close(reader)
        if os.WIFSIGNALED(status):
            verdict = "never ends"
        else:
            verdict = {0: "survived", 1: "killed", 2: "not called"}.get(
                os.WEXITSTATUS(status), "broke the run"
            )
        self.counts[verdict] += 1
        if killer:
            function = name.rpartition("__mutmut_")[0]
            when = self.counts["killed"]
            self.killers[function, killer] = when
            self.killers[function.rpartition(".")[0], killer] = when
        with self.verdicts.open("a", encoding="utf-8") as file:
            file.write(f"{name}\t{verdict}\t{killer}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verdicts", type=Path)
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    os.environ["MUTANT_UNDER_TEST"] = ""
    options = ["-q", "--rootdir=.", "--tb=native", "--assert=plain", "-p", "no:randomly"]
    options += ["-p", "no:cacheprovider", *(f"--deselect={test}" for test in READS_THE_SOURCE)]
    judge = Judge(given.verdicts, given.patterns, given.children)
    return int(pytest.main([*options, "tests/unit/streams"], plugins=[judge]))


if __name__ == "__main__":
    sys.exit(main())
