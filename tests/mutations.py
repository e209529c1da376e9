"""Damage to files, drawn from a seeded generator: bytes, lines, numbers, and the structure of JSON."""

import json
import random
import re
from typing import Any

PATHS = (
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\x.png",
    "\\\\server\\share\\x.png",
    "a\0b.png",
    "file:///etc/passwd",
    "http://127.0.0.1:9/x.png",
    "x" * 300,
    "",
    ".",
    "..",
    "/dev/zero",
    "loop/loop/a.png",
)
NUMBERS = (
    *(
        "nan",
        "inf",
        "-inf",
        "1e999",
        "-1",
        "0",
        "-0.0",
        "255",
        "256",
        "65536",
        "2147483648",
        "1e-320",
        "1e30",
    ),
    *("9" * 25, "9" * 400, "9" * 5000, "0x10", "1_000", "٣", "1e5", "0.5", "1,5"),
)
TEXTS = (
    *PATHS,
    *NUMBERS,
    "\ud800",
    "e\u0301",
    "\u202e",
    "\ufeff",
    "&a;",
    "*a",
    "!!python/object:os.system",
    "%00",
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2.5, 10**25, 10**400, -(10**9), 1e30, 1e308, 5e-324, [], {}, "", "0"),
    *([[]], [[[]]], [0] * 5, {"size": [6, 8], "counts": "0" * 50}, {"size": [10**9, 10**9], "counts": [1]}),
    *TEXTS,
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")


def damaged(content: bytes, *, suffix: str, chance: random.Random) -> bytes:
    """Damage a file's content.

    Args:
        content: of a valid file.
        suffix: of its name, with its dot.
        chance: draws the damage.

    Returns:
        Other content, rarely the same.
    """
    kinds = [_bytes, _bytes]
    if suffix not in {".png", ".jpg"}:
        kinds += [_lines, _number, _token, _number, _token]
    if suffix == ".json":
        kinds += [_structure] * 8
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        content = chance.choice(kinds)(content, chance)
    return content


def _bytes(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    end = min(len(content), at + chance.choice((1, 1, 2, 8, 64)))
    new = chance.choice(
        (
            b"",
            bytes([chance.randrange(256)]),
            content[at:end] * 2,
            b"\0",
            b"\xff\xfe",
            b"\r",
            b"{[" * 3000,
            b" " * 999,
        )
    )
    return content[:at] + new + content[end:] if chance.random() < 0.9 else content[:at]


def _lines(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(5):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            lines.insert(one, lines[other])
        case 2:
            del lines[one]
        case 3:
            lines[one] = lines[one] * 50
        case _:
            lines[one : one + 1] = [lines[one]] * 200
    return b"\n".join(lines)


def _number(content: bytes, chance: random.Random) -> bytes:
    return _replaced(content, [*_NUMBER.finditer(content)], chance.choice(NUMBERS), chance)


def _token(content: bytes, chance: random.Random) -> bytes:
    return _replaced(content, [*re.finditer(rb"[\w./\\-]+", content)], chance.choice(TEXTS), chance)


def _replaced(content: bytes, found: list[re.Match[bytes]], text: str, chance: random.Random) -> bytes:
    if not found:
        return content
    start, end = chance.choice(found).span()
    return content[:start] + text.encode("utf-8", "surrogatepass") + content[end:]


def _structure(content: bytes, chance: random.Random) -> bytes:
    """Change one value somewhere in a JSON file, or its key."""
    try:
        whole = [json.loads(content)]
    except (ValueError, RecursionError):
        return content
    places: list[tuple[Any, Any]] = []
    waiting: list[Any] = [whole]
    while waiting:
        node = waiting.pop()
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                waiting.append(node[key])
    node, key = chance.choice(places)
    match chance.randrange(6):
        case 0 if len(places) > 1 and node is not whole:
            del node[key]
        case 1:
            node[key] = [node[key], node[key]]
        case 2:
            node[key] = {str(node[key])[:50]: node[key]}
        case 3 if isinstance(node, dict):
            node[str(chance.choice(TEXTS))] = node.pop(key)
        case 4:
            other, place = chance.choice(places)
            node[key] = json.loads(json.dumps(other[place]))
        case _:
            node[key] = chance.choice(VALUES)
    return json.dumps(whole[0] if whole else None).encode()
