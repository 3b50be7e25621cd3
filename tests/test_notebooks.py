"""The notebooks are stored with light outputs, run from top to bottom, and give the same again."""

import base64
import importlib.util
import io
import json
import math
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
STORED = {
    "01_tracker", "02_money", "03_mirrors", "04_stranded", "05_projections",
    "06_balance", "07_article", "08_counterfactual", "09_bargain",
}  # fmt: skip
SHOWN = {"03_mirrors": "residual"}
NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")
NEAR = 5e-3  # of a number: solvers and platforms differ in the last digits printed
GREY = 12  # of 255, mean difference of pictures shrunk to 48 x 48: fonts differ between machines


def store():
    spec = importlib.util.spec_from_file_location("store", FOLDER / "store.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(cells):
    """Return the outputs of each code cell as (kind, text) by output."""
    found = []
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        parts = []
        for output in cell["outputs"]:
            data = output.get("data") or {"text/plain": output.get("text", "")}
            parts.append({kind: "".join(text) for kind, text in data.items()})
        found.append(parts)
    return found


def numbers(text):
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]


def small(png):
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(base64.b64decode(png)))
    return list(image.convert("L").resize((48, 48)).getdata())


def alike(stored, made):
    """Say what differs between two outputs; nothing where they are as good as equal."""
    if set(stored) != set(made):
        return f"kinds {sorted(stored)} and {sorted(made)}"
    if "image/png" in stored:
        pairs = list(zip(small(stored["image/png"]), small(made["image/png"]), strict=True))
        grey = sum(abs(a - b) for a, b in pairs) / len(pairs)
        return f"a picture by {grey:.0f} of 255" if grey > GREY else ""
    old, new = (numbers(each.get("text/plain", "")) for each in (stored, made))
    if len(old) != len(new):
        return f"{len(old)} numbers and {len(new)}"
    far = [(a, b) for a, b in zip(old, new, strict=True)
           if not math.isclose(a, b, rel_tol=NEAR, abs_tol=0.02)]  # fmt: skip
    return f"numbers {far[:3]}" if far else ""


def shown(path):
    """Return the outputs of a stored notebook, one list a code cell."""
    return outputs(json.loads(path.read_text(encoding="utf-8"))["cells"])


def test_there_are_notebooks_stored_with_light_outputs():
    assert len(NOTEBOOKS) >= 9
    stored = {path.stem for path in NOTEBOOKS if any(shown(path))}
    assert stored >= STORED
    for path in NOTEBOOKS:
        kept = [output for cell in shown(path) for output in cell]
        assert {kind for output in kept for kind in output} <= set(store().KEPT)
        pictures = [output["image/png"] for output in kept if "image/png" in output]
        assert all(len(base64.b64decode(text)) <= store().MOST for text in pictures)
        assert path.stat().st_size < 1.5e6


def test_outputs_that_are_heavy_or_dead_are_not_stored():
    nbformat = pytest.importorskip("nbformat").v4
    light = store().light
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "a map"}
    assert light(nbformat.new_output("display_data", widget)).data == {"text/plain": "a map"}
    framed = {"text/html": "<iframe></iframe>", "text/plain": "<Map at 0x7f0a>"}
    assert light(nbformat.new_output("display_data", framed)).data == {"text/plain": "<Map>"}
    assert light(nbformat.new_output("stream", name="stderr", text="a warning")) is None
    large = {"image/png": base64.b64encode(bytes(200_001)).decode()}
    with pytest.raises(ValueError, match="A picture of 200001 bytes; at most 200000 are stored"):
        light(nbformat.new_output("display_data", large))


def test_a_number_that_moved_is_seen():
    assert alike({"text/plain": "a 1,234.0 b 18"}, {"text/plain": "a 1,234.5 b 18"}) == ""
    assert "18.0, 19.0" in alike({"text/plain": "a 18"}, {"text/plain": "a 19"})
    assert "1 numbers and 2" in alike({"text/plain": "18"}, {"text/plain": "18 2"})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs_and_gives_what_is_stored(path, tmp_path):
    pytest.importorskip("nbclient")
    book = store().run(path, tmp_path)
    made = outputs(book.cells)
    stored = shown(path)
    assert SHOWN.get(path.stem, "") in json.dumps(made)
    if not any(stored):
        return  # stored without outputs: that it runs is all
    assert [len(cell) for cell in made] == [len(cell) for cell in stored]
    odd = {f"cell {i}": found for i, (a, b) in enumerate(zip(stored, made, strict=True))
           for x, y in zip(a, b, strict=True) if (found := alike(x, y))}  # fmt: skip
    assert odd == {}, "run: make notebooks"


@pytest.mark.parametrize("name", ["03_mirrors", "05_projections"])
def test_the_guides_go_through_the_front_door(name):
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "energy.load()" in text
    assert re.findall(r"from energy[\w. ]+import|import energy\.", text) == []
