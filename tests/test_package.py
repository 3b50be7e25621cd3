"""The wheel: it carries the notices and licences of what is in it, and a page without holes."""

import re
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from hatch_build import addressed

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the files of the package as it is built, by name."""
    build = pytest.importorskip("hatchling.build")
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build.build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as archive:
        return {each: archive.read(each) for each in archive.namelist()}


def told(wheel, end):
    (name,) = [each for each in wheel if each.endswith(end)]
    return wheel[name].decode("utf-8")


def test_the_wheel_carries_notices_licences_types_and_data(wheel):
    notice = told(wheel, ".dist-info/licenses/NOTICE")
    for word in ("Natural Earth", "Leaflet", "BSD 2-Clause", "CC BY 4.0"):
        assert word in notice
    assert "MIT" in told(wheel, ".dist-info/licenses/LICENSE")
    assert {"energy/py.typed", "geodata/py.typed", "energy/data/volumes.csv"} <= set(wheel)
    assert not [name for name in wheel if name.startswith(("tests/", "notebooks/", "docs/"))]


def test_the_page_of_the_package_has_no_dead_link(wheel):
    page = message_from_string(told(wheel, ".dist-info/METADATA"))
    assert page["License-Expression"] == "MIT AND CC-BY-4.0"
    text = page.get_payload()
    assert text.startswith("# energy-trade-tracker") and "t = energy.load()" in text
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert [link for link in links if not link.startswith("https://")] == []


def test_with_an_address_the_picture_is_shown():
    text = addressed((ROOT / "README.md").read_text(encoding="utf-8"), "https://example.org/gas")
    assert "](https://example.org/gas/notebooks/atlas.png)" in text
    assert re.findall(r"\]\((?!https://)", text) == []
