"""A store of MLflow with one call that goes wrong, as a network does; everything else reaches the store."""

from collections.abc import Callable
from typing import Any

from sweep.tracking.store import Store

Fault = Callable[[Callable[[], Any]], Any]


class UnreliableClient:
    """Passes every call on, but one method's to a fault that may or may not make it."""

    def __init__(self, client: Any, method: str, fault: Fault) -> None:
        self._client, self._method, self._fault = client, method, fault

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)
        if name != self._method:
            return real
        return lambda *args, **named: self._fault(lambda: real(*args, **named))


def with_fault(store: Store, method: str, fault: Fault) -> Store:
    broken: Any = UnreliableClient(store.client, method, fault)
    return Store(client=broken, tracking_uri=store.tracking_uri, experiment_id=store.experiment_id)
