"""A report as a test reads it: its texts, links and parts."""

from html.parser import HTMLParser

SECTIONS = {
    *("answer", "trust", "next", "history", "importance", "maps", "curves", "classes", "frames", "trials"),
    *("failures", "data", "environment", "again"),
}


class ReportPage(HTMLParser):
    """Texts and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.scripts: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        found = dict(attrs)
        self.ids |= {found.get("id") or ""}
        self.links += [value for key, value in attrs if key in {"src", "href"} and value]

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._within in {"script", "style"} else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
