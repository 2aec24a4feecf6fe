"""Shows that the judge finds what it is there for: a good history, and the same with one thing wrong at a time."""
import copy
import json
import os
import tempfile

from judge import judge

ID, OTHER, REQUEST = "11111111-aaaa", "22222222-bbbb", "request-1"


def good():
    """One deploy that was accepted, patched in, taken over once and told of."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

    def deployment(image, annotations):
        return {
            "metadata": {"name": "app", "uid": "u", "generation": 1, "annotations": {"owner": "x", **annotations}},
            "spec": {"replicas": 2, "strategy": strategy, "template": {"spec": {"containers": [
                {"name": "app", "image": image}, {"name": "sidecar", "image": "s:1"}]}}}}

    figures = {"rss_kib": 40_000, "threads": 7, "descriptors": 20}
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
        "figures": {"before": {"a": figures}, "after": {"a": figures}, "starts": {"a": 1}},
        "audit-verify": {"status": 0, "said": ""},
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
    ("I7", "memory without bounds", change(("figures", "after", "a"), {
        "rss_kib": 300 * 1024, "threads": 7, "descriptors": 20})),
    ("R1", "an image that works and failed", change(("deploys", 0, "outcome"), "timed_out")),
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
    print(f"chaos self-test: {len(WRONG) + 1 - failures} of {len(WRONG) + 1} as they should be")
    return 1 if failures else 0


def verdict(history):
    with tempfile.TemporaryDirectory() as directory:
        for name, value in history.items():
            with open(os.path.join(directory, f"{name}.{'jsonl' if name == 'calls' else 'json'}"), "w") as file:
                if name == "calls":
                    file.writelines(json.dumps(call) + "\n" for call in value)
                else:
                    json.dump(value, file)
        return judge(directory)
