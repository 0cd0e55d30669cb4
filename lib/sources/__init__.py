"""One importer a file: each module with a ``SOURCE`` is found by itself. Pure: bytes in, records out."""
