"""Faults of everything around the daemon: a holder that freezes, the database, the API server, death at random."""
import os
import signal
import subprocess
import threading
import time

from rig import RigError, wait_until


class Line:
    """What one scenario came to."""

    def __init__(self, name):
        self.name, self.facts, self.wrong = name, [], []
        self.began = time.time()

    def fact(self, text):
        self.facts.append(text)

    def expect(self, holds, text):
        if not holds:
            self.wrong.append(text)

    def done(self):
        return {"scenario": self.name, "facts": self.facts, "wrong": self.wrong, "began": self.began,
                "ended": time.time()}


def frozen(rig, load, dice, times):
    """A holder stops for twice the lease: before its PATCH, within the outcome's transaction, before its lease's
    renewal. Others take over; the stale one must then change nothing."""
    line = Line("frozen")
    taken, refused = 0, 0
    for turn in range(times):
        victim = rig.daemons[turn % len(rig.daemons)]
        seen = len(rig.fired())
        point = ("FP7", "FP10", "FP14")[turn % 3]
        victim.arm(f"{point}=stop@{dice.randint(1, 3)}")
        wait_until(lambda: any(f["pid"] == victim.process.pid for f in rig.fired()[seen:]), 30, f"{point}=stop")
        victim.disarm()
        held = [row["deploy_id"] for row in rig.postgres.rows(
            f"SELECT deploy_id FROM paas_operation_leases WHERE holder_host = '{victim.name}'")]
        time.sleep(2 * rig.lease + 1)
        still = [row["deploy_id"] for row in rig.postgres.rows(
            f"SELECT deploy_id FROM paas_operation_leases WHERE holder_host = '{victim.name}'")]
        line.expect(held, f"turn {turn}: the frozen daemon held nothing")
        line.expect(not set(held) & set(still), f"turn {turn}, {point}: {set(held) & set(still)} was not taken over")
        taken += len(set(held) - set(still))
        before = stale_patches(rig, held)
        victim.signal(signal.SIGCONT)
        time.sleep(1.5)
        refused += stale_patches(rig, held) - before
    line.fact(f"{times} times, {taken} operations taken over, {refused} stale patches sent and refused")
    return line.done()


def stale_patches(rig, deploys):
    """How many patches of these operations the API server has refused."""
    return sum(
        1 for request in rig.cluster.requests()
        if request["verb"] == "patch" and request["status"] in (409, 422)
        and any(deploy in request["body"] for deploy in deploys))


