"""Publish what came and tag a release: rows first, the folder next, the manifest last."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from energy import facts
from energy import store as memory
from energy.intake import mend
from energy.intake.asking import Delivery, Job
from energy.intake.clocks import (
    check_asked,
)
from energy.intake.judging import valued
from energy.intake.planning import Tell
from energy.store import Store, audit, disk
from energy.store.audit import BUILDS


def last_release(store: Store) -> dict[str, Any] | None:
    """Return the newest release by its run."""
    heads = [head for name in store.releases() if (head := memory.find_release(store, name))]
    return max(heads, key=lambda head: (head["run"], head["release"]), default=None)


def publish(deliveries: Sequence[Delivery], job: Job) -> pd.DataFrame:
    """Write refused and good rows, source by source; return what is known afterwards.

    Refused rows go first: a run killed in between finds them held and judges nothing anew.
    """
    if job.applies:
        for delivery in deliveries:
            if delivery.answers:
                mend.note(job.store, job.run, "update", delivery.answers, delivery.doubtful,
                          source=delivery.name, period=job.period)  # fmt: skip
            if len(delivery.doubtful):
                job.store.quarantine(job.run, delivery.doubtful)
            if len(delivery.good):
                check_asked(delivery.good, job.run)
                made = job.store.publish(delivery.name, job.run, delivery.good)
                job.tell(f"{delivery.name}: " + (f"published {made.new} new and {made.revised} revised"
                         if made else "nothing new"))  # fmt: skip
        return valued(job.store.observations())
    parts = [job.store.observations(), *(d.good for d in deliveries if len(d.good))]
    return valued(memory.last_known(pd.concat(parts, ignore_index=True)))


def make_release(
    job: Job, files: Mapping[str, str], build: Callable[[Path], object] | None
) -> tuple[str, Path | None]:
    """Build into a folder and tag it; nothing where the last release holds the same vintages.

    The folder gets its name first and the manifest last: without a manifest it is no release, and
    the next run makes it anew.
    """
    store, last = job.store, last_release(job.store)
    held = [line["path"] for line in last["vintages"]] if last else []
    ours = [n for n in store.releases() if n == job.period or n.startswith(f"{job.period}-")]
    if last and last["release"] in ours and held == store.vintages():
        job.tell("nothing changed since " + last["release"])
        folder = _built(store, last["release"])
        if folder.is_dir():
            for file, why in audit.built_faults(folder, last["artefacts"]).items():
                job.tell(f"{folder / file} {why}")
        return last["release"], folder
    name = f"{job.period}-{len(ours) + 1:02d}" if ours else job.period
    folder = _built(store, name)
    spare = folder.with_name(f".{name}.part")
    try:
        _build_into(spare, files, build, job.tell)
        shutil.rmtree(folder, ignore_errors=True)
        spare.replace(folder)
        disk.sync(folder.parent)
    except (OSError, RuntimeError) as error:  # HDF5 tells a full disk as either
        shutil.rmtree(spare, ignore_errors=True)
        if disk.errno_of(error) is None:
            raise
        raise disk.refusal(store.root, f"{BUILDS}/{name}", error) from error
    store.manifest(job.period, job.run, _digests(folder))
    job.tell(f"release {name}: {folder}")
    return name, folder


def _build_into(
    spare: Path, files: Mapping[str, str], build: Callable[[Path], object] | None, tell: Tell
) -> None:
    """Build into an empty folder, and see every file of it to the disk."""
    shutil.rmtree(spare, ignore_errors=True)
    spare.mkdir(parents=True)
    for file, text in files.items():
        (spare / file).write_text(text, encoding="utf-8")
    if build:
        tell("building layers, map and summary …")
        build(spare)
    for path in spare.rglob("*"):
        disk.sync(path)


def _built(store: Store, name: str) -> Path:
    root = facts.home() if "://" in store.root else Path(store.root)
    return root / BUILDS / name


def _digests(folder: Path) -> dict[str, str]:
    """Return sha256 of each file, by its name below the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files}  # fmt: skip
