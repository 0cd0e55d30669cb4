"""One-file reports: what pages show, as a document that opens offline."""
