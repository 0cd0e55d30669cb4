"""Why an evaluation cannot go on, in words for a person."""

from __future__ import annotations

import re


class Failure(BaseException):
    """The end of the task and of the program.

    Not an ``Exception``: lm-eval's retries, and the many places that go on after one, must not catch it.

    Args:
        kind: key, refused, connection, rate limit, server, malformed answer, no log-probabilities, empty answers, address,
            memory, data set, model, gated, packages, task, weights, disk, or error.
        message: One or two sentences, with the server's own words where there are any.
        is_retryable: Whether asking again may help without changing anything.
    """

    def __init__(self, kind: str, message: str, *, is_retryable: bool = False) -> None:
        self.kind = kind
        self.message = message
        self.is_retryable = is_retryable
        super().__init__(message)


MOST_WORDS = 600


def explained(error: BaseException) -> Failure:
    """Any exception as a failure: told apart by its type's name and words, so that no package need be imported."""
    known = getattr(error, "failure", error)
    if isinstance(known, Failure):
        return known
    names = {kind.__name__ for kind in type(error).__mro__}
    text = " ".join(str(error).split())[:MOST_WORDS]
    for told_apart in (_out_of_memory, _of_connection, _of_data, _of_set_up, _of_disk):
        found = told_apart(names, text)
        if found is not None:
            return found
    return Failure("error", f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _out_of_memory(names: set[str], text: str) -> Failure | None:
    if "OutOfMemoryError" in names or "MemoryError" in names or "out of memory" in text.lower():
        return Failure(
            "memory", f"Out of memory: {text or 'the system gave no more'}. A smaller batch size needs less."
        )
    return None


def _of_connection(names: set[str], text: str) -> Failure | None:
    if "OfflineModeIsEnabled" in text or "Couldn't reach" in text or "LocalEntryNotFoundError" in names:
        return Failure("data set", f"Not on this machine, and the Hub cannot be reached: {text}", is_retryable=True)
    if names & {"Timeout", "TimeoutError", "ServerTimeoutError"}:
        return Failure("connection", f"No answer in time from {_server(text)}.", is_retryable=True)
    if names & {"ClientConnectorError", "ClientConnectionError", "ClientOSError", "ServerDisconnectedError"} or (
        "RequestException" in names and names & {"ConnectionError", "ChunkedEncodingError"}
    ):
        what = next((words for sign, words in _BROKEN.items() if sign in text), text)
        return Failure("connection", f"The connection to {_server(text)} failed: {what}.", is_retryable=True)
    return None


_BROKEN = {
    "refused": "nobody listens there (connection refused)",
    "Connect call failed": "nobody listens there (connection refused)",
    "resolve": "the name is not known",
    "not known": "the name is not known",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted",
    "disconnected": "it closed the connection without an answer",
    "without response": "it closed the connection without an answer",
    "unreachable": "there is no way to it from here",
}


def _server(text: str) -> str:
    """Host and port that a message names."""
    pool = re.search(r"host='([^']+)', port=(\d+)", text)
    host = re.search(r"connect to host ([^ ]+?)(?::(\d+))? ", text)
    found = pool or host
    return ":".join(part for part in found.groups() if part) if found else "the server"


def _of_data(names: set[str], text: str) -> Failure | None:
    if "GatedRepoError" in names or "gated repo" in text:
        return Failure("gated", f"The repository is gated: accept its terms on the Hub and set HF_TOKEN. {text}")
    if "RepositoryNotFoundError" in names or "is not a local folder and is not a valid model identifier" in text:
        return Failure("model", f"No such model: {text}")
    if "DatasetNotFoundError" in names or "DataFilesNotFoundError" in names:
        return Failure("data set", f"No such data set: {text}")
    if names & {"DatasetGenerationError", "UndefinedError"}:
        return Failure("task", f"The task's data do not fit its template: {text}")
    if "KeyError" in names and "not a registered task" in text:
        return Failure("task", f"lm-eval does not know this task: {text}")
    if re.search(r"marked as unsafe", text):
        return Failure("task", "The task executes code that the model wrote, which is not done here.")
    return None


def _of_set_up(names: set[str], text: str) -> Failure | None:
    if names & {"ModuleNotFoundError", "PackageNotFoundError"} or "are not installed" in text:
        return Failure("packages", f"A package is missing where lm-eval runs: {text}")
    if "safetensors" in text and re.search(r"no file named|does not appear to have", text):
        return Failure("weights", f"No weights as safetensors: {text}")
    if "NotImplementedError" in names:
        return Failure("task", f"The model cannot answer this kind of request: {text}")
    return None


def _of_disk(names: set[str], text: str) -> Failure | None:
    if "OSError" in names and ("No space left" in text or "Disk quota" in text):
        return Failure("disk", f"The disk is full: {text}", is_retryable=True)
    return None
