"""The verb that keeps the store in health: verify, repair, rebuild, retire, sign."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from energy.cli.command import Verbs, add_verb, list_faults, say, tell
from energy.errors import UsageError

if TYPE_CHECKING:
    from energy.store import Store

DOES = ("verify", "repair", "rebuild", "retire", "sign", "check")


def _store(verbs: Verbs) -> None:
    verb = add_verb(verbs, "store", _run_store, "prove the store, mend it, make it again from its answers",
                 "examples:\n  energy store verify              every byte against its digest; nothing is written\n"
                 "  energy store repair              what is damaged or lost is made again; older stores upgraded\n"
                 "  energy store rebuild new/        the whole store from the kept answers alone, in new/\n"
                 "  energy store retire 20360101T000000Z --reason 'the clock stood in 2036'\n"
                 "  energy store sign 2026Q3 --key key.pem       sign a release (openssl genpkey -algorithm ed25519)\n"
                 "  energy store check 2026Q3 --key minisign.pub is it what was signed?\n"
                 "exit code 1 where a fault is left")  # fmt: skip
    verb.add_argument("do", choices=DOES, metavar="DO", help=", ".join(DOES))
    verb.add_argument("what", nargs="?", metavar="WHAT",
                      help="rebuild: the new folder; retire: the run, as YYYYMMDDThhmmssZ")  # fmt: skip
    verb.add_argument("--key", default="", help="sign: the private key; check: the public one")
    verb.add_argument("--reason", default="", help="retire: why that run is not to be believed")


VERBS = (_store,)


def _run_store(options: argparse.Namespace) -> int:
    from energy.store import Store

    store = Store.open()
    if options.do in ("verify", "repair") and options.what:
        raise UsageError(f"Word {options.what!r} is one too many for energy store {options.do}.")
    if options.do == "verify":
        return list_faults(store.verify())
    if options.do == "repair":
        return _repair(store)
    if options.do == "rebuild":
        return _rebuild(store, options.what)
    if options.do in ("sign", "check"):
        return _signed(store, options)
    if not options.what:
        raise UsageError("Name the run to retire, e.g. energy store retire 20360101T000000Z.")
    gone = store.retire(options.what, options.reason)
    print("\n".join(gone))
    say(f"energy: {len(gone)} files count no longer; they stay where they are")
    return 0


def _repair(store: Store) -> int:
    from energy.intake import mend

    done = store.repair(mend.again(store))
    print("\n".join(done or ["nothing to mend"]))
    return list_faults(store.verify())


def _rebuild(store: Store, folder: str | None) -> int:
    from energy.intake import mend
    from energy.store import Store

    if not folder:
        raise UsageError("Name a folder that is not there yet, e.g. energy store rebuild new/.")
    to = Store.open(folder)
    left = mend.rebuild(store, to, tell)
    for line in left:
        say(f"  - {line}")
    same = len(to.vintages())
    say(
        f"energy: {same} vintages made in {to.root}; {len(left) or 'no'} files differ from {store.root}"
    )
    return 1 if left else 0


def _signed(store: Store, options: argparse.Namespace) -> int:
    from energy.store import signing

    if not (options.what and options.key):
        raise UsageError(f"energy store {options.do} needs a release and --key FILE.")
    if options.do == "check":
        return say(f"energy: sound, {signing.check(store.root, options.what, options.key)}")
    print(signing.sign(store.root, options.what, options.key))
    print(signing.public_key(options.key), end="")
    return 0
