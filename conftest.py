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


def quarters_of_a_meter(first, second, retrieved):
    """Return two observations, quarters of one pipe, asked on a day."""
    import datetime as dt

    from energy.sources import reading
    from energy.sources.contract import Request

    asked = Request("meter", "monthly", "https://meter.example/api")
    when = dt.datetime.fromisoformat(retrieved).replace(tzinfo=dt.UTC)
    told = {"series": "flow", "entity": "pipe", "freq": "Q", "unit": "bcm", "basis": "20C",
            "status": "actual"}  # fmt: skip
    return reading.frame(
        reading.answer_of(asked, f"{first};{second}".encode(), retrieved=when),
        [
            {**told, "period": "2024Q4", "value": first},
            {**told, "period": "2025Q1", "value": second},
        ],
    )


@pytest.fixture(scope="session")
def kept_by_examples(tmp_path_factory):
    """What examples of the store find: ``rows``, and ``store``, which holds them twice, revised."""
    from energy.store import Store

    store = Store.open(tmp_path_factory.mktemp("store"))
    rows = quarters_of_a_meter(1.0, 2.0, "2025-05-01")
    store.publish("meter", "20250501T000000Z", rows)
    store.publish("meter", "20250801T000000Z", quarters_of_a_meter(1.0, 2.5, "2025-08-01"))
    store.manifest("2025Q2", "20250801T000000Z")
    return {"rows": rows, "store": store}


def light_site(patch):
    """Leave out atlas and layers: they have examples of their own, the page build-a-site writes all."""
    from branca.element import Figure

    def export(tracker, folder, **more):
        folder.mkdir(parents=True)
        (folder / "datapackage.json").write_text("{}", encoding="utf-8")

    patch.setattr("energy.tracker.Tracker.map", lambda tracker, *args, **more: Figure())
    patch.setattr("energy.tracker.Tracker.export", export)


@pytest.fixture(autouse=True)
def ground_of_examples(request):
    """Give an example its folder and the shared tracker, and close the figures it leaves open."""
    if not isinstance(request.node, pytest.DoctestItem):
        yield
        return
    import sys

    if request.node.dtest.name.startswith(("energy.store", "energy.intake")):
        request.node.dtest.globs.update(request.getfixturevalue("kept_by_examples"))
    with pytest.MonkeyPatch.context() as patch:
        desk = request.getfixturevalue("desk")
        patch.chdir(desk)
        patch.setenv("ENERGY_HOME", str(desk / "home"))  # what a test imported is not an example's
        patch.setattr("energy.load", request.getfixturevalue("one_load"))
        patch.setattr("energy.projection.shipped.DRAWS", FEW)
        if request.node.dtest.name.endswith("Maps.site"):
            light_site(patch)
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
