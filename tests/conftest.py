"""Fixtures: the package's own facts, and a handful of hand-made ones that can be checked by eye."""

from __future__ import annotations

import collections
import os
import tarfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

# no test depends on the speed of the machine
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(scope="session")
def tracker():
    import energy

    return energy.load()


@pytest.fixture(scope="session")
def gem_lines(tmp_path_factory):
    """All of GEM's gas routes: from GEM_GAS_DIR, or unpacked from the shared folder."""
    from geodata import gem

    if os.environ.get("GEM_GAS_DIR"):
        return gem.read_folder(os.environ["GEM_GAS_DIR"])
    archive = SHARED / "upstream" / "gem" / "gem-gas-pipelines.tar.xz"
    if not archive.is_file():
        pytest.skip("GEM's routes are not at hand: set GEM_GAS_DIR to their folder")
    folder = tmp_path_factory.mktemp("gem")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return gem.read_folder(folder)


@pytest.fixture
def tiny():
    """A pipe to market x, two corridors, one with two exits; enough columns for the cube.

    Of the corridor only 2021 is known, with both exits; the mouth of the sea line since 2021 only.
    """

    def table(columns: str, *rows: str) -> pd.DataFrame:
        names = columns.split()
        return pd.DataFrame(
            [dict(zip(names, row.split("|"), strict=True)) for row in rows], columns=names
        )

    volumes = table(
        "id series entity period freq value unit basis coverage source page published status derived note",
        "V0001|flow|pipe|2020|A|12.2|bcm|20C|1|press||2021-01|actual||",
        "V0002|flow|pipe|2021|A|12|bcm|20C|1|press||2022-01|actual||",
        "V0003|flow|pipe|2021-01|M|2|bcm|20C|1|press||2021-02|actual||",
        "V0004|flow|pipe|2021Q3|Q|1|bcm|20C|0.5|meter||2021-10|provisional||",
        "V0005|flow|pipe|2020|A|13|bcm|20C|1|blog||2021-02|actual||",
        "V0006|flow|corridor|2021|A|14|bcm|20C|1|press||2022|actual||",
        "V0007|flow|exit|2021|A|105|TWh|GCV|1|meter||2022|actual||",
        "V0008|flow|exit|2020|A|1|bcm|unstated|1|blog||2021|actual||",
        "V0009|flow|gate|2021|A|32|TWh|GCV|1|meter||2022|actual||",
        "V0010|flow|sea|2020|A|6|bcm|20C|1|press||2021|actual||",
        "V0011|flow|sea|2021|A|7|bcm|20C|1|press||2022|actual||",
        "V0012|flow|mouth|2021|A|7|bcm|20C|1|meter||2022|actual||",
    )
    volumes = volumes.astype({"value": float, "coverage": float}).assign(derived=False)
    route_facts = table(
        "id route attribute value unit basis valid_from valid_to status source note",
        "R0001|pipe|capacity|10|bcm/yr|20C||2021-01-01|actual|press|",
        "R0002|pipe|capacity|20|bcm/yr|20C|2021-01-01||actual|press|",
        "R0003|pipe|start|2020-07-01||||||press|",
        "R0004|exit|gcv|10.5|kWh/m3|20C||||press|",
        "R0005|corridor|stop|2021-07-01||||||press|",
        "R0011|gate|gcv|8|kWh/m3|20C||||press|",
    )
    routes = table(
        "route name status role part_of",
        "pipe|The Pipe|operating|export|",
        "corridor|The Corridor|idle|export|",
        "exit|The Exit|idle|exit|corridor",
        "plan|The Plan|proposed|export|",
        "gate|The Gate|idle|exit|corridor",
        "sea|The Sea|operating|export|",
        "mouth|The Mouth|operating|exit|sea",
    )
    crosswalk = table(
        "id kind key target valid_from valid_to",
        "W0001|market|pipe|x||",
        "W0002|market|corridor|y||",
        "W0003|market|exit|z||",
        "W0004|market|gate|w||",
        "W0005|market|sea|s||",
        "W0006|market|mouth|m||",
    )
    return {
        "volumes": volumes,
        "route-facts": route_facts,
        "routes": routes,
        "crosswalk": crosswalk,
        "sources": table("source kind title", "press|press|A paper", "meter|operator|Meters", "blog|press|A blog"),
        "preferences": table("series entity rank prefer reason", "flow|*|1|kind:operator|meters count",
                             "flow|pipe|1|source:press|named"),
        "profiles": table("route first_year last_year month weight").astype(float),
        "corrections": table("id table row action expect value reason state source"),
    }  # fmt: skip


LONG = {
    "test_notebooks.py", "test_site.py", "test_as_of.py", "test_update_faults.py", "test_mend.py",
    "test_clearing.py", "test_pages.py", "test_docs.py", "test_store_s3.py", "test_build.py",
    "test_one_answer.py", "test_fuzz.py", "test_projection_leak.py", "test_lab.py", "maps.py",
    "test_shown.py", "test_one_more_quarter.py", "test_fills.py", "test_own_route.py",
}  # fmt: skip
"""Files of few tests that take long; begun last, one of two processes would wait for them."""


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items):
    """Long files first, then those of many tests; the tests of a file keep their order.

    What opens Chromium is the browser's, whether a test says so or not.
    """
    for item in items:
        if "chrome" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    count = collections.Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path.name not in LONG, -count[item.path], str(item.path)))
