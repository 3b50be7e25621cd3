"""Sign the manifest of a release, and check it: files that `minisign` reads too.

The signature lies in ``signatures/<release>.minisig``. A manifest has the digest of every file of
its release and of the release before, so that one signature stands for all of it.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from energy.errors import MissingExtra
from energy.store import ledger, releases
from energy.store.base import StoreError
from energy.store.disk import read, there, write


def _keys() -> Any:
    """Import the kept library that signs."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtra(
            "Signing needs cryptography: pip install 'energy-trade-tracker[sign]'."
        ) from error
    return ed25519


def sign(root: str, release: str, key: str | Path) -> str:
    """Sign a release's manifest; return the file of the signature.

    Parameters
    ----------
    root, release : str
    key : path
        PEM of an Ed25519 key without a password: ``openssl genpkey -algorithm ed25519``.

    Returns
    -------
    str

    Raises
    ------
    StoreError
        If there is no such release, it is not sound, or the key is of another kind.
    MissingExtra
        Without the extra ``sign``.
    """
    ed25519 = _keys()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    body = _manifest(root, release)
    try:
        private = load_pem_private_key(Path(key).read_bytes(), None)
    except (ValueError, TypeError, OSError) as error:
        raise StoreError(f"{key} holds no key that can be read: {error}.") from error
    if not isinstance(private, ed25519.Ed25519PrivateKey):
        raise StoreError(f"{key} is no Ed25519 key; openssl genpkey -algorithm ed25519 makes one.")
    number = _key_id(private.public_key().public_bytes_raw())
    comment = f"release:{release}"
    made = private.sign(hashlib.blake2b(body).digest())
    whole = private.sign(made + comment.encode())
    text = (f"untrusted comment: signature of the manifest of {release}\n{_text(b'ED' + number + made)}\n"
            f"trusted comment: {comment}\n{_text(whole)}\n")  # fmt: skip
    name = f"signatures/{release}.minisig"
    write(root, name, text.encode())
    return name


def public_key(key: str | Path) -> str:
    """Return the public half of a private key as minisign writes it, to be handed out."""
    _keys()
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private: Any = load_pem_private_key(Path(key).read_bytes(), None)
    raw = private.public_key().public_bytes_raw()
    return f"untrusted comment: public key of a store\n{_text(b'Ed' + _key_id(raw) + raw)}\n"


def check(root: str, release: str, public: str | Path) -> str:
    """Check the signature of a release by a public key of minisign's form; return what it says.

    Raises
    ------
    StoreError
        If the release is not signed, by another key, or its manifest is not what was signed.
    """
    ed25519 = _keys()
    from cryptography.exceptions import InvalidSignature

    body, name = _manifest(root, release), f"signatures/{release}.minisig"
    if not there(root, name):
        raise StoreError(
            f"{release} is not signed: no {name}; energy store sign {release} --key FILE."
        )
    try:
        lines = read(root, name).decode().splitlines()
        line, comment = base64.b64decode(lines[1]), lines[2].removeprefix("trusted comment: ")
        whole = base64.b64decode(lines[3])
        held = base64.b64decode(Path(public).read_text(encoding="utf-8").splitlines()[1])
    except (ValueError, IndexError, OSError) as error:
        raise StoreError(f"{name} or {public} cannot be read: {error}.") from error
    if held[2:10] != line[2:10]:
        raise StoreError(f"{name} was made with another key than {public}.")
    try:
        judge = ed25519.Ed25519PublicKey.from_public_bytes(held[10:])
        judge.verify(line[10:], hashlib.blake2b(body).digest())
        judge.verify(whole, line[10:] + comment.encode())
    except (InvalidSignature, ValueError) as error:
        raise StoreError(f"{releases.path_of(release)} is not what was signed.") from error
    return comment


def _manifest(root: str, release: str) -> bytes:
    known = ledger.catalog(root)
    if release not in known.releases:
        names = ", ".join(known.releases) or "none"
        raise StoreError(f"No release {release!r} in the store (releases: {names}).")
    releases.proven(root, known, release)
    return read(root, releases.path_of(release))


def _key_id(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:8]


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()
