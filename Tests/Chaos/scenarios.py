"""Faults of everything around the daemon: a holder that freezes, the database, the API server, death at random."""
import collections
import os
import signal
import threading
import time

import wire
from failpoints import PATIENCE
from judge import LONGEST_WAIT, History, effective, patience, spread
from rig import RigError, holders, wait_until

# How soon the pool must be healthy after PostgreSQL is back, and how soon callers are told that it is away.
HEALTHY, FAIL_FAST = 2.0, 0.1
# What a busy machine may add to a wait that the API server asked for.
LATENESS = 1.0


class Line:
    """What one scenario came to: what it saw, what is wrong, what took how long, and why it counts for nothing."""

    def __init__(self, name):
        self.name, self.facts, self.wrong, self.void, self.measures = name, [], [], [], []
        self.began = time.time()

    def fact(self, text):
        self.facts.append(text)

    def expect(self, holds, text):
        if not holds:
            self.wrong.append(text)

    def measure(self, what, seconds, limit):
        """A time that has a limit; None for what never came."""
        self.measures.append({"what": what, "seconds": seconds, "limit": limit})

    def need(self, holds, text):
        """Without it the run says nothing."""
        if not holds:
            self.void.append(text)

    def done(self):
        return {"scenario": self.name, "facts": self.facts, "wrong": self.wrong, "void": self.void,
                "measures": self.measures, "began": self.began, "ended": time.time()}


def held_by(rig, daemon):
    return {row["deploy_id"] for row in rig.postgres.rows(
        f"SELECT deploy_id FROM paas_operation_leases WHERE holder_host = '{daemon.name}'")}


# Where a holder freezes: before its PATCH, within the outcome's transaction, before its lease's renewal, anywhere.
FROZEN_AT = ("FP7", "FP10", "FP14", None)
# How often another holder is sought where the frozen one had just ended what it held.
SEARCHES = 5


def frozen(rig, load, dice, times):
    """A holder stops for twice the lease. Others take over; the stale one must then change nothing."""
    line = Line("frozen")
    taken, refused, sought, counts = 0, 0, 0, collections.Counter()
    for turn in range(times):
        if turn == (times + 1) // 2 and times > 1:
            rig.retire()
        counts[len(rig.daemons)] += 1
        point = FROZEN_AT[turn % len(FROZEN_AT)]
        for _ in range(SEARCHES):
            sought += 1
            victim = freeze(rig, dice, point)
            held = held_by(rig, victim)
            if held:
                break
            victim.signal(signal.SIGCONT)
            time.sleep(0.5)
        line.need(held, f"turn {turn}: {SEARCHES} frozen daemons held nothing")
        if not held:
            continue
        time.sleep(2 * rig.lease + 1)
        kept = held & held_by(rig, victim)
        line.expect(not kept, f"turn {turn}, {point}: {kept} was not taken over")
        taken += len(held - kept)
        before = stale_patches(rig, held)
        victim.signal(signal.SIGCONT)
        time.sleep(1.5)
        refused += stale_patches(rig, held) - before
    line.fact(f"{times} times ({', '.join(f'{n} of {d} daemons' for d, n in counts.items())}; {sought} freezes), "
              f"{taken} operations taken over, {refused} stale patches sent and refused")
    return line.done()


def freeze(rig, dice, point):
    """Stops who holds the most operations, at a failpoint or wherever it is."""
    names = wait_until(lambda: holders(rig), 30, "a holder")
    victim = max(rig.daemons, key=lambda daemon: names.get(daemon.name, 0))
    if point is None:
        victim.signal(signal.SIGSTOP)
        return victim
    seen = len(rig.fired())
    victim.arm(f"{point}=stop@{dice.randint(1, 3)}")
    wait_until(lambda: any(f["pid"] == victim.process.pid for f in rig.fired()[seen:]), 30, f"{point}=stop")
    victim.disarm()
    return victim


def stale_patches(rig, deploys):
    """How many patches of these operations the API server has refused."""
    return sum(
        1 for request in rig.cluster.requests()
        if request["verb"] == "patch" and request["status"] in (409, 422)
        and any(deploy in request["body"] for deploy in deploys))


