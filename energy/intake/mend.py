"""Make again what a run made, from the answers it read: to repair a store, or to rebuild one.

Each run leaves a record beside the answers (`energy.store.journal`): which it read, which rows were
refused and why. So the readers are asked again, the gate is not: its word stands in the record.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from energy import sources
from energy import store as memory
from energy.errors import EnergyError
from energy.intake.answers import (
    faulty_of,
    published_by,
    read_answers,
    read_file,
    with_faulty,
)
from energy.intake.clocks import honest_dates
from energy.sources.contract import COLUMNS, Answer, Request
from energy.store import Store, StoreError, answers, disk, journal, ledger, quarantine, releases

Step = Mapping[str, Any]


def note(
    store: Store,
    run: str,
    what: str,
    read: Iterable[Answer],
    doubtful: pd.DataFrame,
    **told: str,
) -> None:
    """Write down which answers a run read, and which of their rows were refused."""
    rows = memory.quarantine_rows(doubtful, run) if len(doubtful) else doubtful
    held = rows[["id", "reason"]].astype(str).to_numpy().tolist() if len(rows) else []
    told_of = [{"source": a.request.source, "tag": a.request.tag, "sha256": a.sha256,
             "retrieved": a.retrieved.isoformat(), "headers": answers.clean(a.headers)} for a in read]  # fmt: skip
    store.note(run, what, {**told, "answers": told_of, "held": held})


def plain(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return refused rows as plain values; `_table` takes them back."""
    made = rows[[*COLUMNS, "reason"]].copy()
    made["retrieved"] = [moment.isoformat() for moment in pd.to_datetime(made["retrieved"])]
    made = made.astype(object).where(made.notna(), None)
    return [dict(zip(made.columns, line, strict=True)) for line in made.to_numpy().tolist()]


def _table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=[*COLUMNS, "reason"])
    table["retrieved"] = pd.to_datetime(table["retrieved"], utc=True, format="ISO8601")
    return table.astype({"value": float, "coverage": float})


# -- one step again -------------------------------------------------------------------------------


def again(store: Store) -> Callable[[str], bytes | None]:
    """Return the function that makes a vintage or refused rows anew; see `Store.repair`.

    The run that made the file is done once more on what the store held before it, in a folder of
    its own. None where it left no record, or an answer or a reader is not what it was.
    """
    made: dict[str, dict[str, bytes]] = {}

    def one(path: str) -> bytes | None:
        run = ledger.run_in(path)
        if run and run not in made:
            try:
                made[run] = _run_again(store, run)
            except (EnergyError, KeyError, ValueError, TypeError):
                return None  # not for good: what it builds on may be mended first
        return made.get(run, {}).get(path)

    return one


def _run_again(store: Store, run: str) -> dict[str, bytes]:
    """Return the files of a run, made anew on what was there before it."""
    steps = [step for step in journal.records(store.root) if step["run"] == run]
    if not steps:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        there = Store.open(Path(folder, "store"))
        for name in _before(store.root, run):
            disk.write(there.root, name, disk.read(store.root, name))
        held = [n for top in ledger.FOLDERS for n in disk.files_of(there.root, top, "")]
        if held:
            ledger.adopt_files(there.root, ledger.plain(there.root, held))
        for step in steps:
            if step["what"] != "release":
                do(step, store, there)
        return {name: disk.read(there.root, name) for top in ("vintages", "quarantine")
                for name in disk.files_of(there.root, top, "") if ledger.run_in(name) == run}  # fmt: skip


def _before(root: str, run: str) -> list[str]:
    """Return the vintages and refused rows that counted before a run wrote anything."""
    state = ledger.Catalog()
    for name in ledger.entries(root):
        body = disk.read(root, name)
        if disk.unseal(name, body)["run"] == run:
            break
        state = ledger.after(state, name, body)
    tops = ("vintages/", "quarantine/")
    return [name for name in state.files if name.startswith(tops) and state.counts(name)]


def do(step: Step, store: Store, there: Store) -> None:
    """Do one recorded step again: answers from `store`, what comes of them into `there`."""
    run, what = step["run"], step["what"]
    if what == "held":
        there.quarantine(run, _table(step["rows"]))
    elif what == "let":
        there.let_through(step["ids"], step["reason"], run)
    elif what == "retire":
        there.retire(run, step["reason"])
    elif what == "release":
        releases.tag(there.root, step["name"], run, step["artefacts"], step["raw"])
    elif what in ("update", "inbox"):
        rows, faulty = (_parsed if what == "update" else _typed)(step, store)
        good, held = _parted(rows, faulty, step["held"], run)
        if len(held):
            there.quarantine(run, held)
        if len(good):
            there.publish(step["source"], run, good)
    else:
        raise StoreError(f"The record of {run} has the unknown step {what!r}; upgrade the package.")


