"""The crash harness: see scripts/chaos --help."""
import argparse
import concurrent.futures
import json
import multiprocessing
import os
import random
import sys
import time
import traceback

import failpoints
import scenarios
import selftest
from judge import INVARIANTS, judge, spread
from load import Load
from rig import Rig, RigError, make_directory


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--times", type=int)
    parser.add_argument("--points", default="all")
    parser.add_argument("--actions", default=",".join(failpoints.ACTIONS))
    parser.add_argument("--scenarios", default="all")
    parser.add_argument("--daemons", default="3,2")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep")
    parser.add_argument("--judge")
    parser.add_argument("--self-test", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    if options.self_test:
        return selftest.run()
    if options.judge:
        return rejudge(options.judge)
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    times = options.times or (1 if options.short else 20)
    directory = options.keep or make_directory()
    os.makedirs(directory, exist_ok=True)
    chosen = failpoints.chosen(options.points)
    actions = [action for action in options.actions.split(",") if action]
    names = scenarios.chosen(options.scenarios)
    print(f"chaos: seed {seed}, {times} faults at each of {len(chosen)} points by {', '.join(actions)}; "
          f"scenarios: {', '.join(names) or 'none'}; {directory}", flush=True)
    began = time.monotonic()
    # A short dose pays for one set of surroundings; else each point has its own, and its own history.
    groups = [chosen] if options.short and chosen else [[point] for point in chosen]
    work = [("failpoints" if len(group) > 1 else group[0], group) for group in groups]
    work += [(name, None) for name in names]
    fork = multiprocessing.get_context("fork")
    total = Score()
    with concurrent.futures.ProcessPoolExecutor(max_workers=options.jobs, mp_context=fork) as pool:
        running = [
            pool.submit(campaign, options, directory, name, seed, group, actions, times) for name, group in work]
        for done in concurrent.futures.as_completed(running):
            text, score = done.result()
            total.add(score)
            print(text, flush=True)
    print(total.text(time.monotonic() - began), flush=True)
    if total.status == 0 and not options.keep:
        os.system(f"rm -rf '{directory}'")
    elif total.status:
        print(f"chaos: again with --seed {seed}; what happened is in {directory}")
    return total.status


class Score(dict):
    """What runs came to: counts, and the times of recoveries."""

    COUNTS = ("faults", "operations", "calls", "broken", "wrong", "late", "void", "failed")

    def __init__(self):
        super().__init__({**dict.fromkeys(self.COUNTS, 0), "taken": [], "ended": []})

    def add(self, other):
        for name, value in other.items():
            self[name] += value

    @property
    def status(self):
        """1: an invariant is broken, or something is not as it should be. 3: nothing is, but something came late, or
        counts for nothing, as happens on a machine that is slow or busy."""
        if self["broken"] or self["wrong"] or self["failed"]:
            return 1
        return 3 if self["late"] or self["void"] else 0

    def text(self, seconds):
        lines = [
            f"chaos: {self['faults']} failpoints fired, {self['operations']} operations by {self['calls']} calls, "
            f"{self['broken']} broken invariants, {seconds:.0f} s on {os.cpu_count()} cores",
            f"chaos: taken over after {spread(self['taken'])}, ended after {spread(self['ended'])} (median / 99th "
            f"percentile / worst of {len(self['taken'])} and {len(self['ended'])} operations)"]
        lines.append({
            0: "chaos: all well",
            1: f"chaos: BROKEN: {self['broken']} invariants, {self['wrong']} times not as it should be, "
               f"{self['failed']} runs failed",
            3: f"chaos: NOT WELL, but nothing is broken: {self['late']} times late, {self['void']} void; a slow or "
               "busy machine does that",
        }[self.status])
        return "\n".join(lines)


def run_points(rig, load, dice, points, actions, times, counts):
    """Every point and action, with the first number of daemons, then with the next: the faults are shared out."""
    campaign = failpoints.Campaign(rig, load, dice)
    for turn, count in enumerate(counts):
        while len(rig.daemons) > count:
            rig.retire()
        for number, (point, action) in enumerate((p, a) for p in points for a in actions):
            # What is left over by the division goes to one after the other.
            more = (turn + number + number // len(actions)) % len(counts) < times % len(counts)
            share = times // len(counts) + more
            if share:
                campaign.run(point, action, share)
    return campaign.windows


def campaign(options, directory, name, seed, group, actions, times):
    """One rig from its start to its judgement: what to print, and its score."""
    place = f"{directory}/{name}"
    score, rig, lines = Score(), None, []
    counts = sorted((int(n) for n in options.daemons.split(",")), reverse=True)
    try:
        rig = Rig(options.binaries, place, daemons=counts[0], has_gate=name in scenarios.GATED)
        load = Load(rig, f"{seed}-{name}")
        load.start()
        dice = random.Random(f"{seed}-{name}-faults")
        if group:
            result = run_points(rig, load, dice, group, actions, times, counts)
        else:
            result = scenarios.run(name, rig, load, dice, options.short, options.times)
        rig.restart_dead()
        load.stop()
        settled = rig.settle()
        rig.note("settled", seconds=settled)
        rig.collect()
        with open(f"{rig.history}/result.json", "w") as file:
            json.dump({"windows": result, "lease": rig.lease}, file, indent=1)
        lines = examine(rig.history, score)
    except RigError as error:
        lines.append(f"{name}: the surroundings failed: {error}")
        score["failed"] += 1
    except Exception:
        lines.append(f"{name}: the harness failed:\n{traceback.format_exc()}")
        score["failed"] += 1
    finally:
        if rig is not None:
            rig.close(keep=True)
    return "\n".join(lines), score


def examine(history, score):
    """Judges one history; the lines to print."""
    with open(f"{history}/result.json") as file:
        result = json.load(file)
    broken = judge(history)
    if result["windows"] and "point" in result["windows"][0]:
        lines = failpoints.lines(result["windows"], history, broken, result["lease"], score)
    else:
        lines = scenarios.lines(result["windows"], history, broken, score)
    score["faults"] += count(f"{history}/fired.jsonl")
    score["calls"] += count(f"{history}/calls.jsonl")
    with open(f"{history}/deploys.json") as file:
        score["operations"] += len(json.load(file))
    score["broken"] += len(broken)
    for entry in broken[:12]:
        lines.append(f"  {entry['invariant']} {INVARIANTS[entry['invariant']]}:\n"
                     f"     {entry['deploy'] or ''} {entry['text']}")
    return lines


def count(path):
    with open(path) as file:
        return sum(1 for _ in file)


def rejudge(directory):
    """Judges every history below a directory again."""
    total = Score()
    for place, _, files in sorted(os.walk(directory)):
        if "result.json" not in files:
            continue
        print(place, *examine(place, total), sep="\n")
    print(total.text(0))
    return total.status


if __name__ == "__main__":
    sys.exit(main())
