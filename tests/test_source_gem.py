"""Global Energy Monitor: an archive from outside, opened with care."""

from __future__ import annotations

import io
import tarfile
import zipfile

import pytest
from samples import EDITION, ROUTE, ROUTES, SHARED, TOP, answer, tar, zipped

from energy.sources import SourceError, gem
from geodata import gem as lines

NAME = f"{TOP}/gas-pipelines/P2352.geojson"


def read(body):
    return gem.parse(answer("gem", body, type="application/octet-stream"))


@pytest.mark.parametrize(
    "body", [tar(), tar(mode="w:xz"), tar(mode="w:bz2"), tar(mode="w"), zipped(ROUTES)]
)
def test_vertices_of_our_projects_by_edition(body):
    table = read(body).set_index("entity")
    assert table["value"].to_dict() == {"p2352": 4.0, "p2353": 0.0}  # an empty file: no route drawn
    assert set(table["published"]) == set(table["period"]) == {"2026-04-07"}
    assert set(table["note"]) == {gem.ATTRIBUTION} and "CC BY 4.0" in gem.ATTRIBUTION
    assert lines.credit() == gem.ATTRIBUTION  # as the lines are credited


def test_unpacking_writes_the_gas_routes_and_the_attribution(tmp_path):
    folder = gem.unpack(answer("gem", tar(), type=""), tmp_path / "gem")
    assert sorted(p.name for p in folder.iterdir()) == [
        "P2352.geojson",
        "P2353.geojson",
        "P9999.geojson",
    ]
    assert (folder / "P2352.geojson").read_bytes() == ROUTE  # of gas, not of oil
    assert "Global Energy Monitor" in (tmp_path / "gem" / "ATTRIBUTION.txt").read_text()


def test_what_was_unpacked_is_what_geodata_reads(tmp_path):
    from geodata.gem import read_folder

    routes = read_folder(gem.unpack(answer("gem", tar(), type=""), tmp_path))
    assert (
        routes.index.to_list() == ["P2352", "P2353", "P9999"]
        and routes.loc["P2353", "geometry"] is None
    )


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../gas/P0001.geojson", "leads out of its folder"),
        ("/gas/P0001.geojson", "leads out of its folder"),
        ("a/../../gas/P0001.geojson", "leads out of its folder"),
        ("C:/gas/P0001.geojson", "leads out of its folder"),
        ("..\\gas\\P0001.geojson", "leads out of its folder"),
    ],
)
@pytest.mark.parametrize("pack", [tar, zipped])
def test_path_traversal_is_refused(tmp_path, pack, name, match):
    body = pack({name: ROUTE} | ROUTES)
    with pytest.raises(SourceError, match=match):
        read(body)
    with pytest.raises(SourceError, match=match):
        gem.unpack(answer("gem", body, type=""), tmp_path / "in" / "deep")
    assert list(tmp_path.rglob("P0001*")) == []


@pytest.mark.parametrize("target", [b"/etc/passwd", b"P2352.geojson"])
def test_links_are_refused(target):
    with pytest.raises(SourceError, match="is a link or device; not unpacked"):
        read(tar(link=target))


def test_a_bomb_is_stopped_while_it_unpacks(monkeypatch):
    monkeypatch.setattr(gem, "LARGEST", 2**20)
    bomb = tar({f"{TOP}/oil-pipelines/{n}": bytes(2**19) for n in range(40)})
    assert len(bomb) < 50_000
    with pytest.raises(SourceError, match="unpacks to more than 1,048,576 bytes"):
        read(bomb)
    with pytest.raises(SourceError, match=r"unpacks to .* bytes; at most 1,048,576"):
        read(zipped({f"{TOP}/oil-pipelines/{n}": bytes(2**19) for n in range(40)}))


def test_a_single_huge_member_is_refused(monkeypatch):
    monkeypatch.setattr(gem, "LARGEST_MEMBER", 1000)
    with pytest.raises(SourceError, match="has 2,000 bytes; not taken"):
        read(tar({NAME: bytes(2000)}))
    with pytest.raises(SourceError, match="is larger than the archive says"):
        read(zipped({NAME: bytes(2000)}))


def test_a_false_table_of_contents_is_refused():
    body = bytearray(zipped({NAME: ROUTE * 100}))
    member = zipfile.ZipFile(io.BytesIO(bytes(body))).infolist()[0]
    size = member.file_size.to_bytes(4, "little")
    body = body.replace(size, (10).to_bytes(4, "little"))
    with pytest.raises(SourceError, match=r"larger than the archive says|cannot be read"):
        read(bytes(body))


def test_a_device_is_refused():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo(NAME)
        member.type, member.mtime = tarfile.CHRTYPE, EDITION
        archive.addfile(member)
    with pytest.raises(SourceError, match="is a link or device"):
        read(file.getvalue())


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (lambda: tar()[:200], "breaks off or is damaged"),
        (lambda: tar()[:-1], "breaks off or is damaged"),
        (lambda: tar({"x/README.md": b"x"}), "No route file in a folder gas or gas-pipelines"),
        (
            lambda: tar({NAME.replace("P2352", "P9998"): ROUTE}),
            "None of the .* projects of routes.csv",
        ),
        (lambda: tar({NAME: b"{"}), "P2352.geojson breaks off or is faulty"),
        (lambda: b"Rar!" + bytes(100), "breaks off or is damaged"),
    ],
)
def test_faults(body, match):
    with pytest.raises(SourceError, match=match):
        read(body())


def test_unpacking_nothing_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="No route file in a folder"):
        gem.unpack(answer("gem", tar({"x/README.md": b"x"}), type=""), tmp_path)


@pytest.mark.once
def test_the_whole_archive_of_april_2026():
    path = SHARED.parent / "gem" / "gem-gas-pipelines.tar.xz"
    if not path.exists():
        pytest.skip("Global Energy Monitor's archive lies outside the package")
    table = read(path.read_bytes()).set_index("entity")["value"]
    assert len(table) > 40 and table["p2352"] > 1000
