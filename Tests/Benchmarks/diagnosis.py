"""How soon a rollout that cannot succeed says why, and in which words; and that what only looks bad is waited for.

Each case is a Deployment of its own on one development cluster, and all roll at once: the figures are those of a busy
daemon. No registry is asked. The progress deadline is 20 s, and a minute where something else is to come first.
"""
import argparse
import datetime
import json
import os
import subprocess
import time

from development import IMAGE, Development, manifest

DEADLINE = 20
PATIENT = 60
# The word in the tag, how it must end, within how many seconds, and words that its sentence must have.
CASES = [
    ("missing", "failed", 40, ["cannot pull image", "not found"]),
    ("config", "failed", 15, ["CreateContainerConfigError"]),
    ("nostart", "failed", 15, []),
    ("crash", "failed", 10, ["exits 1 at start", "CrashLoopBackOff"]),
    ("oom", "failed", 10, []),
    ("liveness", "failed", 30, ["liveness"]),
    ("hang", "failed", DEADLINE + 5, ["readiness"]),
    ("quota", "failed", DEADLINE + 5, ["quota"]),
    ("unschedulable", "failed", DEADLINE + 5, ["Insufficient cpu"]),
    ("flaky", "succeeded", 30, []),
    ("blip", "succeeded", 30, []),
    ("good", "succeeded", 15, []),
]
QUOTA = {
    "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods"}, "spec": {"hard": {"pods": "2"}}}


def begin(development, case):
    """Makes the app and starts its deploy."""
    namespace = f"case-{case}"
    kubectl = ["kubectl", "apply", "-f", "-"]
    # The pods that serve fit beside each other and leave no room for one more.
    resources = {"cpu": "5"} if case == "unschedulable" else None
    development.run("kubectl", "create", "namespace", namespace)
    objects = [manifest(case, deadline=PATIENT if case == "missing" else DEADLINE, resources=resources)]
    for thing in objects + ([QUOTA] if case == "quota" else []):
        development.run(*kubectl, "-n", namespace, input=json.dumps(thing))
    development.run("kubectl", "-n", namespace, "rollout", "status", f"deployment/{case}")
    control = f"{development.binaries}/rollbackctl"
    development.run(
        control, "app", "register", case, "--namespace", namespace, "--deployment", case, "--container", "web")
    return [control, "deploy", case, f"{IMAGE}:v2-{case}", "--yes", "--soak", "5s", "--output", "ndjson"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", required=True, help="where rollbackd, rollbackctl and rollback-dev are")
    options = parser.parse_args()
    wrong = 0
    with Development(options.binaries) as development:
        commands = {case: begin(development, case) for case, *_ in CASES}
        began = time.monotonic()
        running = {}
        for case, command in commands.items():
            with open(os.path.join(development.directory, case), "w") as output:
                running[case] = subprocess.Popen(
                    command, env=development.environment, stdout=output, stderr=subprocess.STDOUT)
        print(f"{'case':<14} {'outcome':<10} {'hint s':>7} {'end s':>7}  sentence")
        for case, outcome, limit, words in CASES:
            running[case].wait()
            with open(os.path.join(development.directory, case)) as output:
                lines = output.read().splitlines()
            if not lines or '"type":"accepted"' not in lines[0].replace(" ", ""):
                print(f"{case:<14} refused: {' '.join(lines)}")
                wrong += 1
                continue
            wrong += not tell(case, [json.loads(line) for line in lines], outcome, limit, words)
        print(f"{time.monotonic() - began:.0f} s, {wrong} not as they should be")
    raise SystemExit(1 if wrong else 0)


def tell(case, frames, outcome, limit, words):
    """Prints a case; whether it is as it should be."""
    began = moment(frames[0])
    hint = next((moment(frame) - began for frame in frames if frame.get("trouble")), None)
    last = frames[-1]
    took = moment(last) - began
    ended, sentence = last.get("outcome", "unknown"), last.get("message") or ""
    faults = [f"should have {outcome}"] if ended != outcome else []
    faults += [f"later than {limit} s"] if took > limit else []
    faults += [f"does not say '{word}'" for word in words if word not in sentence]
    print(f"{case:<14} {ended:<10} {'-' if hint is None else f'{hint:.2f}':>7} {took:>7.2f}  {sentence}")
    for fault in faults:
        print(f"  WRONG: {fault}")
    return not faults


def moment(frame):
    return datetime.datetime.fromisoformat(frame["at"].replace("Z", "+00:00")).timestamp()


if __name__ == "__main__":
    main()
