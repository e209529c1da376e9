"""`sweep data check`: that each message is true, says where, and stands once."""

import base64
from collections.abc import Callable
from pathlib import Path

from rccar_models.inspection.checking import check_data
from rccar_models.inspection.findings import Finding
from tests.data_folders import labelme_json, labelme_set, write_image, write_json

Cli = Callable[..., "object"]


def found(root: Path, rule: str, **options: str) -> list[Finding]:
    return [one for one in check_data(str(root), **options).findings if one.rule == rule]  # type: ignore[arg-type]


def only(root: Path, rule: str, **options: str) -> Finding:
    findings = found(root, rule, **options)
    assert len(findings) == 1, findings
    return findings[0]


def test_label_file_that_holds_its_picture_is_not_told_to_lack_one(tmp_path: Path) -> None:
    root = labelme_set(tmp_path)
    picture = base64.b64encode(write_image(tmp_path / "c.png", colour=(7, 7, 7)).read_bytes()).decode()
    (tmp_path / "c.png").unlink()
    write_json(root / "labels_all" / "c.json", labelme_json(image="c.png", imageData=picture))
    (root / "splits" / "train.txt").write_text("a.png\nc.json\n")
    assert found(root, "image-without-label") == []
    assert found(root, "label-without-image") == []
