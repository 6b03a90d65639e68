// @ts-check
// What works otherwise on a migrated node, and questions about its files: a button on the node, until it has been read.
import { tellNotes } from "./told.js"

const NAME = "kinema_notes"

/** Give a node that has just been loaded its button, if the migration left notes on it. */
export function showNotes(node) {
  const notes = node.properties?.kinema?.notes
  if (!Array.isArray(notes) || !notes.length || node.widgets?.some((widget) => widget.name === NAME)) return
  const press = () => tellNotes(node.title ?? node.type, notes.map(String), () => forget(node))
  // the saved values of the other widgets keep their places
  const button = node.addWidget("button", NAME, null, press, { serialize: false })
  button.label = notes.length > 1 ? `${notes.length} notes on what differs` : "a note on what differs"
  button.serialize = false
}

function forget(node) {
  delete node.properties.kinema.notes
  const button = node.widgets?.find((widget) => widget.name === NAME)
  if (button) node.removeWidget(button)
  node.setDirtyCanvas?.(true, true)
  node.graph?.change?.()
}
