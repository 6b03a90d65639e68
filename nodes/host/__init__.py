"""The only part of Kinema that touches ComfyUI's engine; one job per file.

``folders`` finds model files and save paths, ``loader`` and ``lora`` turn files into model patchers, ``animate``
attaches them to an image model, ``checks`` looks at a clip before it is sampled, ``adapter`` patches the image model's
own weights, ``runtime`` runs the temporal layers inside the UNet at the moments ``timing`` works out, ``norms`` holds
the group norms some formats pool over frames, ``schedule`` patches noise schedules, ``windows`` samples long clips,
``controls`` gives their windows ControlNet pictures, ``views`` cuts the motion layers alone, ``noise`` changes the
noise a sampling starts from and samples again for FreeInit, ``travel`` encodes prompts, ``frames`` decodes and encodes
part by part, ``notices`` writes on nodes.
"""
