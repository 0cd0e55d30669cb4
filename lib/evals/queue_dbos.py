"""What we ask of DBOS, the engine that keeps the queue in the store's own database; the one place that knows it.

A job is a *workflow*, a task of it a *step*. A workflow waits in the queue ``HELD``, which nobody listens to. A worker
first claims a job in our own tables, where needs are matched and exactly one can win, then moves its workflow to a queue of
its own and DBOS starts it there. The same way leads back from a worker that died. Asked again after its end, a job gets a new
workflow, because an ended one cannot be started again.

DBOS keeps arguments as pickles unless told otherwise, takes its version from a digest of the code, and names processes
"local": all three are set here. A workflow or step is never renamed: what was put in under the old name would wait for ever.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from dbos import DBOS, DBOSClient, DBOSConfig, WorkflowSerializationFormat

from lib.store.db import Connection, Store

APPLICATION = "pound-for-pound"
VERSION = "1"
WORKFLOW = "evaluate"
ENDED = ("SUCCESS", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
HELD = "waiting"
"""Queue of what waits for a worker."""

_clients: WeakKeyDictionary[Store, DBOSClient] = WeakKeyDictionary()


def next_name(workflow: str) -> str:
    """Name of the workflow that follows this one for the same job."""
    job, _, number = workflow.rpartition("-")
    return f"{job}-{int(number) + 1}"


def putting_in(store: Store, workflow: str, job: str) -> Callable[[Connection], None]:
    """What puts a workflow into the queue, in the transaction of the connection that it is given."""
    client = _client(store)

    def put_in(connection: Connection) -> None:
        client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": HELD,
                "workflow_id": workflow,
                "app_version": VERSION,
                "application_name": APPLICATION,
                "serialization_type": WorkflowSerializationFormat.PORTABLE,
            },
            job,
            workflow,
        )

    return put_in


def call_off(store: Store, workflow: str) -> None:
    """Take a workflow out of its queue, or tell the worker that runs it to stop at the next step."""
    _client(store).cancel_workflow(workflow)


def _client(store: Store) -> DBOSClient:
    """A client on the store's own connections, which begin as writers: DBOS reads and then writes."""
    known = _clients.get(store)
    if known is None:
        be_quiet()
        DBOS.migrate(store.settings.database_url)
        engine: Any = store.engine.execution_options(write=True)
        known = DBOSClient(system_database_engine=engine, lazy=True, application_name=APPLICATION)
        _clients[store] = known
    return known


def be_quiet() -> None:
    """DBOS tells of each start in a dozen lines with the database's address, and of each job called off with a traceback.

    What concerns a job, the worker says itself.
    """
    logging.getLogger("dbos").setLevel(logging.CRITICAL)


class Engine:
    """DBOS inside a worker process; one per process, started once.

    Args:
        store: The store, whose database also holds DBOS's tables.
        worker: Name of the process, never used before: a second process of the same name would take over its work.
        poll_s: Seconds between two looks into its queue.
    """

    def __init__(self, store: Store, worker: str, poll_s: float) -> None:
        be_quiet()
        for variable in [name for name in os.environ if name.startswith("DBOS_")]:
            del os.environ[variable]  # settings of somebody else's application, cloud among them
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": store.settings.database_url,
            "application_version": VERSION,
            "executor_id": worker,
            "log_level": "CRITICAL",
            "enable_otlp": False,
            "sys_db_pool_size": 5,
            "notification_listener_polling_interval_sec": 60.0,  # nothing is sent that way
        }
        self._queue = f"worker-{worker}"
        self._store, self._poll_s = store, poll_s
        DBOS(config=config)

    def start(self, evaluate: Callable[[str, str], dict[str, Any]]) -> None:
        """Register the workflow and begin to listen to this worker's own queue."""

        def run(job: str, workflow: str) -> dict[str, Any]:  # DBOS marks the function, which a method does not allow
            return evaluate(job, workflow)

        DBOS.workflow(name=WORKFLOW, serialization_type=WorkflowSerializationFormat.PORTABLE)(run)
        # No limit here: the worker claims one job at a time, and a workflow that was taken from it may linger in a thread.
        # Registered before the start, since afterwards DBOS looks for new queues once a second.
        _client(self._store).register_queue(self._queue, polling_interval_sec=self._poll_s)
        DBOS.listen_queues([self._queue])
        DBOS.launch()

    def has_ended(self, workflow: str) -> bool:
        """Whether a workflow is over for DBOS; one that is cannot be started again."""
        status = DBOS.get_workflow_status(workflow)
        return status is None or status.status in ENDED

    def take(self, workflow: str) -> None:
        """Move a workflow that this worker has claimed to its own queue, wherever it was."""
        DBOS.resume_workflow(workflow, queue_name=self._queue)

    def hold(self, workflow: str) -> None:
        """Put a workflow back among those that wait."""
        DBOS.resume_workflow(workflow, queue_name=HELD)

    def call_off(self, workflow: str) -> None:
        """As ``call_off`` outside."""
        DBOS.cancel_workflow(workflow)

    def forget(self, worker: str) -> None:
        """Delete the queue of a worker that is no more."""
        DBOS.delete_queue(f"worker-{worker}")

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Run a step of the workflow of this thread; done once, its answer is kept and given again."""
        return DBOS.run_step({"name": name}, work)

    def stop(self) -> None:
        """Take its queue away. DBOS's threads stay: some may wait for hours, so the process has to end by ``os._exit``."""
        DBOS.delete_queue(self._queue)
