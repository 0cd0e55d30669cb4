"""The HTTP API, version 1: one file per resource, each typed, so that its description is made from the code."""
