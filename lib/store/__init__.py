"""The only SQL: tables, transactions, raw files, samples, and the frames that pages read."""
