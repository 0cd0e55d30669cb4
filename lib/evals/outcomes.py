"""How an attempt at a job can end other than well."""

from __future__ import annotations


class JobFailed(Exception):
    """The job cannot go on.

    Args:
        reason: For a person, one sentence without secrets.
        is_retryable: Whether asking again may help (a server that did not answer), or the cause will be the same.
        is_crash: The child ended without a word; the worker starts it again, a few times.
    """

    def __init__(self, reason: str, *, is_retryable: bool = False, is_crash: bool = False) -> None:
        self.reason = reason
        self.is_retryable = is_retryable
        self.is_crash = is_crash
        super().__init__(reason)


class JobCancelled(Exception):
    """The job is no longer wanted, or no longer this worker's: the child has been ended, nothing is to be written."""
