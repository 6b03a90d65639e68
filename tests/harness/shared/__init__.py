"""Workflows that people have shared, migrated and run on a real server: ``python dev.py shared FOLDER``.

``gather`` reads and migrates the files of a folder, ``stand_ins`` puts small things in the place of models, media and
sizes, ``running`` runs what can run, and ``table`` says what became of it all. None of the files are kept here.
"""
