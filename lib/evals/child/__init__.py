"""The program that runs lm-eval: a process of its own, with nothing but the standard library and lm-eval.

It must run under any interpreter that has lm-eval (``P4P_EVAL_PYTHON``), so nothing here imports the rest of the product,
and modules import each other relatively. ``lib.evals.attempt`` starts it and speaks with it:

- standard input: one line with the job, then a line per task, all JSON; its end is the end of the program.
- the descriptor named by ``P4P_EVENTS_FD``: an event per line, JSON (``events.py``).
- standard output and error: the log.
"""
