"""Judges a recorded history by the model: which invariants were broken, by which operation, when.

Reads nothing but files, so that an old run can be judged again by a better judge.
"""
import collections
import json

MANAGER = "rollbackd"
TERMINAL = {"live", "superseded", "failed", "cancelled"}
INVARIANTS = {
    "I1": "each accepted operation is one row and ends once",
    "I2": "one audit row for the request and one for the outcome; the chain is whole",
    "I3": "at most one effective patch for each operation, exactly one where it succeeded",
    "I4": "nothing acknowledged is lost, and what callers were told is what was recorded",
    "I5": "a fencing token never goes down, and a lease ends by its newest holder",
    "I6": "the cluster is as the last operation left it, all other fields as they were",
    "I7": "no lease is left or lies about for longer than twice its length, memory is below 256 MiB, descriptors are "
          "back to the start's by 2, threads to the start's number",
    "D1": "no statement meets the aborted transaction of somebody before it",
    "K1": "the API server's Retry-After is kept, and a request is tried again ten times at most",
    "R1": "a fault of the surroundings is not reported as a failure of an image that works",
}


class History:
    """The files of one run."""

    def __init__(self, directory):
        self.directory = directory

    def __getattr__(self, name):
        value = json.load(open(f"{self.directory}/{name.replace('_', '-')}.json"))
        setattr(self, name, value)
        return value

    def lines(self, name):
        with open(f"{self.directory}/{name}.jsonl") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]


class Break(dict):
    """One broken invariant: `invariant`, `text`, `at` (when the operation concerned began), `deploy`."""


def judge(directory):
    """All that is broken in a history."""
    history = History(directory)
    broken = []
    began = {row["id"]: row["created_at"] for row in history.deploys}

    def report(invariant, text, deploy=None, at=None):
        when = at if at is not None else began.get(deploy)
        broken.append(Break(invariant=invariant, text=text, deploy=deploy, at=when))

    rows = {row["id"]: row for row in history.deploys}
    _rows(history, rows, report)
    _audit(history, rows, report)
    _patches(history, rows, report)
    _calls(history, rows, report)
    _leases(history, rows, report)
    _cluster(history, rows, report)
    _figures(history, report)
    _overdue(history, report)
    _errors(history, report)
    _patience(history, report)
    return broken


def _rows(history, rows, report):
    ends = collections.Counter()
    for change in history.status_history:
        if change["was"] == "deploying":
            ends[change["deploy_id"]] += 1
        if change["was"] in TERMINAL and (change["was"], change["became"]) != ("live", "superseded"):
            report("I1", f"went from {change['was']} to {change['became']}", change["deploy_id"])
    current = collections.Counter()
    frames = {entry["deploy_id"]: entry for entry in history.frames}
    for row in rows.values():
        if row["status"] not in TERMINAL:
            report("I1", f"is still {row['status']}", row["id"])
            continue
        # Images of the callers whose tag begins so crash by design; all others become ready.
        if row["outcome"] != "succeeded" and ":crash" not in row["operation"].get("image", ""):
            report("R1", f"{row['operation'].get('image')} ended {row['outcome']}: {row['outcome_detail']}", row["id"])
        if ends[row["id"]] != 1:
            report("I1", f"ended {ends[row['id']]} times", row["id"])
        if row["current"]:
            current[row["app"]] += 1
        kept = frames.get(row["id"], {"accepted": 0, "finished": 0, "finished_at_seq": None, "last": None})
        if kept["finished"] != 1 or kept["finished_at_seq"] != kept["last"]:
            report("I1", f"stored {kept['finished']} finished frames, the last at {kept['finished_at_seq']} of "
                         f"{kept['last']}", row["id"])
    for app in {row["app"] for row in rows.values() if row["status"] == "live"}:
        if current[app] != 1:
            report("I1", f"app {app} has {current[app]} current deploys", at=0)
    requests = collections.Counter((row["app"], row["request_id"]) for row in rows.values())
    for (app, request), count in requests.items():
        if count != 1:
            report("I1", f"request {request} of app {app} made {count} rows", at=0)


