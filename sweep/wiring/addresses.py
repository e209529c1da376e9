"""Where a config's databases are, for opening them and for showing them."""

from dataclasses import dataclass

from sweep.config import SweepConfig
from sweep.paths import Home, address_in
from sweep.redaction import redacted

__all__ = ["Addresses", "address_in", "addresses_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The two databases of a sweep.

    Args:
        tracking_uri: MLflow's store, with its password if it has one.
        storage: Optuna's storage, likewise.
    """

    tracking_uri: str
    storage: str

    def shown(self) -> "Addresses":
        """The same without passwords, as it may be printed."""
        return Addresses(tracking_uri=redacted(self.tracking_uri), storage=redacted(self.storage))


def addresses_of(config: SweepConfig, home: Home) -> Addresses:
    """Find the databases of a config.

    Args:
        config: the resolved config.
        home: where they lie unless the config names others.

    Returns:
        Their addresses.
    """
    return Addresses(
        tracking_uri=config.tracking_uri or home.mlflow_url, storage=config.storage or home.optuna_url
    )
