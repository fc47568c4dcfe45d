"""What pings and missing pings mean: `rules` decides, `signals` brings them through the recorder.

Pings are taken in `watch/pings.py`, missing ones are noticed in `watch/deadlines.py`.
"""