def healthy(rig, limit):
    """Seconds until every daemon answers from the database again; None when one does not within `limit`. What starting
    the command takes is taken off."""
    began = time.monotonic()
    threads, answered = [], {}

    def ask(daemon):
        while time.monotonic() - began < limit:
            base = timed([f"{rig.binaries}/rollbackctl", "--help"])
            asked = time.monotonic()
            status, took = probe(rig, daemon)
            if status == 0:
                answered[daemon.name] = asked - began + max(0, took - base)
                return

    for daemon in rig.daemons:
        threads.append(threading.Thread(target=ask, args=(daemon,), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return max(answered.values()) if len(answered) == len(rig.daemons) else None


def probe(rig, daemon):
    """A read through a daemon: its exit status and how long it took."""
    began = time.monotonic()
    done = subprocess.run(
        [f"{rig.binaries}/rollbackctl", "list", rig.apps[0], "--output", "json", "--socket", daemon.socket],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode, time.monotonic() - began


def postgres_crash(rig, load, dice, times):
    """`pg_ctl stop -m immediate` in the midst of transactions; then the server recovers from its log."""
    line = Line("postgres-crash")
    slowest = 0
    for _ in range(times):
        wait_until(lambda: load.in_flight >= len(rig.apps) // 2, 30, "operations in flight")
        time.sleep(dice.random())
        rig.postgres.stop("immediate")
        time.sleep(dice.random())
        rig.postgres.start()
        back = healthy(rig, 20)
        line.expect(back is not None and back <= 2, f"healthy only {back} s after PostgreSQL was back")
        slowest = max(slowest, back or 20)
    line.fact(f"{times} crashes, healthy at most {slowest:.2f} s after PostgreSQL was back")
    return line.done()


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
    line.expect(back is not None and back <= 2, f"healthy only {back} s after the last one")
    line.expect(ended >= times / 2, f"only {ended} of {times} backends were ended")
    shown = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    line.fact(f"{ended} backends ended ({shown}), {kills} of them by SIGKILL, healthy {back or 20:.2f} s after")
    return line.done()


def postgres_outage(rig, load, dice, seconds):
    """PostgreSQL is away for a while in the midst of rollouts; callers must be told at once."""
    line = Line("postgres-outage")
    wait_until(lambda: load.in_flight >= len(rig.apps) // 2, 30, "operations in flight")
    rig.postgres.stop("fast")
    began, calls, refused = time.monotonic(), [], 0
    while time.monotonic() - began < seconds:
        for daemon in rig.daemons:
            # What starting the command takes at this moment is not the daemon's.
            base = timed([f"{rig.binaries}/rollbackctl", "--help"])
            status, took = probe(rig, daemon)
            calls.append(max(0.0, took - base))
            refused += status == 75
        time.sleep(0.2)
    rig.postgres.start()
    back = healthy(rig, 20)
    calls.sort()
    median, worst = calls[len(calls) // 2], calls[-1]
    line.expect(refused == len(calls), f"only {refused} of {len(calls)} calls were told that the database is away")
    line.expect(median < 0.1, f"a call was told only after {median * 1000:.0f} ms at the median")
    line.expect(back is not None and back <= 2, f"healthy only {back} s after PostgreSQL was back")
    line.fact(f"{seconds} s, {len(calls)} calls refused after {median * 1000:.0f} ms at the median, "
              f"{worst * 1000:.0f} ms at most; healthy {back or 20:.2f} s after PostgreSQL was back")
    return line.done()


def timed(command):
    began = time.monotonic()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


# What the API server does wrong, and to which requests.
API_FAULTS = {
    "patch-429": {"failure": "status", "code": 429, "retryAfter": 1, "verb": "patch"},
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
    "list-500": {"failure": "status", "code": 500, "verb": "list"},
}


def api(rig, load, dice, times):
    """Each fault of the API server so many times, under load; then restarts, dropped watches and a freeze."""
    result = []
    for name, fault in API_FAULTS.items():
        line = Line(f"api {name}")
        rig.cluster.inject(**fault, times=times)
        if fault["verb"] in ("watch", "list"):
            # Lists and watches are begun anew only after an end.
            rig.cluster.call("POST", "/dev/restart" if fault["verb"] == "list" else "/dev/drop-watches")
        try:
            wait_until(lambda: rig.cluster.faults_left() == 0, 45, "faults")
        except RigError:
            line.expect(False, f"{rig.cluster.faults_left()} of {times} did not fire")
            rig.cluster.call("DELETE", "/dev/faults")
        line.fact(f"{times} fired")
        result.append(line.done())
    for name, path, body in (("restart", "/dev/restart", {}), ("dropped watches", "/dev/drop-watches", {}),
                             ("freeze 4 s", "/dev/freeze", {"seconds": 4})):
        line = Line(f"api {name}")
        for _ in range(times):
            rig.cluster.call("POST", path, body)
            time.sleep((body.get("seconds") or 0) + 0.5 + dice.random())
        line.fact(f"{times} times")
        result.append(line.done())
    return result


def random_kills(rig, load, dice, seconds):
    """kill -9 of a daemon every 0.5 to 5 s, whatever it is doing."""
    line = Line("random-kills")
    began, kills, under_load = time.monotonic(), 0, 0
    while time.monotonic() - began < seconds:
        time.sleep(0.5 + 4.5 * dice.random() ** 2)
        daemon = dice.choice(rig.daemons)
        under_load += load.in_flight >= 4
        kills += 1
        daemon.signal(signal.SIGKILL)
        daemon.process.wait()
        rig.note("random-kill", host=daemon.name, pid=daemon.process.pid)
        time.sleep(dice.random() * 0.3)
        rig.restart_dead()
    line.expect(under_load >= 0.9 * kills, f"only {under_load} of {kills} kills met operations in flight")
    line.fact(f"{kills} kills in {seconds} s, {under_load} with operations in flight")
    return line.done()


# Name: what runs it, the dose for CI, the full dose.
ALL = {
    "frozen": (frozen, 3, 21),
    "postgres-crash": (postgres_crash, 2, 50),
    "postgres-backends": (postgres_backends, 20, 200),
    "postgres-outage": (postgres_outage, 10, 60),
    "api": (api, 2, 10),
    "random-kills": (random_kills, 10, 300),
}


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


def lines(result, broken):
    shown, ok = [], True
    for entry in result:
        mine = [b for b in broken if b["at"] is not None and entry["began"] <= b["at"] <= entry["ended"]]
        shown.append(f"{entry['scenario']:<22} {'; '.join(entry['facts'])}; broken {len(mine)}")
        for wrong in entry["wrong"]:
            shown.append(f"  NOT AS IT SHOULD BE: {wrong}")
            ok = False
        ok = ok and not mine
    return shown, ok
