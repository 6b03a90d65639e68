// @ts-check
// The front end keeps the first kind of preview a node showed: after a switch from mp4 to gif, the old video would
// stay beside the new picture. Dropping the previous preview lets it build the one that fits.
import { app } from "../../../scripts/app.js"

const PREVIEWS = ["video-preview", "$$comfy_animation_preview", "$$canvas-image-preview"]

app.registerExtension({
  name: "Kinema.Preview",
  beforeRegisterNodeDef(nodeType, nodeData) {
    // every node of the pack that shows something, so that a new one needs no entry here
    if (!nodeData.name.startsWith("Kinema") || !nodeData.output_node) return
    const shown = nodeType.prototype.onExecuted
    nodeType.prototype.onExecuted = function (...output) {
      shown?.apply(this, output)
      for (const widget of [...(this.widgets ?? [])]) {
        if (PREVIEWS.includes(widget.name)) this.removeWidget(widget)
      }
      this.videoContainer = undefined
      this.imgs = undefined
      this.previewMediaType = undefined
      this.setDirtyCanvas?.(true)
    }
  },
})
