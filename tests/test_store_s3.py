"""The store on a real S3 server on loopback: the same folder reads the same, and writes the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import boto3
import fsspec
import pandas as pd
import pytest
import s3fs
from moto.server import ThreadedMotoServer
from test_store import R1, R2, answer, files, refused, row, table

import energy
from energy.store import Store, StoreError, StoreLocked, disk

pytestmark = pytest.mark.slow

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1"}  # fmt: skip


@pytest.fixture(scope="module")
def bucket():
    """Return a client of a bucket called gas; fsspec knows the server, as a user would tell it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        patch.setitem(fsspec.config.conf, "s3", {"endpoint_url": f"http://{host}:{port}"})
        client = boto3.client("s3", endpoint_url=f"http://{host}:{port}")
        client.create_bucket(Bucket="gas")
        yield client
        s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture
def empty(bucket, request):
    """Return a store there of this test's own."""
    return Store.open(f"s3://gas/{request.node.name}")


def fill(home: Store) -> Store:
    """Write all that a store holds: vintages, answers, refused rows, a release."""
    home.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    home.publish("meter", R2, again())
    home.keep(answer(b"1"), "2025Q1")
    home.quarantine(R2, refused(row(900.0)))
    home.manifest("2025Q2", R2)
    return home


def again() -> pd.DataFrame:
    return table(row(1.5, retrieved="2025-08-01"), row(3.0, "2025Q3", "2025-08-01"))


@pytest.fixture(scope="module")
def there(bucket):
    return fill(Store.open("s3://gas/energy"))


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return fill(Store.open(tmp_path_factory.mktemp("home")))


def held(client, prefix: str) -> dict[str, bytes]:
    """Return the objects below a prefix, read past the store."""
    found = client.list_objects_v2(Bucket="gas", Prefix=f"{prefix}/").get("Contents", [])
    return {item["Key"].removeprefix(f"{prefix}/"):
            client.get_object(Bucket="gas", Key=item["Key"])["Body"].read() for item in found}  # fmt: skip


def same(a: Store, b: Store) -> None:
    for day in ("2025-06-01", "2025Q2"):
        pd.testing.assert_frame_equal(a.observations(day), b.observations(day))
    pd.testing.assert_frame_equal(a.quarantined(), b.quarantined())
    assert a.vintages() == b.vintages() and a.releases() == b.releases() == ["2025Q2"]
    assert a.answers("meter", "2025Q1") == b.answers("meter", "2025Q1")
    assert a.verify() == b.verify() == []


def test_a_folder_that_was_copied_there_reads_the_same(bucket, empty, here):
    for name in files(here.root):
        body = Path(here.root, name).read_bytes()
        bucket.put_object(
            Bucket="gas", Key=f"{empty.root.removeprefix('s3://gas/')}/{name}", Body=body
        )
    same(empty, here)


def test_what_is_written_there_is_the_same_bytes(bucket, there, here, tmp_path):
    found = held(bucket, "energy")
    ours = {name: Path(here.root, name).read_bytes() for name in files(here.root)}
    assert set(found) == set(ours)  # no lock is left
    assert {n for n in ours if ours[n] != found[n]} <= {"releases/2025Q2.json"}  # time of tagging
    for name, body in found.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(body)
    same(Store.open(tmp_path), there)


def test_a_second_run_adds_nothing(bucket, there):
    before = set(held(bucket, "energy"))
    assert there.publish("meter", R2, again()) is None
    there.keep(answer(b"1"), "2025Q1")
    assert set(held(bucket, "energy")) == before


def test_an_index_there_answers_the_same(empty):
    empty.publish("meter", R1, table(row(1.0), row(2.0, "2025Q2")))
    known = empty.observations("2025-09-01")
    assert empty.index() is not None
    pd.testing.assert_frame_equal(empty.observations("2025-09-01"), known)


def test_an_object_is_never_written_over(empty):
    disk.write(empty.root, "note.json", b"{}")
    disk.write(empty.root, "note.json", b"{}")  # the same bytes: nothing to do
    with pytest.raises(StoreError, match=r"note\.json exists already; the store only adds files"):
        disk.write(empty.root, "note.json", b"[]")
    assert disk.read(empty.root, "note.json") == b"{}"


def test_what_another_process_wrote_is_seen(empty):
    """No list that fsspec keeps may hide a newer vintage."""
    empty.publish("meter", R1, table(row(1.0)))
    assert len(empty.observations()) == 1
    code = (
        f"import fsspec; fsspec.config.conf['s3'] = {fsspec.config.conf['s3']!r}\n"
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_store import R2, row, table\nfrom energy.store import Store\n"
        f"Store.open({empty.root!r}).publish('meter', R2, table(row(2.0, '2025Q2', '2025-08-01')))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[1])
    assert len(empty.observations()) == 2


def test_two_writers_there(bucket, empty):
    owner = b'{"pid": 1, "host": "another-machine", "what": "update"}'
    bucket.put_object(Bucket="gas", Key="test_two_writers_there/.lock", Body=owner)
    with pytest.raises(StoreLocked, match="process 1 on another-machine"), empty.lock():
        pass
    assert held(bucket, "test_two_writers_there") == {".lock": owner}


def test_a_damaged_object_is_named(bucket, empty):
    name = empty.publish("meter", R1, table(row(1.0))).path
    key = f"test_a_damaged_object_is_named/{name}"
    bucket.put_object(Bucket="gas", Key=key, Body=b"PAR1 not so PAR1")
    with pytest.raises(StoreError, match=f"{name} is damaged"):
        empty.observations()
    assert empty.observations(skip=True).empty


@pytest.mark.filterwarnings("ignore:The inplace keyword:DeprecationWarning")  # inside dask
def test_dask_reads_the_bucket(there):
    import dask.dataframe

    found = dask.dataframe.read_parquet(f"{there.root}/vintages/*/*.parquet")
    assert found.groupby("series")["value"].sum().compute()["flow"] == pytest.approx(7.5)


def test_the_home_may_be_a_bucket(empty, monkeypatch, tmp_path):
    monkeypatch.setenv("ENERGY_HOME", empty.root)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    flow = {"entity": "blue-stream", "source": "mine", "published": "2025-04-10"}
    Store.open().publish("inbox", R1, table(row(4.25, "2025Q1", **flow)))
    known = energy.load().facts["volumes"].set_index("id")["value"]
    assert known["V.mine.flow.blue-stream.2025Q1.20C"] == pytest.approx(4.25)
    assert list(tmp_path.iterdir()) == []
