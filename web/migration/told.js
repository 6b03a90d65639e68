// @ts-check
// What became of a workflow, in a corner of the page: one sentence, the list behind it, and a way back. All of it is
// set as text, since types and names come from other people's files.

const STYLE = `
.kinema-told { position: fixed; left: 50%; bottom: 16px; transform: translateX(-50%); z-index: 900;
  width: min(460px, calc(100vw - 32px)); max-height: 50vh; display: flex; flex-direction: column; gap: 8px; padding: 12px 14px; border-radius: 8px;
  font: 13px/1.4 var(--font-inter, Inter, sans-serif); color: var(--input-text, #ddd);
  background: var(--comfy-menu-bg, #353535); border: 1px solid var(--border-color, #4e4e4e);
  box-shadow: 0 4px 18px rgb(0 0 0 / 0.35); }
.kinema-told p { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.kinema-told details, .kinema-told > ul { overflow-y: auto; min-height: 0; }
.kinema-told summary { cursor: pointer; }
.kinema-told ul { margin: 6px 0 0; padding-left: 18px; list-style: disc; }
.kinema-told li { margin-bottom: 4px; overflow-wrap: anywhere; }
.kinema-told small { display: block; opacity: 0.8; font-size: 12px; }
.kinema-told div { display: flex; justify-content: flex-end; gap: 8px; }
.kinema-told button { padding: 4px 12px; border-radius: 6px; cursor: pointer; color: inherit; font: inherit;
  background: var(--comfy-input-bg, #222); border: 1px solid var(--border-color, #4e4e4e); }
`
let shown = null

/** Show a report; `undo` is null if there is nothing to go back to. */
export function tell(report, undo) {
  const lines = listed(report)
  if (!report.nodes.length && !lines.length && !report.reason) return hide()
  const details = []
  if (lines.length) {
    const list = make("ul")
    list.append(...lines)
    const folded = make("details")
    folded.append(make("summary", "What became of each node"), list)
    details.push(folded)
  }
  show(report.headline, details, [...(undo ? [button("Undo", undo)] : []), button("Close", () => {})])
}

/** Show what there is to know about one node; `done` is called when somebody says that it is enough. */
export function tellNotes(title, notes, done) {
  const list = make("ul")
  list.append(...notes.map((note) => line(note, [])))
  show(title, [list], [button("Got it", done), button("Keep", () => {})])
}

function show(headline, parts, buttons) {
  hide()
  const box = make("section", "", { className: "kinema-told", role: "status", ariaLabel: "Kinema: migrated workflow" })
  const row = make("div")
  row.append(...buttons)
  box.append(make("style", STYLE), make("p", headline), ...parts, row)
  box.addEventListener("keydown", (event) => event.key === "Escape" && hide())
  document.body.append(box)
  shown = box
}

export function hide() {
  shown?.remove()
  shown = null
}

function listed({ nodes, unknown, models, filled }) {
  const became = new Map()
  for (const node of nodes) {
    const now = node.state === "kept" ? `stays: ${node.reason}` : node.became.join(" + ") || "part of other nodes"
    const key = `${node.type} → ${now}`
    const entry = became.get(key) ?? { count: 0, notes: new Set() }
    entry.count += 1
    for (const note of node.notes) entry.notes.add(note)
    became.set(key, entry)
  }
  const lines = [...became].map(([key, { count, notes }]) => line(count > 1 ? `${key} (${count})` : key, [...notes]))
  const others = Object.entries(unknown ?? {}).map(([type, count]) => (count > 1 ? `${type} (${count})` : type))
  if (others.length) lines.push(line("Not installed, and nothing here does the same:", [others.join(", ")]))
  return [...lines, ...[...(models ?? []), ...(filled ?? [])].map((entry) => line(entry.text, []))]
}

function line(text, notes) {
  const item = make("li", text)
  item.append(...notes.map((note) => make("small", note)))
  return item
}

function button(label, press) {
  const made = make("button", label, { type: "button" })
  made.addEventListener("click", () => {
    hide()
    press()
  })
  return made
}

const make = (tag, text = "", values = {}) => Object.assign(document.createElement(tag), { textContent: text }, values)
