"""Clips measured and shown by the host's own models.

``embeddings`` are what CLIP makes of pictures and prompts, ``networks`` those of LPIPS and FVD from files,
``measuring`` checks everything that is asked and then measures it, and ``labelled`` writes on pictures and draws
curves with fonts from ``lettering``, which ``together`` does for several clips. Of many results ``tabled`` makes a
table.
"""

from .labelled import LINES, curve_picture
from .measuring import Asked, measure
from .networks import FOLDER, NONE, TORCHMETRICS, file_names, file_problem, heads_problem
from .tabled import save_table, table_picture
from .together import Showing, shown_together

__all__ = [
    "FOLDER",
    "LINES",
    "NONE",
    "TORCHMETRICS",
    "Asked",
    "Showing",
    "curve_picture",
    "file_names",
    "file_problem",
    "heads_problem",
    "measure",
    "save_table",
    "shown_together",
    "table_picture",
]
