"""Opens what writes to MLflow and what keeps its models; both wait with it until they are used."""

from functools import partial
from pathlib import Path

from sweep.tracking.address import check_address
from sweep.tracking.registry import ModelRegistry
from sweep.tracking.run_fields import ParamName
from sweep.tracking.scribe import Scribe
from sweep.tracking.store import open_store


def open_scribe(
    tracking_uri: str, *, spool: Path, artifacts: Path, init_lock: Path, param_name: ParamName
) -> Scribe:
    """Start writing to MLflow. The address is checked now, the store is opened in the scribe's thread.

    Args:
        tracking_uri: of MLflow.
        spool: file of events on their way; what another scribe left in it is delivered first.
        artifacts: where a new experiment without a server keeps its artifacts.
        init_lock: file locked while tables are created.
        param_name: logged name of a trial's parameter.

    Returns:
        The scribe; its `ready` says when the store is open.

    Raises:
        InputError: the address names no store that MLflow opens.
        UnavailableError: the server, database or file cannot be used.
    """
    check_address(tracking_uri)
    return Scribe(
        spool,
        partial(open_store, tracking_uri, artifacts=artifacts, init_lock=init_lock),
        param_name=param_name,
    )


def open_registry(
    tracking_uri: str, *, artifacts: Path, init_lock: Path, registry_lock: Path
) -> ModelRegistry:
    """Give access to the registered models; the store is opened at the first use.

    Args:
        tracking_uri: of MLflow.
        artifacts: where a new experiment without a server keeps its artifacts.
        init_lock: file locked while tables are created.
        registry_lock: file locked while a model is registered or promoted.

    Returns:
        The registry.
    """
    return ModelRegistry(
        partial(open_store, tracking_uri, artifacts=artifacts, init_lock=init_lock),
        registry_lock=registry_lock,
    )
