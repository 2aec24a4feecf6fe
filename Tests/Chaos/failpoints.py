"""The sixteen failpoints under load: a daemon dies, stalls or fails there again and again."""
import signal
import time

from judge import History, recovery, usual
from rig import RigError, wait_until

POINTS = [f"FP{n}" for n in range(1, 17)]
ACTIONS = ["kill", "abort", "sleep", "error"]
# What one fault of the action leaves a daemon unfit for.
STALL = 5.0
# Fewer calls in flight than this when a fault fires, and it does not count.
LEAST_IN_FLIGHT = 4


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
            fire = self._once(point, action)
            if fire is None or fire["in_flight"] < LEAST_IN_FLIGHT:
                void += 1
                self.rig.note("void", point=point, action=action, fire=fire)
            else:
                fires.append(fire)
        self.windows.append({
            "point": point, "action": action, "began": began, "ended": time.time(), "fires": fires, "void": void})
        self.rig.note("window", **self.windows[-1])

    def _fit(self):
        """The daemons that have got over their last fault, another one first each time; at least one."""
        self.turn += 1
        order = self.rig.daemons[self.turn % len(self.rig.daemons):] + self.rig.daemons
        return wait_until(
            lambda: [d for d in dict.fromkeys(order) if time.monotonic() >= d.busy_until], 60, "a daemon at work")

    def _once(self, point, action):
        rig = self.rig
        rig.restart_dead()
        seen = len(rig.fired())
        fit = self._fit()
        # Not always the first to pass: the daemon is in the midst of its work then.
        plan = f"{point}={action}@{1 if point in ('FP5', 'FP15', 'FP16') else self.dice.randint(1, 3)}"
        # Whoever comes by first is struck; now and then two are.
        armed = fit
        if point == "FP5":
            # Only who takes over passes here: another daemon must die first.
            armed = [daemon for daemon in rig.daemons if daemon is not fit[0]]
        elif point in ("FP15", "FP16"):
            armed = fit[:1]
        for daemon in armed:
            daemon.arm(plan)
        if point == "FP5":
            fit[0].signal(signal.SIGKILL)
            fit[0].process.wait()
        elif point in ("FP15", "FP16"):
            fit[0].signal(signal.SIGTERM)
        pids = {daemon.process.pid: daemon for daemon in armed}
        try:
            fire = wait_until(
                lambda: next((f for f in rig.fired()[seen:] if f["pid"] in pids
                              and (f["point"], f["action"]) == (point, action)), None),
                rig.lease + 12, f"{point}={action}")
        except RigError:
            for daemon in armed:
                daemon.disarm()
            return None
        fire["in_flight"] = self.load.in_flight
        struck = pids[fire["pid"]]
        fire["host"] = struck.name
        for daemon in armed:
            daemon.disarm()
        if action in ("kill", "abort"):
            expected = -(signal.SIGKILL if action == "kill" else signal.SIGABRT)
            status = struck.process.wait(30)
            if status != expected:
                raise RigError(f"{struck.name} was to end by {action} at {point} and ended with {status}")
        elif point in ("FP15", "FP16"):
            status = struck.process.wait(40)
            fire["exit"] = status
        else:
            struck.busy_until = time.monotonic() + (STALL + 1 if action == "sleep" else 0.3)
        rig.restart_dead()
        return fire


def lines(windows, directory, broken, lease):
    """One line for each point and action, and whether all of them are as they should be."""
    result, ok, history = [], True, History(directory)
    # What an operation takes here anyway is not the fault's doing.
    own = usual(history)
    fires = [fire for window in windows for fire in window["fires"]]
    for window in windows:
        mine = [b for b in broken if b["at"] is not None and window["began"] <= b["at"] <= window["ended"]]
        times = [recovery(history, fire, fires) for fire in window["fires"]]
        taken = max((t for t, _ in times if t is not None), default=None)
        ended = max((e for _, e in times if e is not None), default=None)
        dies = window["action"] in ("kill", "abort") or window["point"] in ("FP15", "FP16")
        limit = lease + 10 + (STALL if window["action"] == "sleep" else 0)
        text = (f"{window['point']:<5} {window['action']:<6} fired {len(window['fires']):>3}  void {window['void']:>2}  "
                f"in flight >= {min((f['in_flight'] for f in window['fires']), default=0):<2}  broken {len(mine):>2}  "
                f"taken over <= {shown(taken) if dies else '-':<6}  ended <= {shown(ended)}")
        if dies and taken is not None and taken > limit:
            text += f"  LATE: taken over after more than {limit:.0f} s"
            ok = False
        if ended is not None and ended > limit + own:
            text += f"  LATE: ended after more than {limit:.0f} s and the usual {own:.1f} s"
            ok = False
        if not window["fires"]:
            text += "  VOID: never fired"
            ok = False
        ok = ok and not mine
        result.append(text)
    result.append(f"      an operation that nobody took over: {own:.1f} s at the median")
    return result, ok


def shown(seconds):
    return "-" if seconds is None else f"{seconds:.1f} s"
