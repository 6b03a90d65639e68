// @ts-check
// The front end's own upload button takes pictures, videos, sound and meshes. A list of other files gets one here if
// its input says `kinema_upload`, the kinds of file as an <input type="file"> accepts them, for example ".json". A list of
// folders says `kinema_upload_folder`: several files go together into a new one. The front end gives its own only to
// inputs that have to be there; here those that may be left out get it too.
import { api } from "../../../scripts/api.js"
import { app } from "../../../scripts/app.js"
import { pickFiles } from "./picker.js"

const ONE = "kinema_upload"
const SEVERAL = "kinema_upload_folder"
const HOSTS = ["image_upload", "animated_image_upload", "video_upload"]
const AT_ONCE = 4

app.registerExtension({
  name: "Kinema.Upload",
  beforeRegisterNodeDef(_type, { name, input }) {
    if (!name.startsWith("Kinema")) return
    const optional = input?.optional ?? {}
    const found = Object.entries(optional).find(([, spec]) => HOSTS.some((flag) => spec[1]?.[flag]))
    if (found) optional.upload = ["IMAGEUPLOAD", { ...found[1][1], imageInputName: found[0] }]
  },
  nodeCreated(node) {
    const declared = node.constructor.nodeData?.input ?? {}
    for (const [name, spec] of Object.entries({ ...declared.required, ...declared.optional })) {
      const list = node.widgets?.find((widget) => widget.name === name)
      if (list && spec[1]?.[ONE]) addButton(node, list, "choose file to upload", () => chooseOne(node, list, spec[1][ONE]))
      if (list && spec[1]?.[SEVERAL]) {
        addButton(node, list, "choose pictures to upload", () => chooseSeveral(node, list, spec[1][SEVERAL]))
      }
    }
  },
})

/** The button stands last and has no value, so that the saved values of the other widgets keep their places. */
function addButton(node, list, label, press) {
  const button = node.addWidget("button", `upload_${list.name}`, null, press, { serialize: false })
  button.label = label
  button.serialize = false
}

function chooseOne(node, list, accept) {
  choose(accept, false, async ([file]) => {
    const { name, subfolder } = await upload(file, "")
    select(node, list, subfolder ? `${subfolder}/${name}` : name)
  })
}

/** A new folder is named after the moment, so that no two uploads mix. */
function chooseSeveral(node, list, accept) {
  choose(accept, true, async (files) => {
    const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString()
    const folder = `pictures ${now.slice(0, 23).replace("T", " ").replaceAll(":", ".")}`
    const waiting = [...files]
    const label = list.label
    const next = async () => {
      for (let file = waiting.shift(); file; file = waiting.shift()) {
        list.label = `${list.name}: ${waiting.length} of ${files.length} to upload`
        node.setDirtyCanvas?.(true)
        await upload(file, folder).catch((error) => {
          waiting.length = 0
          throw new Error(`${file.name}: ${error.message}`)
        })
      }
    }
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, next))
    } finally {
      list.label = label
    }
    select(node, list, folder)
  })
}

function choose(accept, multiple, use) {
  pickFiles(accept, multiple, async (files) => {
    try {
      await use(files)
    } catch (error) {
      const summary = `${files.length > 1 ? "The files were" : `${files[0].name} was`} not uploaded`
      app.extensionManager.toast.add({ severity: "error", summary, detail: `${error}` })
    }
  })
}

/** Put a file into the input folder; a file of the same name that holds something else stays as it is. */
async function upload(file, folder) {
  const body = new FormData()
  body.append("image", file)
  if (folder) body.append("subfolder", folder)
  const answer = await api.fetchApi("/upload/image", { method: "POST", body })
  if (!answer.ok) throw new Error(`ComfyUI answered ${answer.status} ${answer.statusText}.`)
  return answer.json()
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
