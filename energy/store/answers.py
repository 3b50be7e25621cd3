"""Raw answers: each one's bytes and what was asked."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from energy.sources.contract import Answer, Request
from energy.store.base import StoreError
from energy.store.disk import as_json, files_of, load_json, read, safe, write


def keep(root: str, answer: Answer, period: str) -> str:
    digest, request = hashlib.sha256(answer.body).hexdigest(), answer.request
    if digest != answer.sha256:
        raise StoreError(f"The answer {request.tag!r} of {request.source} has the sha256 {digest}, "
                         f"not {answer.sha256}; it was changed on the way. Fetch it again.")  # fmt: skip
    if request.key_param and request.key_param in parse_qs(urlsplit(request.url).query):
        raise StoreError(
            f"The url of {request.tag!r} holds the key {request.key_param!r}; take it out before keeping."
        )
    folder = f"raw/{safe(request.source)}/{safe(period)}"
    stem = f"{folder}/{safe(request.tag)}.{digest[:8]}"
    heads = [_answer_head(root, name) for name in files_of(root, folder, ".json")]
    own = sorted((h for h in heads if h["tag"] == request.tag), key=lambda h: h["retrieved"])
    if own and own[-1]["sha256"] == digest:
        return digest
    if not any(head["sha256"] == digest for head in own):
        write(root, f"{stem}.bin", answer.body)
        return _write_head(root, answer, period, f"{stem}.json")
    # seen before, another in between: the same bytes, told again
    moment = answer.retrieved.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return _write_head(
        root, answer, period, f"{folder}/{safe(request.tag)}.{moment}.{digest[:8]}.json"
    )


def _write_head(root: str, answer: Answer, period: str, name: str) -> str:
    request = dataclasses.asdict(answer.request) | {"headers": _clean(answer.request.headers)}
    head = request | {
        "period": period,
        "status": answer.status,
        "answer_headers": _clean(answer.headers),
        "retrieved": answer.retrieved.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "sha256": answer.sha256,
    }
    write(root, name, as_json(head))
    return answer.sha256


SECRET = {"authorization", "cookie", "set-cookie", "proxy-authorization"}


def _clean(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers without those that may carry a key or a session."""
    return {
        str(k): str(v)
        for k, v in headers.items()
        if str(k).lower() not in SECRET and "key" not in str(k).lower()
    }


def _answer_head(root: str, name: str) -> dict[str, Any]:
    return load_json(root, name) | {"folder": name.rpartition("/")[0]}


def _answer(root: str, head: Mapping[str, Any]) -> Answer:
    """Return an answer from its head; refuse bytes that are not what they were."""
    body = read(root, _body_name(head))
    if hashlib.sha256(body).hexdigest() != head["sha256"]:
        raise StoreError(
            f"{_body_name(head)} is damaged: its sha256 is not {head['sha256'][:16]}…. Fetch it again."
        )
    request = Request(head["source"], head["tag"], head["url"], head["headers"], head["key_header"],
                      head["key_param"], tuple(head["empty"]))  # fmt: skip
    return Answer(request, head["status"], head["answer_headers"], body,
                  dt.datetime.fromisoformat(head["retrieved"]), head["sha256"])  # fmt: skip


def _body_name(head: Mapping[str, Any]) -> str:
    return f"{head['folder']}/{safe(head['tag'])}.{head['sha256'][:8]}.bin"


def raw_faults(root: str) -> list[str]:
    faults = []
    for name in files_of(root, "raw", ".json"):
        try:
            _answer(root, _answer_head(root, name))
        except StoreError as error:
            faults.append(str(error))
    return faults


def newest(root: str, source: str, period: str) -> list[Answer]:
    """Return the newest kept answer of each tag; see `Store.answers`."""
    folder = f"raw/{safe(source)}/{safe(period)}"
    found = sorted((_answer_head(root, name) for name in files_of(root, folder, ".json")),
                   key=lambda head: (head["tag"], head["retrieved"]))  # fmt: skip
    heads = {head["tag"]: head for head in found}
    return [_answer(root, head) for head in heads.values()]


def behind(root: str, ref: str) -> Answer:
    """Return the kept answer behind a reference; see `Store.raw`."""
    digest = ref.partition("#")[0]
    if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
        raise StoreError(f"{ref!r} names no kept answer; a reference reads 'sha256#place'.")
    for name in files_of(root, "raw", f".{digest[:8]}.json"):
        head = _answer_head(root, name)
        if head["sha256"].startswith(digest):
            return _answer(root, head)
    raise StoreError(f"No kept answer has the sha256 {digest}…; it was fetched into another store.")
