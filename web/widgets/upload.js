// @ts-check
// The front end's own upload button takes pictures, videos, sound and meshes. A list of other files gets one here if
// its input says `kinema_upload`, the kinds of file as an <input type="file"> accepts them, for example ".json".
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"

const OPTION = "kinema_upload"

app.registerExtension({
  name: "Kinema.Upload",
  nodeCreated(node) {
    const declared = node.constructor.nodeData?.input ?? {}
    for (const [name, spec] of Object.entries({ ...declared.required, ...declared.optional })) {
      const list = spec[1]?.[OPTION] && node.widgets?.find((widget) => widget.name === name)
      if (list) addButton(node, list, spec[1][OPTION])
    }
  },
})

/** The button stands last and has no value, so that the saved values of the other widgets keep their places. */
function addButton(node, list, accept) {
  const button = node.addWidget("button", `upload_${list.name}`, null, () => choose(node, list, accept), {
    serialize: false,
  })
  button.label = "choose file to upload"
  button.serialize = false
}

function choose(node, list, accept) {
  const picker = Object.assign(document.createElement("input"), { type: "file", accept })
  picker.addEventListener("change", async () => {
    const [file] = picker.files ?? []
    if (!file) return
    try {
      select(node, list, await upload(file))
    } catch (error) {
      app.extensionManager.toast.add({ severity: "error", summary: `${file.name} was not uploaded`, detail: `${error}` })
    }
  })
  picker.click()
}

/** Put a file into the input folder; a file of the same name that holds something else stays as it is. */
async function upload(file) {
  const body = new FormData()
  body.append("image", file)
  const answer = await api.fetchApi("/upload/image", { method: "POST", body })
  if (!answer.ok) throw new Error(`ComfyUI answered ${answer.status} ${answer.statusText}.`)
  const { name, subfolder } = await answer.json()
  return subfolder ? `${subfolder}/${name}` : name
}

function select(node, list, value) {
  const before = list.value
  const { values } = list.options
  if (!values.includes(value)) values.push(value)
  list.value = value
  list.callback?.(value)
  node.onWidgetChanged?.(list.name, value, before, list)
  node.setDirtyCanvas?.(true)
}
