// @ts-check
/** Ask for files of the kinds that `accept` names, and hand over those that were chosen; a dismissed dialog is silent. */
export function pickFiles(accept, multiple, use) {
  const picker = Object.assign(document.createElement("input"), { type: "file", accept, multiple, hidden: true })
  const done = () => picker.remove()
  picker.addEventListener("cancel", done)
  picker.addEventListener("change", () => {
    done()
    const files = [...(picker.files ?? [])]
    if (files.length) use(files)
  })
  // a browser may collect an element that nothing holds while its dialog is open, and the choice with it
  document.body.append(picker)
  picker.click()
}
