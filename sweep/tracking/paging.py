"""MLflow answers in pages: all of them, one after the other."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.store.entities import PagedList


def every(search: "Callable[..., PagedList[Any]]", *words: object, **options: object) -> Iterator[Any]:
    """Ask a search of MLflow's client until it has no further page.

    Args:
        search: a method that takes a `page_token`.
        words: what it takes by position.
        options: what it takes by name.

    Yields:
        What it finds.

    Raises:
        MlflowException: the store cannot be used.
    """
    token = None
    while True:
        page = search(*words, page_token=token, **options)
        yield from page
        if not (token := page.token):
            return
