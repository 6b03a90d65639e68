"""The only part of Kinema that touches ComfyUI's engine; one job per file.

``folders`` finds model files and save paths, ``loader`` and ``lora`` turn files into model patchers, ``animate``
attaches them to an image model, ``runtime`` runs the temporal layers inside the UNet, ``norms`` holds the group norms
some formats pool over frames, ``schedule`` patches noise schedules, ``noise`` changes the noise a
sampling starts from and samples again for FreeInit, ``notices`` writes on nodes.
"""
