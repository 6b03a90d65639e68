"""Tables that many hands and programs have been through: csv as spreadsheets write it, and JSON. Standard library only.

``encodings`` tells how a text is written, ``lines`` are what is in it, and ``cells`` what is on them. ``rows`` are read
as they are, ``records`` so that every one counts. All that is wrong with a table is one of ``errors``.
"""

from .cells import Row as Row
from .encodings import LOOKED_AT as LOOKED_AT
from .encodings import decoded as decoded
from .errors import TableError as TableError
from .records import Record as Record
from .records import read_records as read_records
from .rows import read_rows as read_rows
