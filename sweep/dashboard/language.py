"""The words of the pages, in two languages: a YAML file each, with the same keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

LANGUAGES = {"en": "English", "tr": "Türkçe"}
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Words:
    """All texts of one language.

    Args:
        language: "en" or "tr".
        texts: by dotted key.
    """

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Say something.

        Args:
            key: dotted, e.g. "sweep.title".
            values: what the text's braces name.

        Returns:
            The text.

        Raises:
            KeyError: there is no such text.
        """
        return self.texts[key].format(**values) if values else self.texts[key]

    def count(self, key: str, n: int) -> str:
        """Say a number of things.

        Args:
            key: of two texts, `KEY.one` and `KEY.other`, each with `{n}`.
            n: how many.

        Returns:
            The text for that number.
        """
        return self.texts[f"{key}.{'one' if n == 1 else 'other'}"].format(n=f"{n:,}".replace(",", " "))

    def known(self, group: str, word: str) -> str:
        """Translate a word of a closed set; one that is not in it stays as it is.

        Args:
            group: of keys, e.g. "state".
            word: e.g. "complete".

        Returns:
            The word of the language.
        """
        return self.texts.get(f"{group}.{word}", word)


@cache
def words_in(language: str) -> Words:
    """Read the texts of a language.

    Args:
        language: "en" or "tr"; for another one the default's are taken.

    Returns:
        All of them.
    """
    known = language if language in LANGUAGES else DEFAULT
    text = files("sweep.dashboard").joinpath("words", f"{known}.yaml").read_text(encoding="utf-8")
    return Words(known, dict(_flat(yaml.safe_load(text))))


def _flat(texts: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for name, text in texts.items():
        key = f"{above}{name}"
        if isinstance(text, Mapping):
            yield from _flat(text, f"{key}.")
        else:
            yield key, str(text)
