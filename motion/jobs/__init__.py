"""Many clips: a workflow with the values of every row of a table, each recorded, so that a new start goes on.

``declared`` is what nodes say of their inputs. ``columns`` find them by the names people write, and ``reading`` makes
values of cells. A ``job`` is a prompt with them; ``times`` are values that all rows are multiplied with, and
``planning`` makes all jobs, from prompts that ``workflows`` reads. ``runners`` run them: a ``server``, or one that is
``hosted`` by a worker; ``sharing`` gives each the next job. What became of a job is its ``outcome``, and is kept in
``results``. ``command`` is the command line. What is wrong is one of ``errors``.
"""

from .columns import Prompt as Prompt
from .declared import Declared as Declared
from .declared import declared_inputs as declared_inputs
from .errors import JobsError as JobsError
from .errors import RunnerLostError as RunnerLostError
from .job import Job as Job
from .job import checked_prompt as checked_prompt
from .job import each_once as each_once
from .outcome import Fault as Fault
from .outcome import File as File
from .outcome import Outcome as Outcome
from .outcome import outcome_of as outcome_of
from .outcome import refusal as refusal
from .planning import planned as planned
from .results import ERROR as ERROR
from .results import SUCCESS as SUCCESS
from .results import Result as Result
from .results import Results as Results
from .results import read_results as read_results
from .runners import Runner as Runner
from .server import Server as Server
from .sharing import Patience as Patience
from .sharing import Share as Share
from .times import Times as Times
from .times import times_of as times_of
