"""Shows that the judge finds what it is there for: a good history, and the same with one thing wrong at a time."""
import contextlib
import copy
import json
import os
import tempfile

import failpoints
import scenarios
from judge import judge

ID, OTHER, REQUEST = "11111111-aaaa", "22222222-bbbb", "request-1"
REQUESTED = {"user": "host0", "verb": "patch", "path": "/deployments/app", "deployID": ID, "retryAfter": None,
             "isFaulty": False}


def good():
    """One deploy that was accepted, patched in, taken over once and told of."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

    def deployment(image, annotations):
        return {
            "metadata": {"name": "app", "uid": "u", "generation": 1, "annotations": {"owner": "x", **annotations}},
            "spec": {"replicas": 2, "strategy": strategy, "template": {"spec": {"containers": [
                {"name": "app", "image": image}, {"name": "sidecar", "image": "s:1"}]}}}}

    figures = {"rss_kib": 40_000, "threads": 7, "descriptors": 20, "database": 4, "cluster": 3}
    return {
        "deploys": [{
            "id": ID, "app": "app", "request_id": REQUEST, "image_ref": "i:v2", "status": "live",
            "outcome": "succeeded", "outcome_detail": "app runs i:v2", "current": True, "rollback_of": None,
            "operation": {"image": "i:v2"}, "created_at": 10.0, "finished_at": 12.0}],
        "leases": [],
        "audit": [
            {"id": 1, "action": "deploy.create", "target_id": ID, "to_deploy_id": ID, "request_id": REQUEST},
            {"id": 2, "action": "deploy.create.succeeded", "target_id": ID, "to_deploy_id": ID,
             "request_id": REQUEST}],
        "frames": [{"deploy_id": ID, "frames": 4, "accepted": 1, "finished": 1, "last": 4, "finished_at_seq": 4}],
        "lease-history": [
            {"n": 1, "at": 10.0, "what": "begun", "deploy_id": ID, "holder": "a", "instance": "a", "fence": 1},
            {"n": 2, "at": 11.0, "what": "claimed", "deploy_id": ID, "holder": "b", "instance": "b", "fence": 2},
            {"n": 3, "at": 12.0, "what": "ended", "deploy_id": ID, "holder": "b", "instance": "b", "fence": 2}],
        "status-history": [
            {"n": 1, "at": 10.0, "deploy_id": ID, "was": None, "became": "deploying"},
            {"n": 2, "at": 12.0, "deploy_id": ID, "was": "deploying", "became": "live"}],
        "writes": [{
            "namespace": "chaos", "name": "app", "uid": "u", "generation": 2, "bumpedGeneration": True,
            "fieldManager": "rollbackd", "images": ["i:v2", "s:1"], "deployID": ID}],
        "deployments-before": [deployment("i:v1", {})],
        "deployments-after": [deployment("i:v2", {"rollbackd.io/deploy-id": ID})],
        "figures": {"before": {"a": figures}, "after": {"a": dict(figures)}, "peak_rss_kib": {"a": 41_000},
                    "starts": {"a": 1}},
        "leases-overdue": {"looks": 20, "lease": 5, "leases": [
            {"deploy_id": ID, "holder": "a", "fence": 1, "seconds": 1.5}]},
        "sql-errors": {"57P01": {"count": 3, "lines": ["terminated"]}},
        # Told to wait, came again in time, met a conflict, and was carried out.
        "requests": [
            {**REQUESTED, "at": 10.1, "status": 429, "retryAfter": 1, "isFaulty": True},
            {**REQUESTED, "at": 11.2, "status": 409},
            {**REQUESTED, "at": 11.3, "verb": "get", "deployID": None, "status": 200},
            {**REQUESTED, "at": 11.4, "status": 200}],
        "audit-verify": {"status": 0, "said": ""},
        "events": [{"kind": "started", "at": 9.0, "host": "a", "pid": 1},
                   {"kind": "started", "at": 9.0, "host": "b", "pid": 2}],
        "fired": [{"point": "FP7", "action": "kill", "hit": 1, "pid": 1, "at": 10.5}],
        "calls": [{"began": 9.9, "ended": 12.1, "via": "a", "call": [], "request": REQUEST, "status": 0,
                   "accepted": ID, "finished": ID, "outcome": "succeeded"}],
    }


def change(path, value):
    """A change of one value in a history."""
    def apply(history):
        place = history
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    return apply


def again(name, **fields):
    """The first entry of a list once more, with other fields."""
    return lambda history: history[name].append({**history[name][0], **fields})


def without(name, index):
    return lambda history: history[name].pop(index)


WRONG = [
    ("I1", "an operation that never ends", change(("deploys", 0, "status"), "deploying")),
    ("I1", "an operation that ends twice", lambda h: h["status-history"].append(dict(h["status-history"][1], n=3))),
    ("I1", "a second row for a request", again("deploys", id=OTHER, current=False)),
    ("I1", "no finished frame", change(("frames", 0, "finished"), 0)),
    ("I1", "no current deploy", change(("deploys", 0, "current"), False)),
    ("I2", "an outcome without its audit row", without("audit", 1)),
    ("I2", "a second outcome", lambda h: h["audit"].append(dict(h["audit"][1], id=3))),
    ("I2", "another outcome in the audit", change(("audit", 1, "action"), "deploy.create.failed")),
    ("I2", "a gap in the numbers", change(("audit", 1, "id"), 3)),
    ("I2", "a broken chain", change(("audit-verify", "status"), 11)),
    ("I3", "a second effective patch", again("writes", generation=3)),
    ("I3", "success without a patch", without("writes", 0)),
    ("I3", "a patch of nobody", again("writes", deployID=OTHER)),
    ("I4", "an accepted deploy that was lost", change(("calls", 0, "accepted"), OTHER)),
    ("I4", "a caller who was told another outcome", change(("calls", 0, "outcome"), "failed")),
    ("I4", "a conflict with oneself", lambda h: h["calls"][0].update(status=5, began=10.5)),
    ("I4", "an answer that says nothing", change(("calls", 0, "status"), 1)),
    ("I4", "a failure that had changed something", lambda h: h["deploys"][0].update(
        status="failed", outcome="failed", current=False, outcome_detail="no; nothing was changed in the cluster")),
    ("I5", "a token that goes down", change(("lease-history", 1, "fence"), 1)),
    ("I5", "an end by a holder of before", change(("lease-history", 2, "fence"), 1)),
    ("I6", "another image than the last one", change(
        ("deployments-after", 0, "spec", "template", "spec", "containers", 0, "image"), "i:v1")),
    ("I6", "a field that is not ours", change(("deployments-after", 0, "spec", "replicas"), 3)),
    ("I6", "a container more", lambda h: h["deployments-after"][0]["spec"]["template"]["spec"]["containers"].append(
        {"name": "new", "image": "n:1"})),
    ("I6", "another strategy", change(("deployments-after", 0, "spec", "strategy"), {"type": "Recreate"})),
    ("I7", "a lease that is left", lambda h: h["leases"].append(
        {"deploy_id": ID, "holder_host": "a", "fencing_token": 2})),
    ("I7", "memory without bounds at the end", change(("figures", "after", "a", "rss_kib"), 256 * 1024)),
    ("I7", "memory without bounds in between", change(("figures", "peak_rss_kib", "a"), 300 * 1024)),
    ("I7", "three descriptors more", change(("figures", "after", "a", "descriptors"), 23)),
    ("I7", "three descriptors fewer", change(("figures", "after", "a", "descriptors"), 17)),
    ("I7", "a thread more", change(("figures", "after", "a", "threads"), 8)),
    ("I7", "connections to the database beyond the pool's", change(("figures", "after", "a", "database"), 14)),
    ("I7", "connections to the API server beyond their maximum", change(("figures", "after", "a", "cluster"), 37)),
    ("I7", "a lease that lay about for twice its length", change(("leases-overdue", "leases", 0, "seconds"), 5.1)),
    ("I7", "that nobody looked for such leases", change(("leases-overdue", "looks"), 0)),
    ("I5", "a lease given away by a holder of before", lambda h: h["lease-history"].append(
        {**h["lease-history"][1], "n": 4, "what": "released", "fence": 1})),
    ("D1", "a statement in somebody's aborted transaction", change(
        ("sql-errors", "25P02"), {"count": 1, "lines": ["current transaction is aborted"]})),
    ("K1", "a patch that came before its time", change(("requests", 1, "at"), 11.0)),
    ("K1", "a watch that came before its time", lambda h: h["requests"].extend(
        {**REQUESTED, "verb": "watch", "deployID": None, "at": at, "status": 429, "retryAfter": 2}
        for at in (20, 22.1, 23))),
    ("K1", "an eleventh retry", lambda h: h["requests"].extend(
        {**REQUESTED, "at": 20 + 1.1 * n, "status": 429, "retryAfter": 1} for n in range(12))),
    ("R1", "an image that works and failed", change(("deploys", 0, "outcome"), "timed_out")),
]


def window(**fields):
    """What a scenario came to, all of it as it should be unless `fields` say otherwise."""
    return {"scenario": "s", "facts": [], "wrong": [], "void": [], "measures": [], "began": 9.0, "ended": 13.0,
            **fields}


def measured(seconds):
    return window(measures=[{"what": "healthy", "seconds": seconds, "limit": 2.0}])


def strike(**fields):
    """One fault of a point, by a daemon that dies at 10.5 and whose operation is taken over at 11."""
    return {"point": "FP7", "action": "kill", "daemons": 3, "wanted": 1, "began": 9.0, "ended": 13.0, "void": 0,
            "fires": [{"at": 10.5, "host": "a", "in_flight": 9}], **fields}


def taken_over_after(seconds):
    """The same history with its takeover and its end that long after the fault."""
    def apply(history):
        history["lease-history"][1]["at"] = history["lease-history"][2]["at"] = 10.5 + seconds
        history["deploys"][0]["finished_at"] = 10.5 + seconds
    return apply


def same(history):
    pass


# What the lines of a run must count: what stands in a window, a change of the good history, and the count.
COUNTED = [
    ("nothing of a good scenario", [window()], same, None),
    ("nothing of a good fault", [strike()], same, None),
    ("a wish that did not hold", [window(wrong=["x"])], same, "wrong"),
    ("a scenario that says nothing", [window(void=["x"])], same, "void"),
    ("a time within its limit", [measured(1.9)], same, None),
    ("a time beyond its limit", [measured(2.1)], same, "late"),
    ("what never came", [measured(None)], same, "late"),
    ("a wait for longer than was asked", [window()], change(("requests", 1, "at"), 12.2), None),
    ("a much longer wait than was asked", [window()], change(("requests", 1, "at"), 12.4), "late"),
    ("a point that did not fire", [strike(fires=[])], same, "void"),
    ("a point that fired too seldom", [strike(wanted=2)], same, "void"),
    ("a takeover in time", [strike()], taken_over_after(14.9), None),
    ("a late takeover", [strike()], taken_over_after(15.1), "late"),
    ("a late end of who only stalls", [strike(action="error")], taken_over_after(16), "late"),
    ("a late end after another fault of the next holder", [strike(action="error")], lambda h: (
        taken_over_after(4)(h), change(("deploys", 0, "finished_at"), 30.0)(h),
        h["lease-history"][2].update(at=30.0), h["fired"].append({**h["fired"][0], "pid": 2, "at": 15.0})), None),
]


def run():
    failures = 0
    if broken := verdict(good()):
        print(f"chaos self-test: a good history is said to break {broken}")
        failures += 1
    for invariant, name, wrong in WRONG:
        history = copy.deepcopy(good())
        wrong(history)
        if invariant not in {entry["invariant"] for entry in verdict(history)}:
            print(f"chaos self-test: {invariant} does not see {name}")
            failures += 1
    for name, windows, wrong, counted in COUNTED:
        history = copy.deepcopy(good())
        wrong(history)
        score = {"wrong": 0, "late": 0, "void": 0, "taken": [], "ended": []}
        with written(history) as directory:
            if "point" in windows[0]:
                failpoints.lines(windows, directory, [], 5, score)
            else:
                scenarios.lines(windows, directory, [], score)
        if {key for key in ("wrong", "late", "void") if score[key]} != ({counted} if counted else set()):
            print(f"chaos self-test: {name} counts as {score}")
            failures += 1
    total = len(WRONG) + len(COUNTED) + 1
    print(f"chaos self-test: {total - failures} of {total} as they should be")
    return 1 if failures else 0


@contextlib.contextmanager
def written(history):
    """A directory with the history's files."""
    with tempfile.TemporaryDirectory() as directory:
        for name, value in history.items():
            if name in ("calls", "events", "fired"):
                with open(os.path.join(directory, f"{name}.jsonl"), "w") as file:
                    file.writelines(json.dumps(entry) + "\n" for entry in value)
            else:
                with open(os.path.join(directory, f"{name}.json"), "w") as file:
                    json.dump(value, file)
        yield directory


def verdict(history):
    with written(history) as directory:
        return judge(directory)
