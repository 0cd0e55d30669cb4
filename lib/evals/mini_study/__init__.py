"""The mini study: tiny language models trained on this machine, evaluated by lm-eval through the queue, and shown on the pages."""
