"""Mutation testing of a sample: small faults are put into the code, the nearest tests must fall.

    python tests/benchmarks/mutants.py [PART ...] [--count 40] [--seed 1] [--floor 85] [--again]

makes mutmut's mutants of each part (flows, units, bridge, ramp, publishing), draws `count` of them
by the seed (0: all) and runs, in one forked process each, the tests that reach the changed
function, the quickest first, until one fails. Printed are killed and survived, the change of
each survivor, and a table. Mutants that change nothing anybody could see are named in
``mutants.csv`` with the reason and counted apart. The exit code is 1 below the floor.

Decorated functions are left out, as mutmut does. A mutant that only lives because something was
computed before it came is run once more with nothing kept.
"""

from __future__ import annotations

import argparse
import ast
import csv
import difflib
import functools
import gc
import hashlib
import importlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import defaultdict
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
MADE = ROOT / "build" / "mutants"
NAMED = Path(__file__).with_suffix(".csv")
RAMP = ("ramp", "ceilings", "horizon", "learned", "noise", "quantiles")


class Part(NamedTuple):
    """Files that are changed, and the tests next to them; their own examples are tests too."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    names: str = ""  # of the tests, as ``pytest -k`` takes them


PARTS = {
    "flows": Part(("energy/flows.py",), ("tests/test_flows.py",)),
    "units": Part(("energy/measure/units.py",), ("tests/test_units.py",)),
    "bridge": Part(("energy/finance/bridge.py",),
                   ("tests/test_finance.py", "tests/test_accounts_more.py"),
                   "bridge or gap or revenue or result or rate or gas or export or idle or sales "
                   "or missing or line or row or duty or half_years or story"),
    "ramp": Part(tuple(f"energy/projection/{name}.py" for name in RAMP),
                 ("tests/test_projection_ramp.py", "tests/test_projection_route.py")),
    "publishing": Part(("energy/store/publishing.py",), ("tests/test_store.py",),
                       "publish or vintage or edition or withdrawn or figure or revision or row or "
                       "run_ or note or date_before or instant or clock_set"),
}  # fmt: skip


class Mutant(NamedTuple):
    """A function with one change."""

    module: str
    owner: str  # its class, "" for a plain function
    name: str
    number: int
    node: ast.FunctionDef
    was: str
    becomes: str

    @property
    def label(self) -> str:
        return f"{self.module}.{f'{self.owner}.' if self.owner else ''}{self.name} #{self.number}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names a mutant however often the code around it changes."""
        return (self.module, self.name, self.was, self.becomes)


# ---- making mutants ------------------------------------------------------------------------------


def mutated(file: str) -> str:
    """Return mutmut's text of a file, which holds every mutant of every function; kept by digest."""
    source = (ROOT / file).read_text(encoding="utf-8")
    kept = MADE / f"{hashlib.sha256(source.encode()).hexdigest()[:16]}.py"
    if not kept.is_file():
        from mutmut.mutation.file_mutation import mutate_file_contents

        MADE.mkdir(parents=True, exist_ok=True)
        kept.write_text(mutate_file_contents(file, source).code, encoding="utf-8")
    return kept.read_text(encoding="utf-8")


def mutants_of(file: str) -> list[Mutant]:
    """Return the mutants of a file in order; those that read the same as the original are none."""
    text = mutated(file)
    tree = ast.parse(text)
    lines, module = text.splitlines(), file.removesuffix(".py").replace("/", ".")
    plain = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    found = []
    for name, node in plain.items():
        stem, _, number = name.partition("__mutmut_")
        if not number.isdigit():
            continue
        owner, bare = _named(stem)
        was, becomes = changed(_lines(lines, plain[f"{stem}__mutmut_orig"], bare),
                               _lines(lines, node, bare))  # fmt: skip
        found.append(Mutant(module, owner, bare, int(number), node, was, becomes))
    return found


def control(mutant: Mutant) -> Mutant:
    """Return the same function unchanged: a trial that kills it kills everything."""
    path = ROOT / f"{mutant.module.replace('.', '/')}.py"
    tree = ast.parse(mutated(path.relative_to(ROOT).as_posix()))
    name = mutant.node.name.partition("__mutmut_")[0] + "__mutmut_orig"
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return mutant._replace(
        node=next(node for node in nodes if node.name == name), was="", becomes=""
    )


def _named(stem: str) -> tuple[str, str]:
    """Return class and name out of ``x_name`` or ``xǁClassǁname``."""
    if "ǁ" in stem:
        _, owner, name = stem.split("ǁ")
        return owner, name
    return "", stem.removeprefix("x_")


def _lines(text: list[str], node: ast.FunctionDef, name: str) -> list[str]:
    """Return the lines of a function under its plain name."""
    body = text[node.lineno - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(body)).replace(node.name, name, 1).splitlines()


