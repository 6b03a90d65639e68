"""Motion models for Stable Diffusion UNets: files, layouts, temporal transformers, schedules, video.

Everything here is plain torch and numpy and runs without ComfyUI. The flow is the reading order: ``files`` reads a
weight file, ``layouts``, ``structure`` and ``formats`` recognise it, ``module`` builds the temporal layers that
``transformer`` defines, ``lora`` reads changes of them that act beside the weights as ``lowrank`` defines,
``schedules`` has the noise schedules they were trained with, ``sparse`` names the files of SparseCtrl and
``placement`` the frames of their pictures, ``codecs`` and ``video`` write the frames that come out.
"""
