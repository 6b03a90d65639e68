// @ts-check
// Whether the server has to look at a graph at all: most need nothing, and are not sent.

const MODEL = /\.(safetensors|ckpt|pth?|bin|sft)$/i
const GROUPS = ["workflow>", "workflow/"]

export const knownTypes = () => Object.keys(LiteGraph.registered_node_types)

/** Whether a node is not registered, or one of ours asks for a model file that is not in its lists. */
export function isNeeded(graph) {
  const subgraphs = list(graph.definitions?.subgraphs)
  const own = new Set(subgraphs.map((one) => one?.id))
  const scopes = [graph, ...subgraphs, ...Object.values(graph.extra?.groupNodes ?? {})]
  return scopes.flatMap((scope) => list(scope?.nodes)).some((node) => isForeign(node, own) || asksForFile(node))
}

function isForeign(node, own) {
  const type = node?.type
  if (typeof type !== "string" || type in LiteGraph.registered_node_types) return false
  return !own.has(type) && !GROUPS.some((start) => type.startsWith(start))
}

function asksForFile(node) {
  if (typeof node?.type !== "string" || !node.type.startsWith("Kinema")) return false
  const values = Object.values(node.widgets_values ?? {})
  const names = values.filter((value) => typeof value === "string" && MODEL.test(value))
  if (!names.length) return false
  const { required, optional } = LiteGraph.registered_node_types[node.type]?.nodeData?.input ?? {}
  const specs = Object.values({ ...required, ...optional })
  const offered = new Set(specs.flatMap((spec) => list(Array.isArray(spec[0]) ? spec[0] : spec[1]?.options)))
  return names.some((name) => !offered.has(name))
}

const list = (value) => (Array.isArray(value) ? value : [])