def changed(old: list[str], new: list[str]) -> tuple[str, str]:
    """Return the changed lines of two texts, stripped and joined.

    >>> changed(["a", "  b"], ["a", "  c"])
    ('b', 'c')
    """
    told = [line for line in difflib.ndiff(old, new) if line[:2] in ("- ", "+ ")]
    return tuple(" ".join(line[2:].strip() for line in told if line[0] == sign) for sign in "-+")  # type: ignore[return-value]


def drawn(part: Part, count: int, seed: int) -> list[Mutant]:
    """Return a sample of the mutants of a part, the same for the same code and seed."""
    every = [mutant for file in part.files for mutant in mutants_of(file)]
    return random.Random(seed).sample(every, min(count or len(every), len(every)))


def equivalent() -> set[tuple[str, ...]]:
    """Return the keys of the mutants that are named with a reason."""
    if not NAMED.is_file():
        return set()
    with NAMED.open(encoding="utf-8", newline="") as body:
        return {
            (row["module"], row["function"], row["was"], row["becomes"])
            for row in csv.DictReader(body)
        }


# ---- running tests on them -----------------------------------------------------------------------


def home(mutant: Mutant) -> Any:
    """Return the live function that a mutant replaces."""
    place = importlib.import_module(mutant.module)
    return vars(getattr(place, mutant.owner) if mutant.owner else place).get(mutant.name)


def replace(mutant: Mutant) -> None:
    """Give the live function the mutant's code, so that every name bound to it has it."""
    place, live = importlib.import_module(mutant.module), home(mutant)
    made = ast.FunctionDef(**{**vars(mutant.node), "name": mutant.name, "decorator_list": []})
    body = ast.Module([_future(), made], type_ignores=[])
    spare = dict(vars(place))
    exec(compile(ast.fix_missing_locations(body), str(place.__file__), "exec"), spare)
    new = spare[mutant.name]
    live.__code__, live.__defaults__ = new.__code__, new.__defaults__
    live.__kwdefaults__ = new.__kwdefaults__


def _future() -> ast.stmt:
    return ast.ImportFrom("__future__", [ast.alias("annotations")], 0)


