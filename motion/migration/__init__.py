"""Workflows made for other packs, rewritten for the nodes that are here: graphs and API prompts by one table.

``records`` is a workflow as rules see it. ``targets`` knows the nodes that are written, ``layouts``, ``layouts_around``
and ``naming`` the old ones in every version. ``rules`` says what a row of the table may do; rows are in ``ade_values``,
``ade_models``, ``ade_context``, ``ade_sampling``, ``ade_apply``, ``ade_hooks`` and ``ade_camera`` for
AnimateDiff-Evolved, ``vhs`` for VideoHelperSuite, ``acn`` and ``acn_frames`` for Advanced-ControlNet, ``fizz``,
``artventurex``, and ``around``, ``batches``, ``utility``, ``scripts``, ``bundles``, ``everywhere``, ``detectors`` and
``adapters`` for the packs around them; ``tables`` puts them together. ``api`` and ``ui`` read both formats, ``groups``
opens group nodes, ``ui_write`` and ``places`` write graphs, ``fitting`` brings values into range, and ``newer`` fills
in what old prompts lack. ``engine`` applies it all, ``report`` tells what became of it, ``models`` finds files by the
names workflows have, ``loaders`` knows where nodes name them, ``asked`` looks there, ``shelves`` lists what a folder
has, ``carriers`` reads workflows out of files, in which ``texts`` and ``boxes`` find them, ``queued`` takes requests to
a server, and ``command`` is the command line.
"""

from .asked import Files as Files
from .carriers import Carried as Carried
from .carriers import NoWorkflowError as NoWorkflowError
from .carriers import read_carried as read_carried
from .carriers import read_json as read_json
from .carriers import read_workflow as read_workflow
from .engine import migrate as migrate
from .loaders import LOADERS as LOADERS
from .models import Found as Found
from .models import Question as Question
from .models import find_model as find_model
from .newer import defaults_of as defaults_of
from .queued import migrate_request as migrate_request
from .report import Entry as Entry
from .report import Report as Report
from .rules import Rule as Rule
from .tables import FAMILY as FAMILY
from .tables import RULES as RULES
from .targets import INSTALLED as INSTALLED
from .targets import TARGETS as TARGETS
