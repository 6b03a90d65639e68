"""The migration of whatever somebody sends: it never fails, whatever is in it."""

import logging
from collections.abc import Collection
from typing import Any

from ....motion.migration import Report, migrate
from .listed import listed_files


def try_to_migrate(workflow: Any, known: Collection[str]) -> tuple[Any, Report]:
    """The workflow as `migrate` leaves it; the same object, with a reason in the report, if that goes wrong."""
    try:
        return migrate(workflow, known, listed_files)
    except Exception as error:  # a workflow is not to be lost by a mistake in the table
        logging.exception("[Kinema] A workflow could not be migrated.")
        return workflow, Report(reason=f"the migration made a mistake, {type(error).__name__}: {error}")
