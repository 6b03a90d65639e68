"""Results Table."""

from typing import Any

from comfy_api.latest import io, ui

from ...motion.evaluation import EvaluationError, Result, tabulate
from ..host import evaluation, folders
from ..inputs import ResultType

INPUTS = ("results", "results_2", "results_3", "results_4")
PREFIX = "results/kinema"


class ResultsTable(io.ComfyNode):
    """Results of clips in, a table of systems out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Declare the node."""
        return io.Schema(
            node_id="KinemaResultsTable",
            display_name="Results Table",
            category="Kinema/evaluation",
            description="Puts what Evaluate Clip measured into a table, as a picture and as a csv file: a row for each "
            "name, with mean and deviation over its clips, and AnimateDiff's own table beside it.",
            search_aliases=[
                "benchmark table",
                "ablation",
                "compare models",
                "xy plot",
                "seeds",
                "csv",
                "mean",
                "sweep",
            ],
            is_output_node=True,
            is_input_list=True,
            inputs=[
                ResultType.Input("results", tooltip="From Evaluate Clip: one, or a list, as seeds in a list make it."),
                *(
                    ResultType.Input(name, optional=True, tooltip="More of them, from another Evaluate Clip.")
                    for name in INPUTS[1:]
                ),
                io.Boolean.Input(
                    "paper",
                    default=True,
                    optional=True,
                    tooltip="Adds the rows of AnimateDiff's paper where its columns were measured. They are of other "
                    "prompts, checkpoints and CLIP.",
                ),
                io.String.Input(
                    "filename_prefix",
                    default=PREFIX,
                    optional=True,
                    tooltip="Name of the csv file in the output folder; a number is added. A folder may stand before.",
                ),
            ],
            outputs=[
                io.Image.Output("picture", display_name="picture", tooltip="The table; the best of yours is green."),
                io.String.Output("report", display_name="report", tooltip="The table as a text."),
                io.String.Output("csv", display_name="csv", tooltip="The table for programs."),
                io.String.Output("file", display_name="file", tooltip="Where the csv file is."),
            ],
        )

    @classmethod
    def validate_inputs(cls, filename_prefix: str | None = None) -> bool | str:
        """Answer a name that cannot be one before anything runs."""
        problem = None if filename_prefix is None else folders.check_prefix(filename_prefix)
        return problem or True

    @classmethod
    def execute(cls, **given: list[Any]) -> io.NodeOutput:
        """Gather them."""
        single = {"paper": True, "filename_prefix": PREFIX}
        single |= {name: given[name][0] for name in single if given.get(name)}
        results = [each for name in INPUTS for each in given.get(name) or () if each is not None]
        if any(not isinstance(each, Result) for each in results):
            raise EvaluationError("Results Table takes the output result of Evaluate Clip. Connect that one.")
        table = tabulate(results, bool(single["paper"]))
        rows = table.comma_separated()
        file = evaluation.save_table(rows, str(single["filename_prefix"]))
        picture = evaluation.table_picture(table)
        return io.NodeOutput(picture, table.markdown(), rows, str(file), ui=ui.PreviewImage(picture, cls=cls))
