"""Examples in docstrings open the tracker again and again; in the tests they share one."""

import functools

import pytest


@pytest.fixture(autouse=True)
def one_tracker_for_examples(request, monkeypatch):
    """Let ``energy.load()`` of an example give the same tracker each time; its tables are the same."""
    if not isinstance(request.node, pytest.DoctestItem):
        return
    import energy

    monkeypatch.setattr(energy, "load", opened)


@functools.cache
def opened(*asked):
    from energy.tracker import Tracker

    return Tracker.open(*asked)
