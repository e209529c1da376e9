"""The report in a real browser, on screen and on paper. Widths are in CSS pixels."""

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sweep.report.blocks import Cell, Code, Gallery, Page, Picture, Section, Table
from sweep.report.page import html_of
from tests.conftest import run_here

A4_WITHIN_1_CM_PX = 718
SCREEN = {"width": 1280, "height": 900}
DRAWN = "[...document.querySelectorAll('.plot')].every((one) => one.querySelector('.main-svg'))"
RIGHT_EDGES = (
    """(what) => [...document.querySelectorAll(what)].map((one) => one.getBoundingClientRect().right)"""
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("printed")
    words = ("--trainer", "stand_in", "--task", "segmentation", "--trials", "12", "--workers", "1")
    words += ("--set", "fault=raise", "--set", "fault_share=0.0")
    done = run_here("run", *words, "--name", "a", "--report", "--json", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "mlruns/sweeps/a/report.html"


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    context = browser.new_context(viewport=SCREEN, offline=True)
    opened = context.new_page()
    opened.goto(report.as_uri())
    opened.wait_for_function(DRAWN)
    yield opened
    context.close()


@pytest.mark.slow
def test_printed_page_holds_whole_plots_and_tables_and_shows_what_was_folded(page: Any) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_WITHIN_1_CM_PX, "height": 1000})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for what in (".plot .main-svg", ".box table", "pre"):
        edges = page.evaluate(RIGHT_EDGES, what)
        assert edges, what
        assert max(edges) <= A4_WITHIN_1_CM_PX, what
    assert page.evaluate("[...document.querySelectorAll('details')].every((one) => one.open)")
    assert not page.locator(".modebar").first.is_visible()


@pytest.mark.slow
def test_plots_are_drawn_for_paper_before_the_event_has_ended_and_for_the_screen_after_it(page: Any) -> None:
    widths = "[...document.querySelectorAll('.plot .main-svg:first-child')].map((one) => one.clientWidth)"
    before = page.evaluate(widths)
    printed = page.evaluate(f"window.dispatchEvent(new Event('beforeprint')), {widths}")
    assert max(printed) <= A4_WITHIN_1_CM_PX < max(before)
    assert page.evaluate(f"window.dispatchEvent(new Event('afterprint')), {widths}") == before
    assert not page.evaluate("[...document.querySelectorAll('details')].some((one) => one.open)")


@pytest.mark.slow
def test_numbers_of_a_printed_table_stand_in_one_line(page: Any) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": A4_WITHIN_1_CM_PX, "height": 1000})
    heights = page.evaluate(
        """[...document.querySelectorAll('#trials tbody .number')].map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return range.getClientRects().length;
        })"""
    )
    assert set(heights) == {1}


@pytest.mark.slow
def test_box_that_goes_on_at_a_side_says_so_there(page: Any) -> None:
    page.set_viewport_size({"width": 400, "height": 900})
    page.wait_for_function("document.querySelector('#trials .edge').matches('.beyond:not(.before)')")
    page.evaluate("document.querySelector('#trials .box').scrollLeft = 1e5")
    page.wait_for_function("document.querySelector('#trials .edge').matches('.before:not(.beyond)')")
    assert page.locator("#trials tbody th").first.bounding_box()["x"] >= 0


@pytest.mark.slow
def test_no_mark_of_a_history_or_curve_is_cut_by_an_axis(page: Any) -> None:
    for plot in ("plot-history", "plot-curves"):
        room = page.evaluate(
            """(id) => {
                const place = document.getElementById(id);
                const axis = place._fullLayout.xaxis;
                const first = Math.min(...place._fullData.flatMap((trace) => [...trace.x]));
                return axis.d2p(first);
            }""",
            plot,
        )
        assert room >= 8, plot


@pytest.mark.slow
def test_picture_is_enlarged_on_click_and_put_away_again(browser: Any, tmp_path: Path) -> None:
    raw = io.BytesIO()
    Image.new("RGB", (900, 200), "green").save(raw, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(raw.getvalue()).decode()}"
    gallery = Gallery(
        pictures=tuple(Picture(source=source, alt=f"frame {n}", caption=f"{n}. road: 0.5") for n in (1, 2))
    )
    code = Code(caption="folded", text="a", is_folded=True)
    section = Section(key="frames", title="Frames", blocks=(gallery, code))
    file = tmp_path / "page.html"
    file.write_text(html_of(Page(title="a", lead="b", sections=(section,))))
    context = browser.new_context(viewport={"width": 400, "height": 700}, offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("dialog").count() == 1
    assert not page.locator("dialog").is_visible()
    page.get_by_role("button", name="frame 2").click()
    large = page.locator("dialog img")
    assert large.get_attribute("alt") == "frame 2"
    assert large.bounding_box()["width"] >= 900
    assert page.locator("dialog p").inner_text() == "2. road: 0.5"
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    context.close()


@pytest.mark.slow
def test_table_of_trials_has_the_score_first_and_says_once_what_all_share(page: Any) -> None:
    heads = [text.strip() for text in page.locator("#trials thead th").all_inner_texts()]
    assert [" ".join(head.split()) for head in heads[:4]] == ["trial", "state", "miou", "best epoch"]
    assert "fault raise" in page.locator("#trials p").inner_text()
    assert "fault" not in heads
    for column in range(7, len(heads)):
        cells = page.locator(f"#trials tbody tr td:nth-child({column + 1})").all_inner_texts()
        assert len(set(cells)) > 1, heads[column]


def test_dash_of_a_number_that_is_not_there_stands_where_numbers_do() -> None:
    rows = tuple(
        (Cell(text=f"trial-{n}"), cell) for n, cell in enumerate([Cell(text="–"), Cell(text="8", number=8)])
    )
    table = Table(caption="a", heads=("trial", "width"), rows=rows)
    text = html_of(Page(title="a", lead="b", sections=(Section(key="a", title="a", blocks=(table,)),)))
    assert re.findall(r'<td class="number"[^>]*>([^<]*)</td>', text) == ["–", "8"]
    assert '<th scope="col" class="number">' in text
