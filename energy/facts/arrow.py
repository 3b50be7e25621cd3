"""Tables as Arrow streams, one a table: how what was parsed or made lies in the cache folder."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa

from energy.measure.tables import Tables

KEY, NAME = b"energy.key", b"energy.table"


def pack(tables: Tables, key: str) -> bytes:
    """Return tables as bytes under a key.

    Examples
    --------
    >>> import pandas as pd
    >>> tables = Tables({"routes": pd.DataFrame({"route": ["blue-stream"]})})
    >>> unpack(pack(tables, "key"), "key")["routes"]["route"].tolist()
    ['blue-stream']
    """
    body = io.BytesIO()
    for name, table in tables.items():
        held = pa.Table.from_pandas(table, preserve_index=False)
        words = {**held.schema.metadata, KEY: key.encode(), NAME: name.encode()}
        held = held.replace_schema_metadata(words)
        with pa.ipc.new_stream(body, held.schema) as stream:
            stream.write_table(held)
    return body.getvalue()


def unpack(body: bytes, key: str) -> Tables | None:
    """Return the tables of some bytes; None where they are of another key.

    Raises
    ------
    ValueError
        If the bytes are no run of such streams.

    Examples
    --------
    >>> import pandas as pd
    >>> tables = Tables({"routes": pd.DataFrame({"route": ["blue-stream"]})})
    >>> unpack(pack(tables, "key of old facts"), "key of new facts") is None
    True
    """
    reader, tables = pa.BufferReader(body), Tables()
    while reader.tell() < len(body):
        with pa.ipc.open_stream(reader) as stream:
            words = stream.schema.metadata
            if words[KEY] != key.encode():
                return None
            tables[words[NAME].decode()] = stream.read_all().to_pandas(
                use_threads=False  # small tables: threads cost more than they give
            )
    return tables


def pack_table(table: pd.DataFrame, key: str) -> bytes:
    """Return one table as bytes under a key."""
    return pack(Tables({"": table}), key)


def unpack_table(body: bytes, key: str) -> pd.DataFrame | None:
    """Return the table of some bytes; None where it is of another key.

    Raises
    ------
    ValueError
        If the bytes hold no table.
    """
    tables = unpack(body, key)
    return None if tables is None else tables[""]
