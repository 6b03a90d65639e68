// @ts-check
// Workflows in files that the front end does not read, or reads without asking extensions: VideoHelperSuite's videos
// carry theirs in a comment, and API prompts lose the nodes that are not there.
import { app } from "../../../scripts/app.js"
import { pickFiles } from "../widgets/picker.js"
import { knownTypes } from "./needed.js"
import { carried, migrated } from "./server.js"
import { tell } from "./told.js"

const KINDS = /\.(json|png|apng|webp|jpe?g|gif|mp4|mov|m4v|webm|mkv)$/i
const LOOKED_AT = 8 << 20
const SIGNS = ["class_type", "widgets_values"]

/** Look at what is dropped on the canvas before the front end does; it gets back whatever it can open itself. */
export function takeDrops() {
  document.addEventListener("drop", onDrop, { capture: true })
}

export function chooseFile() {
  const accept = ".json,.png,.webp,.jpg,.gif,.mp4,.mov,.m4v,.webm,.mkv"
  pickFiles(accept, false, ([file]) => open(file))
}

function onDrop(event) {
  const files = event.dataTransfer?.files
  // a node under the pointer takes the file itself
  if (files?.length !== 1 || event.target !== app.canvas?.canvas || app.dragOverNode) return
  const [file] = files
  if (!KINDS.test(file.name)) return
  event.preventDefault()
  event.stopImmediatePropagation()
  openDropped(file)
}

async function openDropped(file) {
  if (await isForUs(file).catch(() => false)) await open(file)
  else await app.handleFile(file, "file_drop")
}

/** Whether the front end finds no graph in a file that looks as if it had one. */
async function isForUs(file) {
  const found = await window.comfyAPI?.parser?.getWorkflowDataFromFile?.(file)
  if (found?.workflow || found?.parameters || found?.templates) return false
  if (found?.prompt) {
    const prompt = typeof found.prompt === "string" ? JSON.parse(found.prompt) : found.prompt
    return Object.values(prompt).some((node) => !(node?.class_type in LiteGraph.registered_node_types))
  }
  const ends = [file.slice(0, LOOKED_AT), file.slice(Math.max(LOOKED_AT, file.size - LOOKED_AT))]
  const texts = await Promise.all(ends.map(async (end) => new TextDecoder("latin1").decode(await end.arrayBuffer())))
  return texts.some((text) => SIGNS.some((sign) => text.includes(sign)))
}

async function open(file) {
  try {
    const { workflow, prompt, reason } = await carried(file)
    const name = file.name.replace(/\.\w+$/, "")
    if (workflow) await app.loadGraphData(workflow, true, true, name)
    else if (prompt) await openPrompt(prompt, name)
    else throw new Error(`${reason}.`)
  } catch (error) {
    const summary = `${file.name} was not opened`
    app.extensionManager.toast.add({ severity: "error", summary, detail: error.message })
  }
}

async function openPrompt(prompt, name) {
  const { workflow, report } = await migrated(prompt, knownTypes())
  app.loadApiJson(workflow ?? prompt, name)
  if (report) tell(report, null)
}
