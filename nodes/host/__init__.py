"""The only part of Kinema that touches ComfyUI's engine; one subject per room, one job per file.

On the ground floor: ``folders`` finds model files and save paths, ``files`` turns weight files into model patchers,
``patching`` puts wrappers on a clone, ``options`` has all keys, ``requests`` sees prompts before the host checks them,
``notices`` writes on nodes, ``images`` has pictures as other nodes hand them over, ``memory`` says what fits where,
``migration`` rewrites workflows of other packs, and ``jobs`` queue many clips. Above them the rooms: ``sampling``,
``video`` and ``evaluation``; ``temporal`` with ``prompts`` and ``pose`` beside it; ``camera``, ``pictures``,
``control``, ``character`` and ``crossframe``; ``windows``; and ``animate``, which puts a motion model and all that
accompanies it on an image model.
"""
