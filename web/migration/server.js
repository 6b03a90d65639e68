// @ts-check
// The server's two answers: a workflow rewritten, and the workflow in a file.
import { api } from "../../../scripts/api.js"

const JSON_TYPE = { "Content-Type": "application/json" }

/** `{workflow, report}`; no workflow if nothing is to be changed, and neither if the server does not answer. */
export async function migrated(workflow, types) {
  try {
    return await answer("/kinema/migrate", { body: JSON.stringify({ workflow, types }), headers: JSON_TYPE })
  } catch (error) {
    console.warn(`Kinema: the workflow opens as it is, as the server could not look at it. ${error}`)
    return { workflow: null, report: null }
  }
}

/** `{workflow, prompt, reason}` of a picture, video or JSON file. */
export const carried = (file) => answer(`/kinema/migrate/file?name=${encodeURIComponent(file.name)}`, { body: file })

async function answer(route, request) {
  const response = await api.fetchApi(route, { method: "POST", ...request })
  const told = await response.json().catch(() => ({}))
  if (!response.ok) throw new Error(told.error ?? `ComfyUI answered ${response.status} ${response.statusText}.`)
  return told
}
