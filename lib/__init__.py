"""Pound for Pound: how small a language model can one get away with, and what does it cost?

Importing this package puts a recent SQLite in place of the standard library's for the whole
process. Two SQLite libraries in one process undo each other's file locks and lose acknowledged
data, and versions before 3.51.3 may corrupt a database in write-ahead mode; so the replacement
has to happen here, before anything imports SQLAlchemy. `python -m lib doctor` says which one runs.
"""

import sys

try:
    import pysqlite3
    import pysqlite3.dbapi2
except ImportError:
    # No wheel for this platform: the standard library's SQLite works, and the doctor warns if it is old.
    pass
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
