"""Raw answers: each one's bytes and what was asked."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from energy.sources.contract import Answer, Request
from energy.store.base import StoreError
from energy.store.disk import (
    damaged,
    files_of,
    load_json,
    read,
    safe,
    seal,
    set_aside,
    there,
    write,
)
from energy.store.journal import RUNS
from energy.store.releases import RAW, body_of

PRIVATE, OPEN = 0o600, 0o666
OPEN_LICENCES = ("attribution", "CC-BY", "reference to", "credit to", "Public information")
"""Words of licences that let the answers themselves be passed on; all others are kept private."""
CLOSED = ("derived", "Personal", "no bulk")


def keep(root: str, answer: Answer, period: str, licence: str = "") -> str:
    """Keep an answer whole, once; see `Store.keep`.

    What it costs does not depend on how many are kept: the newest answer of each tag is looked up
    in a small copy under ``newest``, never in a list of the folder.

    Examples
    --------
    >>> from energy.sources.reading import answer_of
    >>> answer = answer_of(Request("meter", "monthly", "https://meter.example/api"), b"2.0")
    >>> keep("kept-whole", answer, "2025Q1") == answer.sha256
    True
    """
    digest, request = hashlib.sha256(answer.body).hexdigest(), answer.request
    if digest != answer.sha256:
        raise StoreError(f"The answer {request.tag!r} of {request.source} has the sha256 {digest}, "
                         f"not {answer.sha256}; it was changed on the way. Fetch it again.")  # fmt: skip
    if request.key_param and request.key_param in parse_qs(urlsplit(request.url).query):
        raise StoreError(
            f"The url of {request.tag!r} holds the key {request.key_param!r}; take it out before keeping."
        )
    folder, tag = f"{RAW}/{safe(request.source)}/{safe(period)}", safe(request.tag)
    stem, mode = f"{folder}/{tag}.{digest[:8]}", rights(licence)
    seen = _is_whole(root, stem, answer)
    if seen and _newest(root, folder, request.tag) == digest:
        return digest
    name = f"{stem}.json"
    if there(root, name):  # another came in between, or the head is spoiled: the same, told again
        moment = answer.retrieved.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
        name = f"{folder}/{tag}.{moment}.{digest[:8]}.json"
    if not seen:
        write(root, f"{stem}.bin", answer.body, mode)
    write(root, _pointer(folder, tag), seal({"sha256": digest, "head": name}), over=True)
    _write_head(root, answer, period, name, mode)
    return digest


def rights(licence: str) -> int:
    """Return the rights of a kept answer: its owner's only, unless the licence lets it be passed on.

    >>> oct(rights("CC-BY-4.0")), oct(rights("publish derived sums only")), oct(rights(""))
    ('0o666', '0o600', '0o600')
    """
    free = any(word in licence for word in OPEN_LICENCES)
    return OPEN if free and not any(word in licence for word in CLOSED) else PRIVATE


def _is_whole(root: str, stem: str, answer: Answer) -> bool:
    """Tell whether these bytes are kept already; spoiled ones step aside for the sound ones."""
    name = f"{stem}.bin"
    if not there(root, name):
        return False
    if read(root, name) == answer.body:
        return there(root, f"{stem}.json")
    set_aside(root, name)
    return False


def _pointer(folder: str, tag: str) -> str:
    return f"newest/{folder.removeprefix(f'{RAW}/')}/{tag}.json"


def _newest(root: str, folder: str, tag: str) -> str:
    """Return the digest of the newest kept answer of a tag; a lost copy is looked up once."""
    name = _pointer(folder, safe(tag))
    with contextlib.suppress(StoreError, KeyError):
        if there(root, name):
            entry = load_json(root, name)
            return str(entry["sha256"]) if there(root, entry["head"]) else ""
    heads = {each: _answer_head(root, each) for each in files_of(root, folder, ".json")}
    own = sorted((h["retrieved"], h["sha256"], n) for n, h in heads.items() if h["tag"] == tag)
    if not own:
        return ""
    _, digest, head = own[-1]
    write(root, name, seal({"sha256": digest, "head": head}), over=True)
    return str(digest)


def _write_head(root: str, answer: Answer, period: str, name: str, mode: int) -> None:
    request = dataclasses.asdict(answer.request) | {"headers": clean(answer.request.headers)}
    head = request | {
        "period": period,
        "status": answer.status,
        "answer_headers": clean(answer.headers),
        "retrieved": answer.retrieved.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "sha256": answer.sha256,
    }
    write(root, name, seal(head), mode)


SECRET = {"authorization", "cookie", "set-cookie", "proxy-authorization"}


def clean(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers without those that may carry a key or a session.

    Examples
    --------
    >>> clean({"Content-Type": "text/csv", "Set-Cookie": "id=1", "x-api-key": "secret"})
    {'Content-Type': 'text/csv'}
    """
    return {
        str(k): str(v)
        for k, v in headers.items()
        if str(k).lower() not in SECRET and "key" not in str(k).lower()
    }


