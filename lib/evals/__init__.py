"""Evaluations: what is asked for, the queue, the workers, and the program that runs lm-eval."""