class Trial:
    """A plugin: one clean run that sees which test reaches which function, then the mutants."""

    def __init__(self, mutants: list[Mutant], budget: float):
        self.mutants, self.budget = mutants, budget
        self.seconds: dict[str, float] = {}
        self.reached: dict[Any, set[str]] = defaultdict(set)  # code to tests
        self.verdicts: list[tuple[Mutant, str]] = []

    def pytest_runtestloop(self, session: Any) -> bool:
        if session.testsfailed or not session.items:
            raise SystemExit("the tests could not be collected")
        self._clean(session)
        for mutant in self.mutants[:1]:
            if self._verdict(session, control(mutant)) == "killed":
                print(f"the tests fall on {mutant.name} as it is", file=sys.__stderr__)
                raise SystemExit(1)
        for at, mutant in enumerate(self.mutants, start=1):
            verdict = self._verdict(session, mutant)
            self.verdicts.append((mutant, verdict))
            if verdict != "killed":
                print(f"\n{verdict}: {mutant.label}\n  - {mutant.was}\n  + {mutant.becomes}",
                      file=sys.__stderr__, flush=True)  # fmt: skip
            print(f"\r{at}/{len(self.mutants)}", end=" ", file=sys.__stderr__, flush=True)
        session.items = []
        return True

    def _clean(self, session: Any) -> None:
        """Run every test as it is, with the seconds of each and what it reaches."""
        codes = {home(m).__code__ for m in self.mutants if isinstance(home(m), FunctionType)}
        items = session.items
        examples = {item: dict(item.dtest.globs) for item in items if hasattr(item, "dtest")}
        for item, after in zip(items, [*items[1:], items[0]], strict=True):

            def see(frame: Any, event: str, _: Any, name: str = item.nodeid) -> None:
                if event == "call" and frame.f_code in codes:
                    self.reached[frame.f_code].add(name)

            began = time.process_time()
            sys.setprofile(see)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            sys.setprofile(None)
            self.seconds[item.nodeid] = time.process_time() - began
        for item, names in examples.items():  # doctest empties what an example stood on
            item.dtest.globs.update(names)
        if session.testsfailed:
            raise SystemExit("tests fail on the code as it is")
        only = SimpleNamespace(listchain=lambda: [session])  # what the whole run shares stays up
        session._setupstate.teardown_exact(only)

    def _verdict(self, session: Any, mutant: Mutant) -> str:
        """Return killed, survived, or unreached where no test comes by."""
        live = home(mutant)
        names = self.reached[live.__code__] if isinstance(live, FunctionType) else set()
        near = [item for item in session.items if item.nodeid in names]
        if not near:
            return "unreached"
        if self._falls(session, mutant, near, kept=True):
            return "killed"
        shared = {name for item in near for name in item.fixturenames} & {"tracker", "one_load"}
        others = [item for item in session.items
                  if item in near or shared & set(item.fixturenames)]  # fmt: skip
        return "killed" if self._falls(session, mutant, others, kept=False) else "survived"

    def _falls(self, session: Any, mutant: Mutant, items: list[Any], *, kept: bool) -> bool:
        """Say whether a test fails on the mutant, in a process of its own; too long is a fall."""
        clear_desk(session)
        child = os.fork()
        if not child:
            os._exit(self._inside(session, mutant, items, kept))
        _, told = os.waitpid(child, 0)
        return told != 0

    def _inside(self, session: Any, mutant: Mutant, items: list[Any], kept: bool) -> int:
        try:
            chosen = self._within_budget(items)
            spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            wanted = sum(self.seconds[item.nodeid] for item in chosen)
            limit = int(spent + 30 + 10 * wanted)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            if not kept:
                session._setupstate.teardown_exact(None)
                forget()
            replace(mutant)
            for item, after in zip(chosen, [*chosen[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if session.testsfailed:
                    return 1
        except BaseException:
            return 1
        return 0

    def _within_budget(self, items: list[Any]) -> list[Any]:
        """Return the quickest tests that together take no longer than the budget."""
        chosen, spent = [], 0.0
        for item in sorted(items, key=lambda item: self.seconds[item.nodeid]):
            spent += self.seconds[item.nodeid]
            if chosen and spent > self.budget:
                break
            chosen.append(item)
        return chosen


def clear_desk(session: Any) -> None:
    """Remove what examples wrote: one that publishes finds the store of its first run, and falls."""
    for path in session.config._tmp_path_factory.getbasetemp().glob("desk*/*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def forget() -> None:
    """Empty every `functools` cache."""
    for held in gc.get_objects():
        if isinstance(held, functools._lru_cache_wrapper):
            held.cache_clear()


def try_part(name: str, count: int, seed: int, budget: float, again: bool) -> dict[str, Any]:
    """Run the trial of one part in this process; return its counts."""
    import pytest

    from energy.tracker import ready

    ready.cube = lambda tables, asked, make: make()  # a mutant sees no cube made before it came
    part, excused, killed = PARTS[name], equivalent(), MADE / f"{name}-killed.json"
    sample = drawn(part, count, seed)
    dead = set(json.loads(killed.read_text())) if again and killed.is_file() else set()
    counted = [mutant for mutant in sample if mutant.key not in excused]
    mutants = [mutant for mutant in counted if mutant.label not in dead]
    trial = Trial(mutants, budget)
    chosen = ["-k", part.names] if part.names else []
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow", *chosen,
                 *part.tests, *part.files], plugins=[trial])  # fmt: skip
    if len(trial.verdicts) < len(mutants):
        raise SystemExit(f"{name}: the trial did not come to its end")
    dead |= {mutant.label for mutant, verdict in trial.verdicts if verdict == "killed"}
    killed.write_text(json.dumps(sorted(dead)), encoding="utf-8")
    told = sum(mutant.label in dead for mutant in counted)
    return {"part": name, "mutants": len(sample), "killed": told,
            "survived": len(counted) - told, "equivalent": len(sample) - len(counted)}  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """Return the counts as a Markdown table; the score leaves equivalent mutants out."""
    lines = [
        "| part | mutants | killed | survived | equivalent | score, % |",
        "|---|---|---|---|---|---|",
    ]
    lines += [f"| {' | '.join(str(value) for value in row.values())} | {score(row):.1f} |"
              for row in rows]  # fmt: skip
    return "\n".join(lines)


def score(row: dict[str, Any]) -> float:
    """Return the share of killed mutants in percent.

    >>> score({"killed": 17, "survived": 3})
    85.0
    """
    return 100 * row["killed"] / max(row["killed"] + row["survived"], 1)


def main() -> None:
    """Run the parts, each in a process of its own, and print the table."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--count", type=int, default=40, help="mutants a part; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=20, help="seconds of tests a mutant")
    parser.add_argument("--floor", type=float, default=85, help="percent killed, at least")
    parser.add_argument("--again", action="store_true", help="only those not killed last time")
    parser.add_argument("--into", help=argparse.SUPPRESS)  # one part, in this process
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if options.into:
        row = try_part(options.parts[0], options.count, options.seed, options.budget, options.again)
        Path(options.into).write_text(json.dumps(row), encoding="utf-8")
        return
    rows = []
    for name in options.parts or PARTS:
        MADE.mkdir(parents=True, exist_ok=True)
        into = MADE / f"{name}.json"
        into.unlink(missing_ok=True)
        command = [sys.executable, __file__, name, "--count", str(options.count), "--seed",
                   str(options.seed), "--budget", str(options.budget), "--into", str(into),
                   *(["--again"] if options.again else [])]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | {"OMP_NUM_THREADS": "1"})  # fmt: skip
        rows.append(json.loads(into.read_text(encoding="utf-8")))
        print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    sys.exit(any(score(row) < options.floor for row in rows))


if __name__ == "__main__":
    main()