def _audit(history, rows, report):
    actions = collections.defaultdict(collections.Counter)
    for event in history.audit:
        if event["to_deploy_id"]:
            actions[event["to_deploy_id"]][event["action"]] += 1
    for row in rows.values():
        action = "deploy.rollback" if row["rollback_of"] else "deploy.create"
        if actions[row["id"]][action] != 1:
            report("I2", f"has {actions[row['id']][action]} audit rows {action}", row["id"])
        if row["status"] in TERMINAL:
            outcomes = {name: n for name, n in actions[row["id"]].items() if name.startswith(action + ".")}
            if outcomes != {f"{action}.{row['outcome']}": 1}:
                report("I2", f"ended {row['outcome']}, its outcome in the audit: {outcomes}", row["id"])
    if [event["id"] for event in history.audit] != list(range(1, len(history.audit) + 1)):
        report("I2", "the audit's numbers have a gap", at=0)
    if history.audit_verify["status"] != 0:
        report("I2", f"the chain: {history.audit_verify['said']}", at=0)


def _brings_in(write):
    """Whether it is a patch of ours that brings an image in; a fence changes an annotation only."""
    return write["fieldManager"] == MANAGER and write["bumpedGeneration"] and "fencedDeployID" not in write


def effective(history):
    """Our effective patches in order, for each operation."""
    patches = collections.defaultdict(list)
    for write in history.writes:
        if _brings_in(write):
            patches[write.get("deployID")].append(write)
    return patches


def _patches(history, rows, report):
    patches = effective(history)
    for deploy, writes in patches.items():
        if deploy not in rows:
            report("I3", f"a patch carries deploy id {deploy}, which no row has", at=0)
        elif len(writes) > 1:
            report("I3", f"was patched in {len(writes)} times", deploy)
        elif rows[deploy]["operation"].get("image") not in writes[0]["images"]:
            report("I3", f"brought in {writes[0]['images']}", deploy)
    for row in rows.values():
        count = len(patches[row["id"]]) if row["id"] in patches else 0
        if row["outcome"] == "succeeded" and count != 1:
            report("I3", f"succeeded with {count} effective patches", row["id"])
        if count and "nothing was changed in the cluster" in (row["outcome_detail"] or ""):
            report("I4", f"was reported as changing nothing, and was patched in: {row['outcome_detail']}", row["id"])


def _calls(history, rows, report):
    by_request = {row["request_id"]: row for row in rows.values()}
    for call in history.lines("calls"):
        row = by_request.get(call["request"])
        if call.get("outcome") == "already_current":
            continue
        for word in ("accepted", "finished"):
            told = call.get(word)
            if told and told not in rows:
                report("I4", f"request {call['request']} was told {word} {told}, which no row has", at=call["began"])
            elif told and (row is None or row["id"] != told):
                report("I4", f"request {call['request']} was told {word} {told}, its row is {row and row['id']}", told)
        if call.get("finished") in rows and rows[call["finished"]]["outcome"] != call["outcome"]:
            row = rows[call["finished"]]
            report("I4", f"a caller was told {call['outcome']}, recorded is {row['outcome']}", row["id"])
        # Before its row was there a twin of the call may have found a rival's deploy in the way.
        if call["status"] in (4, 5, 6) and row is not None and row["created_at"] <= call["began"]:
            report("I4", f"refused with status {call['status']} ({call.get('error')}), although its request made a row",
                   row["id"])
        if call["status"] in (-1, 1, 2, 7):
            report("I4", f"a call ended with status {call['status']}: {call.get('error') or call.get('said')}",
                   row["id"] if row else None, at=call["began"])


