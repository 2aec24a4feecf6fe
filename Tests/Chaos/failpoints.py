"""The sixteen failpoints under load: a daemon dies, stalls or fails there again and again."""
import math
import signal
import time

from judge import History, recovery, usual
from rig import RigError, holders, wait_until

POINTS = [f"FP{n}" for n in range(1, 17)]
ACTIONS = ["kill", "abort", "sleep", "error"]
# What one fault of the action leaves a daemon unfit for.
STALL = 5.0
# How long an operation may take to come by a point, on a machine that is busy.
PATIENCE = 30
# Fewer calls in flight than this when a fault fires, and it does not count.
LEAST_IN_FLIGHT = 4


def chosen(text):
    """The points in a `--points` option."""
    if text in ("", "none"):
        return []
    points = POINTS if text == "all" else text.split(",")
    for point in points:
        if point not in POINTS:
            raise SystemExit(f"chaos: there is no point {point}; there are {', '.join(POINTS)}")
    return points


class Campaign:
    """Faults at one point, all actions after each other, over one rig with its load running."""

    def __init__(self, rig, load, dice):
        self.rig, self.load, self.dice = rig, load, dice
        self.windows = []
        self.turn = 0

    def run(self, point, action, times):
        began = time.time()
        fires, void = [], 0
        while len(fires) < times and void < 2 + times // 2:
            # Not always the first to pass: the daemon is in the midst of its work then. After a miss it may be slow.
            hit = 1 if void or point in ("FP5", "FP15", "FP16") else self.dice.randint(1, 3)
            fire = self._once(point, action, hit)
            if fire is None or fire["in_flight"] < LEAST_IN_FLIGHT:
                void += 1
                self.rig.note("void", point=point, action=action, fire=fire)
            else:
                fires.append(fire)
        self.windows.append({
            "point": point, "action": action, "daemons": len(self.rig.daemons), "wanted": times, "began": began,
            "ended": time.time(), "fires": fires, "void": void})
        self.rig.note("window", **self.windows[-1])

    def _fit(self, least):
        """The daemons that have got over their last fault, another one first each time; at least so many."""
        self.turn += 1
        order = self.rig.daemons[self.turn % len(self.rig.daemons):] + self.rig.daemons

        def fit():
            self.rig.revive()
            found = [d for d in dict.fromkeys(order) if time.monotonic() >= d.busy_until]
            return found if len(found) >= least else None

        return wait_until(fit, 120, "daemons at work")

    def _holder(self, fit):
        """Of some daemons the one that holds the most operations; one of them holds some."""
        def found():
            held = holders(self.rig)
            return max((d for d in fit if d.name in held), key=lambda d: held[d.name], default=None)

        return wait_until(found, 60, "a holder")

    def _once(self, point, action, hit):
        rig = self.rig
        # Whoever takes over is to be struck, so none may come back meanwhile.
        fit = self._fit(len(rig.daemons) if point == "FP5" else 1)
        seen = len(rig.fired())
        plan = f"{point}={action}@{hit}"
        # Whoever comes by first is struck; now and then two are.
        armed = fit
        if point == "FP5":
            # Only who takes over passes here: another daemon must die first, or go down.
            gone = self._holder(fit)
            armed = [daemon for daemon in fit if daemon is not gone]
        elif point in ("FP15", "FP16"):
            # Who goes down has something to hand over.
            armed = [self._holder(fit)]
        # A daemon that dies is started again meanwhile, as another process.
        pids = {daemon.process.pid: (daemon, daemon.process) for daemon in armed}
        for daemon in armed:
            daemon.arm(plan)
        if point == "FP5":
            gone.signal(signal.SIGTERM if self.turn % 2 else signal.SIGKILL)
            gone.busy_until = math.inf
        elif point in ("FP15", "FP16"):
            armed[0].signal(signal.SIGTERM)
        try:
            fire = wait_until(
                # Not who died to leave something at FP5, which it would take back itself.
                lambda: point != "FP5" and rig.revive() or next(
                    (f for f in rig.fired()[seen:] if f["pid"] in pids and f["point"] == point), None),
                rig.lease + PATIENCE, f"{point}={action}")
        except RigError:
            for daemon in armed:
                daemon.disarm()
            return None
        fire["in_flight"] = self.load.in_flight
        struck, process = pids[fire["pid"]]
        fire["host"] = struck.name
        for daemon in armed:
            daemon.disarm()
        if action in ("kill", "abort"):
            expected = -(signal.SIGKILL if action == "kill" else signal.SIGABRT)
            status = process.wait(30)
            if status != expected:
                raise RigError(f"{struck.name} was to end by {action} at {point} and ended with {status}")
        elif point in ("FP15", "FP16"):
            fire["exit"] = process.wait(40)
        else:
            struck.busy_until = time.monotonic() + (STALL + 1 if action == "sleep" else 0.3)
        rig.revive()
        return fire


def strikes(history):
    """Everything that befell a daemon: its failpoints, also those that fired beside the plan, and our signals."""
    hosts, result = {}, []
    for event in history.lines("events"):
        if event["kind"] == "started":
            hosts[event["pid"]] = event["host"]
        elif event["kind"] == "struck":
            result.append({"at": event["at"], "host": event["host"]})
    return result + [{"at": fire["at"], "host": hosts[fire["pid"]]} for fire in history.lines("fired")]


def lines(windows, directory, broken, lease, score):
    """One line for each point and action; `score` counts what is late and what is void, and collects the times."""
    result, history = [], History(directory)
    # What an operation takes here anyway is not the fault's doing.
    own = usual(history)
    all_of_them = strikes(history)
    for window in windows:
        mine = [b for b in broken if b["at"] is not None and window["began"] <= b["at"] <= window["ended"]]
        taken, ended = [], []
        for fire in window["fires"]:
            more = recovery(history, fire, all_of_them)
            taken += more[0]
            ended += more[1]
        dies = window["action"] in ("kill", "abort") or window["point"] in ("FP15", "FP16")
        limit = lease + 10 + (STALL if window["action"] == "sleep" else 0)
        text = (f"{window['point']:<5} {window['action']:<6} {window['daemons']} daemons  fired "
                f"{len(window['fires']):>3}  void {window['void']:>2}  in flight >= "
                f"{min((f['in_flight'] for f in window['fires']), default=0):<2}  broken {len(mine):>2}  "
                f"taken over <= {shown(max(taken, default=None)) if dies else '-':<6}  "
                f"ended <= {shown(max(ended, default=None))}")
        if dies:
            score["taken"] += taken
        score["ended"] += ended
        if dies and max(taken, default=0) > limit:
            text += f"  LATE: taken over after more than {limit:.0f} s"
            score["late"] += 1
        if max(ended, default=0) > limit + own:
            text += f"  LATE: ended after more than {limit:.0f} s and the usual {own:.1f} s"
            score["late"] += 1
        if len(window["fires"]) < window["wanted"]:
            text += f"  VOID: fired only {len(window['fires'])} of {window['wanted']} times"
            score["void"] += 1
        result.append(text)
    result.append(f"      an operation that nobody took over: {own:.1f} s at the median")
    return result


def shown(seconds):
    return "-" if seconds is None else f"{seconds:.1f} s"
