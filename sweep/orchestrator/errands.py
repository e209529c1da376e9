"""What workers do after the trials: package the best model, evaluate the best trials."""

import dataclasses
from collections import deque
from collections.abc import Callable, Sequence

from sweep.evaluation import EvaluateRequest, Evaluation
from sweep.orchestrator.stopping import StopRequest
from sweep.ports import Executor
from sweep.records import Action, EpochReport, Event, PackageRequest, PackageResult, Verdict

PUMP_S = 0.2
GRACE_S = 600.0


class Errands:
    """Hands jobs to workers that train no more.

    Args:
        executor: where they run.
        stop: whether somebody asked to end.
    """

    def __init__(self, executor: Executor, stop: StopRequest) -> None:
        self._executor = executor
        self._stop = stop

    def package(self, request: PackageRequest) -> PackageResult:
        """Have a worker package a checkpoint, and wait for it.

        Args:
            request: which checkpoint, and where to.

        Returns:
            The package, or why there is none.

        Raises:
            KeyboardInterrupt: somebody asked the sweep to end; its argument is the signal's number.
        """
        made: list[PackageResult] = []

        def take(event: Event) -> Verdict | None:
            if isinstance(event, PackageResult) and event.trial_uid == request.trial_uid:
                made.append(event)
            return _answer(event)

        if not self._executor.submit(request):
            return PackageResult(trial_uid=request.trial_uid, reason="no worker is free to package the model")
        self._executor.cancel(request.trial_uid, grace_s=GRACE_S, reason="packaging took too long")
        while not made:
            self._stop.heed()
            self._executor.pump(take, PUMP_S)
        return made[0]

    def evaluate(self, requests: Sequence[EvaluateRequest], told: Callable[[Evaluation], None]) -> None:
        """Have workers evaluate checkpoints, as many at once as there are workers, and wait for all.

        Args:
            requests: which checkpoints; each gets the threads of its worker.
            told: takes each evaluation, or why there is none, as soon as it is there.

        Raises:
            KeyboardInterrupt: somebody asked the sweep to end; its argument is the signal's number.
        """
        waiting, running = deque(requests), {request.trial_uid for request in requests}

        def take(event: Event) -> Verdict | None:
            if isinstance(event, Evaluation) and event.trial_uid in running:
                running.discard(event.trial_uid)
                told(event)
            return _answer(event)

        while running:
            self._stop.heed()
            while waiting and (offer := self._executor.offer()) is not None:
                request = dataclasses.replace(waiting[0], n_threads=offer.n_threads)
                if not self._executor.submit(request):
                    break  # its worker has just died; there will be another one
                waiting.popleft()
                self._executor.cancel(request.trial_uid, grace_s=GRACE_S, reason="evaluating took too long")
            self._executor.pump(take, PUMP_S)


def _answer(event: Event) -> Verdict | None:
    """No trial runs any more: whoever still reports an epoch is to end."""
    if not isinstance(event, EpochReport):
        return None
    return Verdict(trial_uid=event.trial_uid, attempt=event.attempt, action=Action.STOP)
