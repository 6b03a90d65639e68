// @ts-check
// Saved graphs list the values of widgets by position, and the settings of a format stand between it and what follows.
// A graph that was saved when a format had fewer settings, or none, would lose its place: what it lacks is filled in.
// All settings are texts and a number follows them, so they can be told apart (see motion/video/settings.py).
import { app } from "../../../scripts/app.js"

app.registerExtension({
  name: "Kinema.Formats",
  beforeRegisterNodeDef(nodeType, nodeData) {
    if (!nodeData.name.startsWith("Kinema")) return
    const inputs = { ...nodeData.input?.required, ...nodeData.input?.optional }
    const format = inputs.format
    if (format?.[0] !== "COMFY_DYNAMICCOMBO_V3") return
    const place = (node) => node.widgets.findIndex((widget) => widget.name === "format")
    const configure = nodeType.prototype.configure
    nodeType.prototype.configure = function (saved) {
      const values = saved.widgets_values
      const at = Array.isArray(values) ? place(this) : -1
      const option = at < 0 ? undefined : format[1].options.find(({ key }) => key === values[at])
      if (!option) return configure.call(this, saved)
      const settings = Object.values({ ...option.inputs.required, ...option.inputs.optional })
      let known = 0
      while (known < settings.length && typeof values[at + 1 + known] === "string") known++
      const lacking = settings.slice(known).map((setting) => setting[1].default)
      const filled = [...values.slice(0, at + 1 + known), ...lacking, ...values.slice(at + 1 + known)]
      return configure.call(this, { ...saved, widgets_values: filled })
    }
  },
})
