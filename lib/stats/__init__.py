"""Pure numbers: intervals, tests, recovered counts, compute-optimal training. No frames of ours, no input or output."""
