"""The crash harness: see scripts/chaos --help."""
import argparse
import json
import os
import random
import sys
import time
import traceback

import failpoints
import scenarios
import selftest
from judge import INVARIANTS, judge
from load import Load
from rig import Rig, RigError, make_directory


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/chaos")
    parser.add_argument("--binaries", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--times", type=int)
    parser.add_argument("--points", default=",".join(failpoints.POINTS))
    parser.add_argument("--actions", default=",".join(failpoints.ACTIONS))
    parser.add_argument("--scenarios", default="all")
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
    chosen = [point for point in options.points.split(",") if point]
    actions = [action for action in options.actions.split(",") if action]
    names = scenarios.chosen(options.scenarios)
    print(f"chaos: seed {seed}, {times} faults at each of {len(chosen)} points by {', '.join(actions)}; "
          f"scenarios: {', '.join(names) or 'none'}; {directory}", flush=True)
    began, ok, totals = time.monotonic(), True, {"faults": 0, "operations": 0, "broken": 0}
    # A short dose pays for one set of surroundings; else each point has its own, and its own history.
    groups = [chosen] if options.short and chosen else [[point] for point in chosen]
    for group in groups:
        name = group[0] if len(group) == 1 else "failpoints"
        ok &= campaign(options, directory, name, seed, totals, lambda rig, load, dice: run_points(
            rig, load, dice, group, actions, times), options.short)
    for name in names:
        ok &= campaign(options, directory, name, seed, totals, lambda rig, load, dice: scenarios.run(
            name, rig, load, dice, options.short, options.times), options.short)
    seconds = time.monotonic() - began
    print(f"chaos: {totals['faults']} faults fired, {totals['operations']} operations, {totals['broken']} broken "
          f"invariants, {seconds:.0f} s, {totals['operations'] / seconds:.1f} operations/s on {os.cpu_count()} cores",
          flush=True)
    if ok:
        print("chaos: all well")
        if not options.keep:
            os.system(f"rm -rf '{directory}'")
        return 0
    print(f"chaos: NOT WELL; again with --seed {seed}; what happened is in {directory}")
    return 1


def run_points(rig, load, dice, points, actions, times):
    campaign = failpoints.Campaign(rig, load, dice)
    for point in points:
        for action in actions:
            campaign.run(point, action, times)
    return campaign.windows


def campaign(options, directory, name, seed, totals, work, is_short):
    """One rig from its start to its judgement; False when anything is broken."""
    place = f"{directory}/{name}"
    rig = None
    try:
        rig = Rig(options.binaries, place, apps=10 if is_short else 14)
        load = Load(rig, f"{seed}-{name}")
        load.start()
        result = work(rig, load, random.Random(f"{seed}-{name}-faults"))
        rig.restart_dead()
        load.stop()
        settled = rig.settle()
        rig.note("settled", seconds=settled)
        rig.collect()
        print_result(rig.history, result, rig.lease, totals)
        broken = judge(rig.history)
        lines, ok = verdict(rig.history, result, broken, rig.lease)
        totals["faults"] += len(rig.fired())
        totals["operations"] += sum(1 for _ in open(f"{rig.history}/calls.jsonl"))
        totals["broken"] += len(broken)
        print("\n".join(lines), flush=True)
        for entry in broken[:12]:
            print(f"  {entry['invariant']} {INVARIANTS[entry['invariant']]}:\n"
                  f"     {entry['deploy'] or ''} {entry['text']}", flush=True)
        return ok and not broken
    except RigError as error:
        print(f"{name}: the surroundings failed: {error}", flush=True)
        return False
    except Exception:
        print(f"{name}: the harness failed:\n{traceback.format_exc()}", flush=True)
        return False
    finally:
        if rig is not None:
            rig.close(keep=True)


def print_result(history, result, lease, totals):
    """The plan and its outcome, beside the history, for a later judge."""
    with open(f"{history}/result.json", "w") as file:
        json.dump({"windows": result, "lease": lease}, file, indent=1)


def verdict(history, result, broken, lease):
    if result and "point" in result[0]:
        return failpoints.lines(result, history, broken, lease)
    return scenarios.lines(result, broken)


def rejudge(directory):
    """Judges every history below a directory again."""
    status = 0
    for place, folders, files in os.walk(directory):
        if "result.json" not in files:
            continue
        result = json.load(open(f"{place}/result.json"))
        broken = judge(place)
        lines, ok = verdict(place, result["windows"], broken, result["lease"])
        print(f"{place}\n" + "\n".join(lines))
        for entry in broken:
            print(f"  {entry['invariant']} {entry['deploy'] or ''} {entry['text']}")
        if broken or not ok:
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
