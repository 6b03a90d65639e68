"""Seeded random models in the layouts of published files.

``layouts*`` say what is in a file, ``weights*`` write it, and ``names`` are what it is called.
"""