def _leases(history, rows, report):
    fences = {}
    for change in history.lease_history:
        deploy, fence = change["deploy_id"], change["fence"]
        before = fences.get(deploy, 0)
        if change["what"] in ("begun", "claimed") and fence != before + 1:
            report("I5", f"its fencing token went from {before} to {fence}", deploy)
        if change["what"] in ("ended", "released") and fence != before:
            report("I5", f"its lease was {change['what']} with token {fence}, the newest is {before}", deploy)
        fences[deploy] = max(fence, before)
    for lease in history.leases:
        report("I7", f"a lease of {lease['holder_host']} is left", lease["deploy_id"])


def _cluster(history, rows, report):
    before = {item["metadata"]["name"]: item for item in history.deployments_before}
    last = {}
    for write in history.writes:
        if _brings_in(write):
            last[write["name"]] = write
    for item in history.deployments_after:
        name = item["metadata"]["name"]
        write = last.get(name)
        if write is None:
            continue
        deploy = write["deployID"]
        image = next(c["image"] for c in item["spec"]["template"]["spec"]["containers"] if c["name"] == "app")
        if deploy in rows and image != rows[deploy]["operation"]["image"]:
            report("I6", f"runs {image}, its last operation brought in {rows[deploy]['operation']['image']}", deploy)
        if item["metadata"]["annotations"].get("rollbackd.io/deploy-id") != deploy:
            report("I6", f"deployment {name} does not carry its last operation's id", deploy)
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        if item["spec"]["strategy"] != strategy:
            report("I6", f"deployment {name} has the strategy {item['spec']['strategy']}", deploy)
        if _foreign(item) != _foreign(before[name]):
            report("I6", f"fields of deployment {name} that are not ours have changed", deploy)
        newest = max((row for row in rows.values() if row["app"] == name and row["current"]),
                     key=lambda row: row["created_at"], default=None)
        if newest and rows.get(deploy, {}).get("outcome") == "succeeded" and deploy != newest["id"]:
            report("I6", f"current is {newest['id']}, the last patch was of {deploy}", deploy)


def _foreign(item):
    """What of a Deployment nobody but its owner changes."""
    item = json.loads(json.dumps(item))
    meta = item["metadata"]
    for field in ("generation", "resourceVersion", "managedFields"):
        meta.pop(field, None)
    for name in list(meta.get("annotations", {})):
        if name.startswith("rollbackd.io/") or name == "deployment.kubernetes.io/revision":
            del meta["annotations"][name]
    item.pop("status", None)
    item["spec"].pop("strategy", None)
    for container in item["spec"]["template"]["spec"]["containers"]:
        if container["name"] == "app":
            del container["image"]
    return json.dumps(item, sort_keys=True)


# What the daemon's pools may keep open: eight connections to the database for calls, four for leases and notifications,
# and one that is being replaced; to the API server as many as its requests may have, and four for the watches of the
# one namespace.
POOLED = {"database": 13, "cluster": 36}


def _figures(history, report):
    figures = history.figures
    for name, after in figures["after"].items():
        before = figures["before"][name]
        for field in ("descriptors", "threads"):
            # Descriptors besides the pools' connections. A thread of Swift's own pool ends when it is idle for long: a
            # thread less is none lost.
            more = after[field] - before[field]
            if more > 0 if field == "threads" else abs(more) > 2:
                report("I7", f"{name} had {before[field]} {field} at the start and has {after[field]}", at=0)
        for field, limit in POOLED.items():
            if after[field] > limit:
                report("I7", f"{name} keeps {after[field]} connections to the {field}", at=0)
    for name, after in figures["after"].items():
        peak = max(after["rss_kib"], figures["peak_rss_kib"].get(name, 0))
        if peak >= 256 * 1024:
            report("I7", f"{name} held {peak // 1024} MiB", at=0)


def _overdue(history, report):
    """A lease that ran out is twice its length old when nobody has taken it for its length."""
    overdue = history.leases_overdue
    if overdue["looks"] == 0:
        report("I7", "nobody looked for leases that lie about", at=0)
    for entry in overdue["leases"]:
        if entry["seconds"] > overdue["lease"]:
            report("I7", f"nobody took the lease of {entry['holder']} for {entry['seconds']:.1f} s after its end",
                   entry["deploy_id"])


