"""A file is written beside its place and renamed: a full disk or Ctrl-C leaves no part of one."""

from __future__ import annotations

from pathlib import Path


def write(path: Path, content: bytes | memoryview | str) -> Path:
    """Write a file whole or not at all; an older one stays until then.

    Parameters
    ----------
    path : Path
    content : bytes or str
        Text is written as UTF-8, lines ending in a line feed.

    Raises
    ------
    OSError
        As the system says it; nothing is left of the new file.

    Examples
    --------
    >>> write(Path("summary.md"), "# Exports").read_bytes()
    b'# Exports'
    """
    spare = path.with_name(f".{path.name}.part")
    try:
        spare.write_bytes(content.encode() if isinstance(content, str) else content)
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)
    return path