def healthy(rig, limit):
    """Seconds until every daemon answers from the database again; None when one does not within `limit`."""
    began = time.monotonic()
    waiting = {daemon.name: wire.Caller(daemon.socket) for daemon in rig.daemons}
    callers = list(waiting.values())
    try:
        while waiting:
            for name, caller in list(waiting.items()):
                if answers(rig, caller):
                    del waiting[name]
            if time.monotonic() - began > limit:
                return None
            time.sleep(0.01)
        return time.monotonic() - began
    finally:
        for caller in callers:
            caller.close()


def answers(rig, caller):
    try:
        return caller.list_deploys(rig.apps[0], timeout=3)[0] == 0
    except wire.Gone:
        return False


# In the midst of what PostgreSQL is stopped: an intent on the wire, an outcome's transaction before and after its
# COMMIT was sent, or whatever is going on.
CRASH_AT = ("FP3", "FP10", "FP11", None)


def postgres_crash(rig, load, dice, times):
    """`pg_ctl stop -m immediate` in the midst of transactions; then the server recovers from its log."""
    line = Line("postgres-crash")
    slowest, within = 0, 0
    for turn in range(times):
        wait_until(lambda: load.in_flight >= len(rig.apps) // 2, 30, "operations in flight")
        point = CRASH_AT[turn % len(CRASH_AT)]
        if point is None:
            time.sleep(dice.random())
        else:
            within += stall(rig, point, 1, rig.daemons) is not None
        rig.postgres.stop("immediate")
        time.sleep(dice.random())
        rig.postgres.start()
        over = max(daemon.busy_until for daemon in rig.daemons) - time.monotonic()
        # One that stalls does not answer for that reason.
        time.sleep(max(0, over))
        back = healthy(rig, 20)
        line.measure("healthy after PostgreSQL was back", back, HEALTHY)
        slowest = max(slowest, back or 20)
    planned = sum(1 for turn in range(times) if CRASH_AT[turn % len(CRASH_AT)])
    line.need(within >= planned * 0.8, f"only {within} of {planned} crashes met a stalled transaction")
    line.fact(f"{times} crashes, {within} of them within a transaction that was known to be open, healthy at most "
              f"{slowest:.2f} s after PostgreSQL was back")
    return line.done()


def stall(rig, point, seconds, daemons):
    """Lets the first of some daemons that passes a point stall there; that daemon, or None when none comes by."""
    seen = len(rig.fired())
    pids = {daemon.process.pid: daemon for daemon in daemons}
    for daemon in daemons:
        daemon.arm(f"{point}=sleep:{seconds}")
    try:
        fire = wait_until(
            lambda: next((f for f in rig.fired()[seen:] if f["pid"] in pids and f["point"] == point), None),
            rig.lease + PATIENCE, point)
    except RigError:
        return None
    finally:
        for daemon in daemons:
            daemon.disarm()
    # Several may have passed before all were disarmed.
    for other in rig.fired()[seen:]:
        if other["pid"] in pids:
            pids[other["pid"]].busy_until = time.monotonic() + seconds + 0.1
    return pids[fire["pid"]]


# The steps of an operation at which something is asked of the database, or its answer is awaited.
STEPS = ("FP2", "FP3", "FP4", "FP5", "FP9", "FP10", "FP11", "FP12", "FP14")


def postgres_steps(rig, load, dice, times):
    """At each step of an operation the daemon stalls, and its server processes are ended meanwhile: all of them by
    pg_terminate_backend, or the one that is at work, or that one by SIGKILL, after which PostgreSQL restarts them
    all."""
    result = []
    for point in STEPS:
        line = Line(f"postgres-steps {point}")
        hit, ended, kills, states, gone = 0, 0, 0, collections.Counter(), None
        for _ in range(times * 2 + 2):
            if hit >= times:
                break
            if gone is not None:
                gone.process.wait(30)
            rig.restart_dead()
            fit = wait_until(
                lambda: [d for d in rig.daemons if time.monotonic() >= d.busy_until], 30, "a daemon at work")
            if point == "FP5":
                # Only who takes over passes here, from one who leaves something.
                names = wait_until(lambda: holders(rig), 30, "a holder")
                gone = max(rig.daemons, key=lambda daemon: names.get(daemon.name, 0))
                gone.signal(signal.SIGTERM if hit % 2 else signal.SIGKILL)
                fit = [daemon for daemon in rig.daemons if daemon is not gone]
            struck = stall(rig, point, 1, fit)
            if struck is None:
                continue
            try:
                own = [backend for backend in rig.postgres.backends(struck.name) if not backend["listens"]]
                if not own:
                    continue
                if hit % 5 == 4:
                    os.kill(own[0]["pid"], signal.SIGKILL)
                    kills += 1
                    chosen = own[:1]
                else:
                    chosen = own if hit % 2 == 0 else own[:1]
                    pids = ",".join(str(backend["pid"]) for backend in chosen)
                    rig.postgres.psql(f"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{pids}]) pid")
            except (RigError, ProcessLookupError):
                # PostgreSQL is restarting after the last one.
                continue
            hit += 1
            ended += len(chosen)
            states.update(backend["state"] for backend in chosen)
        if gone is not None:
            gone.process.wait(30)
        rig.restart_dead()
        wait_until(lambda: all(time.monotonic() >= d.busy_until for d in rig.daemons), 30, "daemons at work")
        back = healthy(rig, 20)
        line.measure("healthy after the last one", back, HEALTHY)
        line.need(hit >= times, f"only {hit} of {times} stalls met a server process")
        shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        line.fact(f"{hit} times, {ended} backends ended ({shown}), {kills} of them by SIGKILL")
        result.append(line.done())
    return result


def postgres_backends(rig, load, dice, times):
    """Single backends ended by pg_terminate_backend, and by SIGKILL, after which PostgreSQL restarts them all."""
    line = Line("postgres-backends")
    ended, states, kills = 0, {}, 0
    for turn in range(times):
        time.sleep(0.05 + 0.2 * dice.random())
        hard = turn % 10 == 9
        try:
            # Rather one that is at work.
            found = rig.postgres.rows("""
                SELECT pid, coalesce(state, '-') AS state FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name <> 'psql'
                ORDER BY state = 'idle', random() LIMIT 1""")
            if not found:
                continue
            if hard:
                os.kill(found[0]["pid"], signal.SIGKILL)
                kills += 1
                time.sleep(0.5)
            else:
                rig.postgres.psql(f"SELECT pg_terminate_backend({found[0]['pid']})")
            ended += 1
            states[found[0]["state"]] = states.get(found[0]["state"], 0) + 1
        except (RigError, ProcessLookupError):
            # The server is restarting, or the backend has gone by itself.
            time.sleep(0.2)
    back = healthy(rig, 20)
    line.measure("healthy after the last one", back, HEALTHY)
    line.need(ended >= times / 2, f"only {ended} of {times} backends were ended")
    shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    line.fact(f"{ended} backends ended ({shown}), {kills} of them by SIGKILL, healthy {back or 20:.2f} s after")
    return line.done()


def postgres_outage(rig, load, dice, seconds):
    """PostgreSQL is away for a while in the midst of rollouts; callers must be told at once. Each daemon is asked over
    a connection that is kept, and in turn for something that no database is needed for: what that takes is the
    machine's."""
    line = Line("postgres-outage")
    wait_until(lambda: load.in_flight >= len(rig.apps) // 2, 30, "operations in flight")
    rig.postgres.stop("fast")
    began, told, bare, codes = time.monotonic(), [], [], collections.Counter()
    while time.monotonic() - began < seconds:
        for daemon in rig.daemons:
            try:
                bare.append(daemon.caller.nothing()[1])
                code, took = daemon.caller.list_deploys(rig.apps[0])
                told.append(took)
            except wire.Gone as error:
                code = str(error)
            codes[code] += 1
        time.sleep(0.05)
    rig.postgres.start()
    back = healthy(rig, 20)
    line.expect(set(codes) == {wire.UNAVAILABLE}, f"not all calls were told that the database is away: {dict(codes)}")
    told.sort()
    bare.sort()
    line.measure("a call was told, at the median", told[len(told) // 2], FAIL_FAST)
    line.measure("a call was told, at the 99th percentile, without what the machine takes",
                 max(0.0, told[len(told) * 99 // 100] - bare[len(bare) * 99 // 100]), FAIL_FAST)
    line.measure("healthy after PostgreSQL was back", back, HEALTHY)
    line.fact(f"{seconds} s, {len(told)} calls refused after {spread(told)} (the machine alone: {spread(bare)}); "
              f"healthy {back or 20:.2f} s after PostgreSQL was back")
    return line.done()


# What the API server does wrong, and to which requests.
API_FAULTS = {
    "patch-429": {"failure": "status", "code": 429, "retryAfter": 1, "verb": "patch"},
    "patch-429-for-long": {"failure": "status", "code": 429, "retryAfter": 1, "verb": "patch", "path": "/app00"},
    "patch-500": {"failure": "status", "code": 500, "verb": "patch"},
    "patch-503": {"failure": "status", "code": 503, "verb": "patch"},
    "patch-504": {"failure": "status", "code": 504, "verb": "patch"},
    "patch-409": {"failure": "status", "code": 409, "verb": "patch"},
    "patch-cut-before": {"failure": "cutBefore", "verb": "patch"},
    "patch-cut-after": {"failure": "cutAfter", "verb": "patch"},
    "patch-delay": {"failure": "delay", "seconds": 4, "verb": "patch"},
    "get-429": {"failure": "status", "code": 429, "retryAfter": 1, "verb": "get", "path": "/deployments/"},
    "get-500": {"failure": "status", "code": 500, "verb": "get", "path": "/deployments/"},
    "get-cut": {"failure": "cutBefore", "verb": "get", "path": "/deployments/"},
    "watch-410": {"failure": "status", "code": 410, "verb": "watch"},
    "watch-429": {"failure": "status", "code": 429, "retryAfter": 1, "verb": "watch"},
    "list-429": {"failure": "status", "code": 429, "retryAfter": 1, "verb": "list"},
    "list-500": {"failure": "status", "code": 500, "verb": "list"},
}


def api(rig, load, dice, times):
    """Each fault of the API server so many times, under load; then restarts, dropped watches and a freeze."""
    result = []
    # Who is told to wait shall be the only one who asks the same thing.
    load.has_twins = False
    wait_until(lambda: load.twins == 0, 120, "the twins' ends")
    for name, fault in API_FAULTS.items():
        line = Line(f"api {name}")
        # More than the daemon's patience has, so that this ends too.
        count = 13 if name == "patch-429-for-long" else times
        wait_until(lambda: load.in_flight > 0, 30, "operations in flight")
        rig.cluster.inject(**fault, times=count)
        if fault["verb"] in ("watch", "list"):
            # Lists and watches are begun anew only after an end.
            rig.cluster.call("POST", "/dev/restart" if fault["verb"] == "list" else "/dev/drop-watches")
        try:
            # Each look is a connection to the API server, which others wait for.
            wait_until(lambda: rig.cluster.faults_left() == 0, 60, "faults", pause=0.3)
        except RigError:
            line.need(False, f"{rig.cluster.faults_left()} of {count} did not fire")
            rig.cluster.call("DELETE", "/dev/faults")
        line.fact(f"{count} fired")
        result.append(line.done())
    load.has_twins = True
    for name, act in (
            ("restart", lambda: rig.cluster.call("POST", "/dev/restart", {})),
            ("restart, away 2 s", lambda: away(rig, 2)),
            ("dropped watches", lambda: rig.cluster.call("POST", "/dev/drop-watches", {})),
            ("freeze 4 s", lambda: (rig.cluster.call("POST", "/dev/freeze", {"seconds": 4}), time.sleep(4)))):
        line = Line(f"api {name}")
        for _ in range(times):
            wait_until(lambda: holders(rig), 30, "an operation under way")
            act()
            time.sleep(0.5 + dice.random())
        line.fact(f"{times} times in the midst of rollouts")
        result.append(line.done())
    return result


def away(rig, seconds):
    """What clients see of a restart as a whole: connections cut and refused, then another history of watches."""
    rig.cluster.gate.shut()
    rig.cluster.call("POST", "/dev/restart", {})
    time.sleep(seconds)
    rig.cluster.gate.open()


def random_kills(rig, load, dice, seconds):
    """kill -9 of a daemon every 0.5 to 5 s, whatever it is doing; of three daemons, then of two."""
    line = Line("random-kills")
    began, kills, under_load = time.monotonic(), 0, 0
    while (spent := time.monotonic() - began) < seconds:
        if spent > seconds / 2 and not rig.retired:
            rig.retire()
        time.sleep(0.5 + 4.5 * dice.random() ** 2)
        daemon = dice.choice(rig.daemons)
        under_load += load.in_flight >= 4
        kills += 1
        daemon.signal(signal.SIGKILL)
        daemon.process.wait()
        time.sleep(dice.random() * 0.3)
        rig.restart_dead()
    line.need(under_load >= 0.9 * kills, f"only {under_load} of {kills} kills met operations in flight")
    line.fact(f"{kills} kills in {seconds} s, {under_load} with operations in flight")
    return line.done()


# Name: what runs it, the dose for CI, the full dose.
ALL = {
    "frozen": (frozen, 4, 24),
    "postgres-crash": (postgres_crash, 4, 50),
    "postgres-steps": (postgres_steps, 2, 20),
    "postgres-backends": (postgres_backends, 20, 200),
    "postgres-outage": (postgres_outage, 10, 60),
    "api": (api, 2, 10),
    "random-kills": (random_kills, 10, 300),
}
# Those that need a gate before the API server, which costs something.
GATED = {"api"}


def chosen(text):
    """The names in a `--scenarios` option."""
    if text in ("", "none"):
        return []
    names = list(ALL) if text == "all" else text.split(",")
    for name in names:
        if name not in ALL:
            raise SystemExit(f"chaos: there is no scenario {name}; there are {', '.join(ALL)}")
    return names


def run(name, rig, load, dice, is_short, times):
    work, short, full = ALL[name]
    wait_until(lambda: load.in_flight > 0, 10, "callers")
    result = work(rig, load, dice, times or (short if is_short else full))
    return result if isinstance(result, list) else [result]


def lines(result, directory, broken, score):
    """One line for each scenario and more for what is not as it should be, which `score` counts."""
    shown, history = [], History(directory)
    for entry in result:
        mine = [b for b in broken if b["at"] is not None and entry["began"] <= b["at"] <= entry["ended"]]
        facts = [*entry["facts"], *struck(history, entry)]
        shown.append(f"{entry['scenario']:<22} {'; '.join(facts)}; broken {len(mine)}")
        for wrong in entry["wrong"]:
            shown.append(f"  NOT AS IT SHOULD BE: {wrong}")
            score["wrong"] += 1
        late(entry["measures"], shown, score)
        for why in entry["void"]:
            shown.append(f"  VOID: {why}")
            score["void"] += 1
    waited = waits(history, result)
    for measure in waited:
        shown.append(f"       {measure['what']}: {measure['seconds']:.2f} s")
    late(waited, shown, score)
    return shown


def late(measures, shown, score):
    for measure in measures:
        if measure["seconds"] is None or measure["seconds"] > measure["limit"]:
            took = "never" if measure["seconds"] is None else f"{measure['seconds']:.2f} s"
            shown.append(f"  LATE: {measure['what']}: {took}, the limit is {measure['limit']:.2f} s")
            score["late"] += 1


def within(history, entry):
    return [r for r in history.requests if entry["began"] <= r["at"] <= entry["ended"] + 1]


def struck(history, entry):
    """Of the operations whose patch a fault befell: how they ended, and with how many effective patches."""
    if not entry["scenario"].startswith("api patch"):
        return []
    ids = {r["deployID"] for r in within(history, entry) if r["isFaulty"] and r["verb"] == "patch" and r["deployID"]}
    rows = {row["id"]: row for row in history.deploys}
    patches = effective(history)
    ends = collections.Counter(
        f"{rows[i]['outcome']} with {len(patches.get(i, []))}" if i in rows else "unknown" for i in ids)
    return [f"{len(ids)} operations befallen: " + ", ".join(f"{n} {what} effective patch" for what, n in ends.items())
            if ids else "no operation is known by a patch in the log"]


def waits(history, result):
    """How long was waited beyond what the API server asked for and the daemon adds. The shortest is the daemon's own
    doing; what the others took more is what a busy machine adds to every request."""
    over = [
        max(0.0, wait["waited"] - wait["asked"] * LONGEST_WAIT) for wait in patience(history)
        if result[0]["began"] <= wait["at"] <= result[-1]["ended"]]
    return [] if not over else [
        {"what": f"beyond a Retry-After waited {spread(over)} ({len(over)} times), at least", "seconds": min(over),
         "limit": LATENESS}]
