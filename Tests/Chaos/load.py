"""Callers that keep operations in flight, and write down every call and what it was told."""
import json
import random
import subprocess
import threading
import time
import uuid

# rollbackctl's exit statuses after which the same call is made again, with the same request id.
UNDECIDED = {1, 8, 69, 75, 130}


# Longer than any operation may take, with its takeovers: a call that is not answered by then never is.
PATIENCE = 400


class Load:
    """One caller for each app, each with one operation after the other, over any of the daemons' sockets."""

    def __init__(self, rig, seed):
        self.rig = rig
        self.random = random.Random(seed)
        self.record = open(f"{rig.history}/calls.jsonl", "a", buffering=1)
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.in_flight = 0
        self.ended = 0
        # Whether an app's caller now and then has a twin and a rival.
        self.has_twins = True
        # How many apps have them at the moment.
        self.twins = 0
        self.threads = [
            threading.Thread(target=self._run, args=(app, random.Random(f"{seed}-{app}")), daemon=True)
            for app in rig.apps]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Lets every caller end what it began."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(PATIENCE)
        self.record.close()

    def _run(self, app, dice):
        number = 0
        while not self.stopping.is_set():
            number += 1
            kind = dice.random()
            if number > 2 and kind < 0.25:
                arguments = ["rollback", app]
            elif kind < 0.30:
                arguments = ["deploy", app, f"harbor.local/octave/{app}:crash{number}"]
            else:
                arguments = ["deploy", app, f"harbor.local/octave/{app}:v{number}"]
            request = str(uuid.UUID(int=dice.getrandbits(128), version=4))
            with self.lock:
                self.in_flight += 1
            try:
                if dice.random() < 0.15 and self.has_twins:
                    self._twins(app, arguments, request, dice)
                else:
                    self._persist(arguments, request, dice)
            finally:
                with self.lock:
                    self.in_flight -= 1
                    self.ended += 1

    def _twins(self, app, arguments, request, dice):
        """The same call twice at once, and one of somebody else for the same app."""
        rival = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        seeds = [dice.random() for _ in range(3)]
        calls = [(arguments, request), (arguments, request),
                 (["deploy", app, f"harbor.local/octave/{app}:rival{rival[:4]}"], rival)]
        threads = [
            threading.Thread(target=self._persist, args=(*call, random.Random(seed)), daemon=True)
            for call, seed in zip(calls, seeds)]
        with self.lock:
            self.twins += 1
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self.lock:
            self.twins -= 1

    def _persist(self, arguments, request, dice):
        """Calls until there is an answer that decides, at most for five minutes."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            status = self._call(arguments, request, dice.choice(self.rig.daemons))
            if status not in UNDECIDED:
                return
            time.sleep(0.05 + 0.1 * dice.random())

    def _call(self, arguments, request, daemon):
        began = time.time()
        command = [
            f"{self.rig.binaries}/rollbackctl", *arguments, "--yes", "--request-id", request, "--output", "ndjson",
            "--socket", daemon.socket]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                timeout=PATIENCE)
            status, out, said = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as late:
            status, out, said = -1, (late.stdout or b"").decode(), f"killed by the harness after {PATIENCE} s"
        entry = {
            "began": began, "ended": time.time(), "via": daemon.name, "call": arguments, "request": request,
            "status": status}
        for line in out.splitlines():
            try:
                frame = json.loads(line)
            except ValueError:
                continue
            if "error" in frame:
                entry["error"] = frame["error"]
                continue
            deploy = frame.get("deploy_id") or (frame.get("deploy") or {}).get("id")
            if frame.get("type") == "accepted":
                entry["accepted"] = deploy
            elif frame.get("type") == "finished":
                entry["finished"] = deploy
                entry["outcome"] = frame.get("outcome")
                entry["message"] = frame.get("message")
            else:
                entry["frames"] = entry.get("frames", 0) + 1
        if status not in (0, 3, 5, 10) and "error" not in entry:
            entry["said"] = said[-300:]
        with self.lock:
            if not self.record.closed:
                self.record.write(json.dumps(entry) + "\n")
        return status
