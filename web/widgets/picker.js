// @ts-check
// a browser may collect an element that nothing holds while its dialog is open, and the choice with it
/** @type {HTMLInputElement | undefined} */
let waiting

/** Ask for files of the kinds that `accept` names, and hand over those that were chosen; a dismissed dialog is silent. */
export function pickFiles(accept, multiple, use) {
  waiting?.remove()
  const picker = Object.assign(document.createElement("input"), { type: "file", accept, multiple, hidden: true })
  waiting = picker
  picker.addEventListener("cancel", () => picker.remove())
  picker.addEventListener("change", () => {
    picker.remove()
    const files = [...(picker.files ?? [])]
    if (files.length) use(files)
  })
  document.body.append(picker)
  picker.click()
}