HEAD = {"source", "tag", "url", "headers", "key_header", "key_param", "empty", "period", "status",
        "answer_headers", "retrieved", "sha256"}  # fmt: skip


def _answer_head(root: str, name: str) -> dict[str, Any]:
    head = load_json(root, name)
    lacking = sorted(HEAD - set(head))
    if lacking and not name.startswith(RUNS):
        raise damaged(name, f"it lacks {', '.join(lacking)}, which the head of an answer has")
    return head | {"folder": name.rpartition("/")[0]}


def _answer(root: str, head: Mapping[str, Any]) -> Answer:
    """Return an answer from its head; refuse bytes that are not what they were."""
    place = body_of(f"{head['folder']}/", head)
    body = read(root, place)
    if hashlib.sha256(body).hexdigest() != head["sha256"]:
        raise StoreError(
            f"{place} is damaged: its sha256 is not {head['sha256'][:16]}…. Fetch it again."
        )
    request = Request(head["source"], head["tag"], head["url"], head["headers"], head["key_header"],
                      head["key_param"], tuple(head["empty"]))  # fmt: skip
    return Answer(request, head["status"], head["answer_headers"], body,
                  dt.datetime.fromisoformat(head["retrieved"]), head["sha256"])  # fmt: skip


def raw_faults(root: str) -> dict[str, str]:
    """Return the records and bodies that are spoiled, with the sentence.

    Examples
    --------
    >>> raw_faults(store.root)
    {}
    """
    faults = {}
    for name in files_of(root, RAW, ".json"):
        try:
            head = _answer_head(root, name)
            if not name.startswith(RUNS):
                _answer(root, head)
        except StoreError as error:
            faults[name] = str(error)
    return faults


def newest(root: str, source: str, period: str) -> list[Answer]:
    """Return the newest kept answer of each tag; see `Store.answers`.

    Examples
    --------
    >>> newest(store.root, "meter", "2025Q1")
    []
    """
    folder = f"raw/{safe(source)}/{safe(period)}"
    found = sorted((_answer_head(root, name) for name in files_of(root, folder, ".json")),
                   key=lambda head: (head["tag"], head["retrieved"]))  # fmt: skip
    heads = {head["tag"]: head for head in found}
    return [_answer(root, head) for head in heads.values()]


def at(root: str, name: str, digest: str) -> Answer:
    """Return the answer of a head, or of another head of the same bytes where it is gone.

    Raises
    ------
    StoreError
        If no head of these bytes is sound.
    """
    folder, end = name.rpartition("/")[0], f".{digest[:8]}.json"
    for each in [name, *files_of(root, folder, end)]:
        with contextlib.suppress(StoreError):
            head = _answer_head(root, each)
            if head["sha256"] == digest:
                return _answer(root, head)
    raise StoreError(f"{name} is gone or damaged, and no other head tells of the same bytes.")


def behind(root: str, ref: str) -> Answer:
    """Return the kept answer behind a reference; see `Store.raw`.

    Examples
    --------
    >>> behind(store.root, "no reference")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: 'no reference' names no kept answer; a reference reads 'sha256#place'.
    """
    digest = ref.partition("#")[0]
    if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise StoreError(f"{ref!r} names no kept answer; a reference reads 'sha256#place'.")
    for name in files_of(root, RAW, f".{digest[:8]}.json"):
        head = _answer_head(root, name)
        if head["sha256"].startswith(digest):
            return _answer(root, head)
    raise StoreError(f"No kept answer has the sha256 {digest}…; it was fetched into another store.")
