"""The texts of the dashboard: whole in both languages, and nowhere else."""

import ast
import string
from pathlib import Path

import pytest

from sweep.dashboard.language import LANGUAGES, words_in
from sweep.dashboard.plain import plain, plain_label
from tests.conftest import ROOT

FOLDER = ROOT / "sweep" / "dashboard"
MODULES = sorted(FOLDER.rglob("*.py"))
TRANSLATIONS = "figure_words."
"""English words of figures need no translation into English."""


def own_keys(language: str) -> set[str]:
    return {key for key in words_in(language).texts if not key.startswith(TRANSLATIONS)}


def test_both_languages_have_the_same_texts() -> None:
    assert own_keys("en") - {"figure_words"} == own_keys("tr") - {"figure_words"}


@pytest.mark.parametrize("key", sorted(own_keys("en") - {"figure_words"}))
def test_a_text_has_the_same_braces_in_both_languages(key: str) -> None:
    fields = [
        {name for _, name, _, _ in string.Formatter().parse(words_in(one).texts[key]) if name}
        for one in LANGUAGES
    ]
    assert fields[0] == fields[1]
    assert all(words_in(one).texts[key].strip() for one in LANGUAGES)


def test_every_text_that_a_page_asks_for_is_there() -> None:
    known = own_keys("en")
    asked = {
        node.args[0].value
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call)
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and ast.unparse(node.func).endswith("words")
    }
    assert len(asked) > 100
    assert asked <= known


def _body(node: ast.AST) -> list[ast.stmt]:
    body = getattr(node, "body", [])
    return body if isinstance(body, list) else []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_no_module_holds_a_sentence_for_the_reader(module: Path) -> None:
    tree = ast.parse(module.read_text())
    said = {
        id(node.value) for parent in ast.walk(tree) for node in _body(parent) if isinstance(node, ast.Expr)
    }  # docstrings
    for call in ast.walk(tree):
        # What goes into the log, into an error or to a shell is not the page's.
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith(
            ("LOG.", "UnavailableError", "st.code")
        ):
            said |= {id(node) for node in ast.walk(call)}
    strays = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in said
        and len([word for word in node.value.split() if word.isalpha()]) > 2
    ]
    assert strays == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_texts_reach_markdown_through_elements_only(module: Path) -> None:
    if module.name == "elements.py":
        return
    text = module.read_text()
    readers = ("markdown", "write", "caption", "title", "header", "subheader", "info", "warning", "error",
               "success", "html", "latex")  # fmt: skip
    assert [name for name in readers if f"st.{name}(" in text] == []
    assert "unsafe_allow_html" not in text


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_labels_of_fields_hold_no_name_that_markdown_reads(module: Path) -> None:
    labels = [
        call.args[0]
        for call in ast.walk(ast.parse(module.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("st.") and call.args
    ]
    named = [one for one in labels if isinstance(one, ast.Call) and ast.unparse(one.func).endswith("words")]
    assert [ast.unparse(one) for one in named if one.keywords] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**x**", r"\*\*x\*\*"),
        (":red[x]", r"\:red\[x\]"),
        ("<b>", r"\<b\>"),
        ("$x$", r"\$x\$"),
        ("a\nb", "a b"),
        ("ölçüm 0.5", r"ölçüm 0\.5"),
    ],
)
def test_text_of_people_loses_its_meaning_for_markdown(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_an_emoji_code_is_broken_apart() -> None:
    assert ":smile:" not in plain(":smile:").replace("\\", "")


@pytest.mark.parametrize(
    "text", ["Type rccar-demo_segmentation to confirm", "Onaylamak için trial-003-r1 yazın"]
)
def test_label_that_markdown_sees_nothing_in_stays_as_screen_readers_read_it(text: str) -> None:
    assert plain_label(text) == text


@pytest.mark.parametrize(
    "name",
    [
        "__x__",
        "_x_",
        "a *b*",
        "![x](http://e.example/p.png)",
        "www.e.example",
        ":smile:",
        "a`b`",
        "$z$",
        "<b>",
    ],
)
def test_label_with_a_meaning_for_markdown_loses_it(name: str) -> None:
    text = f"Type {name} to confirm"
    assert plain_label(text) == plain(text) != text
