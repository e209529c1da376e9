"""Takes passwords and tokens out of addresses before they are shown, logged or stored."""

import re

_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.-]*://[^\s:@/]*):\S*@", re.IGNORECASE)
"""Up to the last @ of the word: a password may itself hold @, / or :."""
_TOKEN = re.compile(r"(?P<head>https?://)[^\s:@/]+@", re.IGNORECASE)
_SECRET_FIELD = re.compile(
    r"(?P<head>[?&;](?:[a-z_]*password|passwd|pwd|[a-z_]*token|[a-z_]*secret|[a-z_]*key|sig)=)[^&;\s]+",
    re.IGNORECASE,
)
HIDDEN = "***"


def redacted(text: str) -> str:
    """Hide what is secret in the addresses of a text.

    Args:
        text: an address, or a message with addresses in it.

    Returns:
        The same with passwords, tokens and secret query fields replaced by `***`; user and host stay.
    """
    text = _PASSWORD.sub(rf"\g<head>:{HIDDEN}@", text)
    text = _TOKEN.sub(rf"\g<head>{HIDDEN}@", text)
    return _SECRET_FIELD.sub(rf"\g<head>{HIDDEN}", text)
