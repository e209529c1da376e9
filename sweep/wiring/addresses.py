"""Where a config's databases are, for opening them and for showing them."""

from sweep.config import SweepConfig
from sweep.paths import Home
from sweep.redaction import redacted


def tracking_uri(config: SweepConfig, home: Home) -> str:
    """MLflow's store of a config.

    Args:
        config: the resolved config.
        home: where the default store lies.

    Returns:
        An address, with its password if it has one.
    """
    return config.tracking_uri or home.mlflow_url


def storage_url(config: SweepConfig, home: Home) -> str:
    """Optuna's storage of a config.

    Args:
        config: the resolved config.
        home: where the default storage lies.

    Returns:
        An address, with its password if it has one.
    """
    return config.storage or home.optuna_url


def shown_tracking_uri(config: SweepConfig, home: Home) -> str:
    """MLflow's store without its password.

    Args:
        config: the resolved config.
        home: where the default store lies.

    Returns:
        An address that may be printed.
    """
    return redacted(tracking_uri(config, home))


def shown_storage_url(config: SweepConfig, home: Home) -> str:
    """Optuna's storage without its password.

    Args:
        config: the resolved config.
        home: where the default storage lies.

    Returns:
        An address that may be printed.
    """
    return redacted(storage_url(config, home))
