// @ts-check
// Graphs made for other packs open as ours: the server rewrites them before the front end looks for missing nodes.
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { chooseFile, takeDrops } from "./files.js"
import { isNeeded, knownTypes } from "./needed.js"
import { showNotes } from "./notes.js"
import { migrated } from "./server.js"
import { hide, tell } from "./told.js"

/** Graphs that a person wants as they were; the front end loads them again when tabs are switched. */
const declined = new Set()
let isUndoing = false
/** What the graph that loads now was, and what became of it. */
let arriving = null

app.registerExtension({
  name: "Kinema.Migration",
  commands: [
    {
      id: "Kinema.OpenWorkflow",
      label: "Open workflow from a picture, video or API prompt",
      icon: "pi pi-folder-open",
      function: chooseFile,
    },
  ],
  menuCommands: [{ path: ["File"], commands: ["Kinema.OpenWorkflow"] }],
  setup() {
    takeDrops()
    api.addEventListener("kinema.migrated", ({ detail }) => tell(detail.report, null))
  },
  async beforeConfigureGraph(graph, missing) {
    arriving = null
    if (isUndoing || declined.has(graph.id) || !isNeeded(graph)) return
    const before = structuredClone(graph)
    const { workflow, report } = await migrated(graph, knownTypes())
    if (!workflow) {
      if (report?.nodes.length || report?.reason) arriving = { before: null, report }
      return
    }
    for (const key of Object.keys(graph)) delete graph[key]
    Object.assign(graph, workflow)
    forget(missing, report)
    arriving = { before, report }
  },
  loadedGraphNode: showNotes,
  afterConfigureGraph() {
    hide()
    if (!arriving) return
    const { before, report } = arriving
    arriving = null
    tell(report, before && (() => undo(before)))
  },
})

/** Nodes of group nodes are looked for before the graph is there; those that were replaced are not missing. */
function forget(missing, report) {
  const staying = new Set(report.nodes.filter((node) => node.state === "kept").map((node) => node.type))
  const gone = new Set(report.nodes.map((node) => node.type).filter((type) => !staying.has(type)))
  const left = missing.filter((one) => !gone.has(typeof one === "string" ? one : one.type))
  missing.splice(0, missing.length, ...left)
}

async function undo(before) {
  isUndoing = true
  try {
    await app.loadGraphData(before, true, false, current())
    declined.add(app.graph.id)
  } finally {
    isUndoing = false
  }
}

const current = () => app.extensionManager.workflow?.activeWorkflow ?? null
