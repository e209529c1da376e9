"""Pascal VOC: XML that is hostile, broken, or anything at all."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rccar_models.errors import DataError
from rccar_models.formats import open_data, scan_data
from rccar_models.formats.voc.annotations import read_voc
from tests.data_folders import as_lines, voc_set


def faults_of(root: Path, task: str = "detection") -> str:
    with pytest.raises(DataError) as caught:
        open_data(str(root), task)
    return str(caught.value)


BILLION_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE annotation [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {x} "{f"&{y};" * 10}">' for y, x in zip("abcdefghi", "bcdefghij", strict=True))
    + "]><annotation><filename>&j;</filename></annotation>"
)


def test_billion_laughs_are_refused_in_little_memory(tmp_path: Path) -> None:
    voc_set(tmp_path, xml={"a": BILLION_LAUGHS})
    code = (
        "import resource, sys\n"
        "from rccar_models.formats import scan_data\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "faults = scan_data(sys.argv[1], 'detection').faults\n"
        "print(faults[0], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000)"
    )
    run = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("Annotations/a.xml:1: a document type (<!DOCTYPE) has no place")
    assert done.stdout.endswith("True\n")


def test_external_entity_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    secret = (tmp_path / "secret.txt").as_uri()
    xml = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret}">]><annotation><filename>&e;</filename></annotation>'
    index = scan_data(str(voc_set(tmp_path / "set", xml={"a": xml})), "detection")
    assert "document type" in as_lines(index.faults)[0]
    assert "hunter2" not in repr(index)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<annotation>\n<object></annotation>", "a.xml:2:11: not valid XML: mismatched tag"),
        ("", "a.xml:1:1: not valid XML: no element found"),
        ("<annotation>&nbsp;</annotation>", "not valid XML: undefined entity"),
        ("<annotations/>", "a.xml:1: holds <annotations> instead of <annotation>"),
        ("<annotation>" + "<a>" * 1000 + "</a>" * 1000 + "</annotation>", "nested too deeply"),
        ("<annotation>" + "<a/>" * 250_000 + "</annotation>", "more than 200000 elements"),
        (
            "<annotation>" + " " * 11 * 2**20 + "</annotation>",
            "11 MiB are more than the 10 MiB that are read",
        ),
    ],
)
def test_xml_that_is_no_annotation_is_refused_by_place(tmp_path: Path, xml: str, said: str) -> None:
    assert said in faults_of(voc_set(tmp_path, xml={"a": xml}))


TAGS = ("annotation", "object", "bndbox", "name", "xmin", "ymin", "xmax", "ymax", "size", "width", "filename")
TREES = st.recursive(
    st.text(max_size=8),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
        st.sampled_from(TAGS),
        st.lists(inner, max_size=5),
    ),
)


@settings(max_examples=200, deadline=None)
@given(body=TREES, head=st.sampled_from(["", '<?xml version="1.0" encoding="x"?>', "<!DOCTYPE a>", "\ufeff"]))
def test_any_xml_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, body: str, head: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.xml"
    path.write_text(f"{head}<annotation>{body}</annotation>", encoding="utf-8")
    try:
        labels, faults = read_voc(path, root=path.parent)
    except DataError as error:
        faults = list(error.faults)
    else:
        assert all(np.isfinite(one.box).all() for one in labels.objects)
    assert {fault.file for fault in faults} <= {"any.xml"}