def _errors(history, report):
    for entry in [history.sql_errors["25P02"]] if "25P02" in history.sql_errors else []:
        report("D1", f"{entry['count']} times, first {entry['lines'][0]}", at=0)


MOST_RETRIES = 10
# The daemon adds up to a fifth, so that not all come at once.
LONGEST_WAIT = 1.2
# A request is noted when it is served, and the answer that it follows was read a little after that was noted.
CLOCKS = 0.02


def patience(history):
    """Each request that was told to wait and came again: verb, the seconds asked for, those waited, when."""
    result, latest = [], {}
    for request in history.requests:
        key = (request["user"], request["verb"], request["path"], request["deployID"])
        told = latest.pop(key, None)
        if told is not None:
            result.append({"verb": request["verb"], "user": request["user"], "path": request["path"],
                           "asked": told["retryAfter"], "waited": request["at"] - told["at"], "at": told["at"]})
        # Every call lists the autoscalers by itself: what comes next may be another call's.
        if request["user"].startswith("host") and request["status"] == 429 and request["retryAfter"] \
                and not request["path"].endswith("/horizontalpodautoscalers"):
            latest[key] = request
    return result


def _patience(history, report):
    for wait in patience(history):
        if wait["waited"] < wait["asked"] - CLOCKS:
            report("K1", f"{wait['user']} was to wait {wait['asked']} s with its {wait['verb']} of {wait['path']} and "
                         f"waited {wait['waited']:.2f} s", at=wait["at"])
    tries = collections.Counter()
    for request in history.requests:
        place = (request["user"], request["path"])
        for key in [key for key in tries if key[:2] == place and key[2] != request["verb"]]:
            # It has read the object, or written it: what comes now is another request.
            del tries[key]
        key = (*place, request["verb"])
        if not request["user"].startswith("host") or request["status"] != 429:
            tries.pop(key, None)
            continue
        tries[key] += 1
        if tries[key] == MOST_RETRIES + 2:
            report("K1", f"{request['user']} tried its {request['verb']} of {request['path']} more than "
                         f"{MOST_RETRIES} times again", at=request["at"])


def usual(history):
    """The median time of the operations that nobody had to take over."""
    claims = collections.Counter(c["deploy_id"] for c in history.lease_history if c["what"] == "claimed")
    times = sorted(
        row["finished_at"] - row["created_at"] for row in history.deploys
        if row["finished_at"] and not claims[row["id"]])
    return times[len(times) // 2] if times else 0.0


def recovery(history, fire, fires):
    """After a fault, of the operations that its daemon held: how long until each was taken over (or ended), and how
    long until each ended, in seconds. One that a later one of `fires` struck again has its end by that one."""
    changes = collections.defaultdict(list)
    for change in history.lease_history:
        if change["what"] != "released":
            changes[change["deploy_id"]].append(change)
    ends = {row["id"]: row["finished_at"] for row in history.deploys if row["finished_at"]}
    taken, ended = [], []
    for deploy, own in changes.items():
        if _holder(own, fire["at"]) != fire["host"]:
            continue
        after = [change["at"] for change in own if change["at"] > fire["at"]]
        if after:
            taken.append(after[0] - fire["at"])
        again = any(fire["at"] < other["at"] and _holder(own, other["at"]) == other["host"] for other in fires)
        if deploy in ends and not again:
            ended.append(ends[deploy] - fire["at"])
    return taken, ended


def spread(times):
    """Median, 99th percentile and worst of some times, for reading."""
    if not times:
        return "-"
    times = sorted(times)
    at = [times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.99, 1)]
    return " / ".join(f"{value:.2f}" for value in at) + " s"


def _holder(changes, at):
    """Who held an operation's lease at an instant, by its history."""
    holder = None
    for change in changes:
        if change["at"] > at:
            break
        holder = None if change["what"] == "ended" else change["holder"]
    return holder