def _parsed(step: Step, store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the answers of an update again; return the rows, and those that are no numbers."""
    held = {each["tag"]: _answer(each, step["period"], store) for each in step["answers"]}

    def fetch(request: Request) -> Answer:
        if request.tag not in held:
            raise StoreError(f"{step['source']}: the run did not ask for {request.tag!r}.")
        return held[request.tag]

    rows, asides = read_answers(sources.SOURCES[step["source"]], step["period"], fetch)
    rows = honest_dates(rows)
    empty = rows.head(0).assign(reason="")
    return rows, with_faulty(empty, asides["faulty"])


def _typed(step: Step, store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a file of typed figures again."""
    answer = _answer(step["answers"][0], step["period"], store)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(step["name"]).name)
        path.write_bytes(answer.body)
        rows = read_file(path, answer, lambda text: None)
    faulty = faulty_of(rows, answer)
    rows = honest_dates(published_by(rows, store, step["by"] or None, lambda text: None))
    return rows, with_faulty(rows.head(0).assign(reason=""), faulty)


def _answer(told: Mapping[str, Any], period: str, store: Store) -> Answer:
    """Return a kept answer as the run had it: the same bytes, at its own time."""
    folder = f"{releases.RAW}/{disk.safe(told['source'])}/{disk.safe(period)}"
    stem = f"{folder}/{disk.safe(told['tag'])}.{told['sha256'][:8]}"
    found = answers.at(store.root, f"{stem}.json", told["sha256"])
    moment = dt.datetime.fromisoformat(told["retrieved"])
    return dataclasses.replace(found, retrieved=moment, headers=told["headers"])


def _parted(
    rows: pd.DataFrame, faulty: pd.DataFrame, held: Sequence[Sequence[str]], run: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part rows as the gate did then: the ids it refused, in its order, with its reasons."""
    refused = {name for name, _ in held}
    mine = quarantine.ids_of(rows)
    good = rows[~mine.isin(refused).to_numpy()].reset_index(drop=True)
    every = pd.concat([part for part in (rows.assign(reason=""), faulty) if len(part)] or [faulty])
    every = every.assign(_id=quarantine.ids_of(every).to_numpy()).drop_duplicates("_id")
    table = every.set_index("_id").loc[[name for name, _ in held]]
    return good, table.assign(reason=[why for _, why in held]).reset_index(drop=True)


# -- the whole store ------------------------------------------------------------------------------


def rebuild(
    store: Store, to: Store, tell: Callable[[str], object] = lambda text: None
) -> list[str]:
    """Make a store from the kept answers alone, in another place; return what differs from ours.

    Parameters
    ----------
    store : Store
        Only its folder ``raw`` is read, but for the comparison at the end.
    to : Store
        Where; nothing may lie there.
    tell : callable
        Takes one line of progress a run.

    Returns
    -------
    list of str
        A sentence for each file of ours that is not there byte for byte; of a store without
        faults, none.

    Raises
    ------
    StoreError
        If something lies there, there are no records, or an answer is spoiled.
    """
    if any(disk.files_of(to.root, top, "") for top in (*ledger.FOLDERS, releases.RAW)):
        raise StoreError(f"{to.root} is not empty; name a folder that is not there yet.")
    steps = journal.records(store.root)
    if not steps:
        raise StoreError(f"The store in {store.root} has no records under raw/_runs, so that nobody knows "
                         "which answers a run read; older editions left none.")  # fmt: skip
    for name in disk.files_of(store.root, releases.RAW, ""):
        disk.write(to.root, name, disk.read(store.root, name), 0o600)
    for step in steps:
        tell(f"{step['run']}: {step['what']} {step.get('source', '')}".rstrip())
        do(step, to, to)
    return _differences(store, to)


def _differences(store: Store, to: Store) -> list[str]:
    """Return what of a store is not the same in another."""
    found = []
    for top in ("vintages", "quarantine", "releases"):
        theirs = set(disk.files_of(to.root, top, ""))
        for name in disk.files_of(store.root, top, ""):
            if name not in theirs:
                found.append(f"{name}: no record says what it was made of")
            elif disk.read(store.root, name) != disk.read(to.root, name):
                found.append(f"{name}: made again, and not the same")
    return found
