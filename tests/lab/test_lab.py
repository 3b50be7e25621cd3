"""A few seconds of each sweep of the laboratory; a failing seed is printed and does the same again."""

from __future__ import annotations

import os
import random

import lab
import pytest

SEED = int(os.environ.get("LAB_SEED") or random.SystemRandom().randrange(10**6))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("name", [name for name, (_, short, _) in lab.SWEEPS.items() if short])
def test_nothing_comes_that_should_not(name):
    found = lab.sweep(name, SEED)
    assert len(found) >= 4
    again = f"LAB_SEED={SEED} pytest tests/lab, or python tests/lab/lab.py --seed {SEED} {name}"
    assert lab.faults(found) == [], again


def test_the_same_seed_does_the_same_harm():
    assert lab.sweep("clocks", 7) == lab.sweep("clocks", 7) != lab.sweep("clocks", 8)


def test_a_wrong_outcome_is_counted():
    found = [("vintage", "found; reading: refused"), ("vintage", "NOT FOUND; reading: CHANGED")]
    assert lab.faults(found) == found[1:]
    assert "2 tried, 1 not as they should be" in "\n".join(lab.report("flips", found))
