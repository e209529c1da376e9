"""The notebook and the examples of docs/python.md run as they stand."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import ROOT, clean_environment


def test_notebook_is_kept_without_outputs() -> None:
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


@pytest.mark.long
@pytest.mark.timeout(600)  # under a minute alone, minutes beside other tests
def test_notebook_runs_from_top_to_bottom_and_its_figures_have_data(tmp_path: Path) -> None:
    notebook = nbformat.read(ROOT / "docs" / "notebook.ipynb", as_version=4)
    client = NotebookClient(
        notebook, timeout=500, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=clean_environment() | {"PYTHONPATH": str(ROOT)})
    figures = {
        cell.source: output["data"]["application/vnd.plotly.v1+json"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "application/vnd.plotly.v1+json" in output.get("data", {})
    }
    assert len(figures) == 6
    assert [source for source, figure in figures.items() if not figure["data"]] == []
    assert notebook.cells[-1].outputs[0]["data"]["text/plain"] == "(48, 64)"


@pytest.mark.slow
def test_examples_of_the_page_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, names)
