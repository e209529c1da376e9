"""Opens Optuna's storage for a look: nothing in it is changed, and no database is made."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.engine import URL, make_url

from sweep.catalog import unknown
from sweep.database_file import is_fresh, sqlite_file
from sweep.errors import InputError
from sweep.redaction import redacted
from sweep.searching.storage import engine_options, opening_errors, storage_errors


def open_for_reading(url: str) -> RDBStorage:
    """Open a storage for a look.

    Args:
        url: SQLAlchemy address.

    Returns:
        The storage; a SQLite file is opened read-only.

    Raises:
        InputError: the address cannot be read, or there is no database.
        UnavailableError: the database cannot be opened, or has another schema.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with opening_errors(url):
        options = engine_options(make_url(url).get_backend_name())
        if (file := sqlite_file(url)) is not None:
            if is_fresh(file):
                raise InputError(f"{redacted(url)}: there is no Optuna database; no sweep has begun there")
            url = URL.create(
                "sqlite",
                database=f"file:{quote(str(file.resolve()))}",
                query={"mode": "ro", "uri": "true"},
            ).render_as_string()
        return RDBStorage(url, engine_kwargs=options, skip_table_creation=True)


@contextmanager
def load_study(url: str, name: str) -> Iterator[optuna.Study]:
    """Open a study for a look, and close its database afterwards.

    Args:
        url: SQLAlchemy address of the storage.
        name: of the study.

    Yields:
        The study; reading a trial of it asks the database.

    Raises:
        InputError: there is no such database or study; the message has the near one.
        UnavailableError: the database cannot be used.
    """
    storage = open_for_reading(url)
    try:
        with storage_errors(f"looking for the study {name}"):
            known = [study.study_name for study in storage.get_all_studies()]
        if name not in known:
            where = f"in {redacted(url)}"
            raise InputError(
                f"{unknown('sweep', name, known)} ({where})" if known else f"no sweep {name!r} {where}"
            )
        yield optuna.load_study(study_name=name, storage=storage)
    finally:
        storage.engine.dispose()
