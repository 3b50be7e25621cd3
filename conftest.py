"""The ground that tests and examples stand on: a home, a cache and a folder of their own."""

from __future__ import annotations

import functools
import os

import pytest

FEW = 256  # draws of a projection that an example shows


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory):
    """Keep every test away from the user's own store and cache; the workers of a run share one."""
    home = tmp_path_factory.mktemp("home")
    os.environ["ENERGY_HOME"] = str(home)
    base = tmp_path_factory.getbasetemp()
    common = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    os.environ["ENERGY_CACHE"] = str(common / "cache")
    return home


@pytest.fixture(scope="session")
def one_load():
    """Open the tracker once for all examples: each says ``energy.load()``, as a reader would."""
    import energy

    return functools.cache(energy.load)


@pytest.fixture(scope="session")
def desk(tmp_path_factory):
    """A folder in which examples write their files."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(autouse=True)
def ground_of_examples(request):
    """Give an example its folder and the shared tracker, and close the figures it leaves open."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    import sys

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(request.getfixturevalue("desk"))
        patch.setattr("energy.load", request.getfixturevalue("one_load"))
        patch.setattr("energy.tracker.ahead.EXPORT_DRAWS", FEW)
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
