"""Runs shared workflows: graphs through the real front end, prompts as they are, all on a real server."""

import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import client
from ..browser import chromium, ensure_browser, open_tab
from ..footage import write_footage
from ..server import Server
from ..setup import Host
from .gather import Shared, gathered
from .stand_ins import stand_in
from .table import Result, table

SECONDS = 300
"""That one workflow may take."""
LOAD = """async graph => {
    await app.loadGraphData(graph, true, false, null)
    const known = node =>
        node.type in LiteGraph.registered_node_types || node.isSubgraphNode?.() || [2, 4].includes(node.mode)
    const missing = app.rootGraph.nodes.filter(node => !known(node))
    return [missing.map(node => node.type), (await app.graphToPrompt()).output]
}"""


def run_all(host: Host, models: Sequence[Path], folder: Path, results: Path) -> list[Result]:
    """Run every workflow of a folder that can run, on a server of its own, and print what became of all."""
    with Server(host, models, ["--cpu"]) as server:
        write_footage(server.base / "input")
        return run_on(server, folder, results)


def run_on(server: Server, folder: Path, results: Path) -> list[Result]:
    """The same on a server that runs; workflows in ``results``, one JSON object a line, are not run again."""
    done = _done(results)
    nodes = client.get_json(server.url, "/object_info")
    found = [one for one in gathered(folder, nodes.keys()) if one.name != results.name]
    waiting = [one for one in found if isinstance(one, Shared) and one.runs and one.name not in done]
    for one, prompt in list(_prompts(server, waiting)):
        result = done[one.name] = _run(server, nodes, one, prompt)
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(result)) + "\n")
        print(f"{result.status}: {one.name} {result.problem}", file=sys.stderr, flush=True)
    print(table(found, list(done.values())))
    return [done[one.name] for one in found if one.name in done]


def _done(results: Path) -> dict[str, Result]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    return {one.name: one for one in (Result(**json.loads(line)) for line in lines)}


def _prompts(server: Server, waiting: Sequence[Shared]) -> Iterator[tuple[Shared, dict[str, Any] | str]]:
    """Each workflow in API format, or why it has none."""
    yield from ((one, one.workflow) for one in waiting if not one.is_graph)
    graphs = [one for one in waiting if one.is_graph]
    if not graphs:
        return
    with chromium(ensure_browser()) as browser, open_tab(browser, server.url) as tab:
        for one in graphs:
            try:
                missing, prompt = tab.page.evaluate(LOAD, one.workflow)
            except Exception as error:  # the front end may throw anything
                yield one, f"the front end cannot read it: {error}"
                continue
            yield one, f"missing in the front end: {missing}" if missing else prompt


def _run(server: Server, nodes: dict[str, Any], one: Shared, prompt: dict[str, Any] | str) -> Result:
    if isinstance(prompt, str):
        return Result(one.name, "unread", prompt)
    prompt = {key: node for key, node in prompt.items() if isinstance(node, dict) and "class_type" in node}
    stood_in = stand_in(prompt, nodes)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.run_prompt, server.url, prompt)
        try:
            outcome = waiting.result(SECONDS)
        except TimeoutError:
            client.post(server.url, "/interrupt")
            outcome = waiting.result(SECONDS)
            return Result(one.name, "slow", f"it took more than {SECONDS} s: {outcome.status}", [], stood_in)
    files = sorted({file["filename"].rpartition(".")[2] for file in outcome.files()})
    status = outcome.status if outcome.status != "success" or files else "nothing came out"
    return Result(one.name, status, _problem(outcome), files, stood_in)


def _problem(outcome: client.Outcome) -> str:
    error = outcome.error
    if not error:
        return ""
    if "exception_message" in error:
        return f"{error['node_type']} {error['node_id']}: {error['exception_message'].strip()}"
    told = [
        f"{node['class_type']} {key}: {each['message']} {each['details']}"
        for key, node in (error.get("node_errors") or {}).items()
        for each in node["errors"]
    ]
    return "; ".join(told) or json.dumps(error)
