"""Motion models for Stable Diffusion UNets, and all that can be done for a clip without ComfyUI.

Everything here is plain torch and numpy. On the ground floor ``disk`` keeps files whole, ``tables`` are read, and
``workers`` are processes elsewhere. Above: ``formats`` says what a file is, ``values`` are numbers that change over a
clip; ``pose``, ``sound`` and ``video`` are what is in it. Then ``windows``, ``sampling``, ``prompts`` and ``control``,
``clips`` to learn from, and ``jobs`` for many at once. ``temporal`` has the layers of a motion module, ``camera``
steers them, and ``character`` is what Animate Anyone adds. On top ``evaluation`` measures clips.
"""
