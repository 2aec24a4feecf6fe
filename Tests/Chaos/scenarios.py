"""Faults of everything around the daemon: the database, the API server, a holder that freezes."""


def chosen(text):
    return [] if text in ("", "none") else list(ALL)


ALL = {}


def lines(result, broken):
    return [], True
