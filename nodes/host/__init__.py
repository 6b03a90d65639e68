"""The only part of Kinema that touches ComfyUI's engine; one job per file.

Files to models: ``folders`` finds model files and save paths, ``loader``, ``lora`` and ``sparse`` turn files into model
patchers.
On a model: ``animate`` attaches them to an image model, ``adapter`` patches the image model's own weights, ``schedule``
its noise schedule, ``windows`` and ``views`` cut long clips, ``noise`` changes what a sampling starts from.
While sampling: ``checks`` looks at the clip first, ``timing`` works out what acts when, ``runtime`` runs the temporal
layers inside the UNet, ``norms`` holds the group norms some formats pool over frames, ``controls`` gives windows their
ControlNet pictures, ``window_frames`` knows which frames are in a call.
Around it: ``travel`` encodes prompts, ``control`` changes how strong ControlNets are, ``apply_sparse`` puts pictures
at frames of a clip and ``sparse_control`` looks them up, ``frames`` decodes and encodes part by part, ``output`` shows
files and progress, ``notices`` writes on nodes.
"""
