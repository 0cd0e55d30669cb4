"""Marks that an importer may put on a result, and what each says to a reader."""

FLAGS = {
    "limited": "Run on a part of the questions (--limit); not comparable with full runs.",
    "n-recovered": "The number of questions is not in the file; it was recovered from score and standard error.",
    "stderr-wrong": "The evaluator printed a wrong group error; it was recomputed from the sub-tasks.",
    "stderr-missing": "The file gives no standard error.",
    "stderr-zero": "Every answer right, or every answer wrong: the printed error of 0 says nothing.",
    "out-of-range": "The value lies outside what the metric allows.",
    "not-a-number": "The file holds NaN or Infinity here.",
    "derived": "Computed from the sub-tasks; the file has no row for the whole.",
    "unweighted": "Mean of sub-tasks, each counting the same.",
    "bound": "The standard error is an upper bound.",
    "from-samples": "Computed from the per-question log; no results file came with it.",
    "from-memory": "Typed without the source at hand; waits for a second look.",
    "several-prompts": "One of several prompts of this task in the file.",
    "partly-parsed": "Some answers could not be read; the score is of those that could.",
    "n-disagrees": "The stated number of questions does not fit score and standard error.",
}
