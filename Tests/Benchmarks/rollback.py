"""A rollback as a whole beside what the cluster alone takes for it, in interleaved rounds on one development cluster.

Three ways to bring an older image back whose ReplicaSet is still there, two replicas that are ready at once:

* rollbackd: from the call on an open connection to the final frame, with a soak of 0
* bare: one PATCH on an open connection, with a watch already open, until the counts are right
* kubectl: `rollout undo` and then `rollout status`, processes and all

What is outside the cluster is rollbackd's time less the bare one's.
"""
import argparse
import base64
import http.client
import json
import os
import socket
import ssl
import statistics
import struct
import sys
import time
import urllib.parse
import uuid

from development import IMAGE, Development, manifest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Chaos"))
from wire import REQUEST, RESPONSE, SERVICE, Caller, fields, text_field, varint  # noqa: E402

REMOTE_CLOSED = 1


class Rollbacks(Caller):
    """rollbackd's way: one connection, one call after the other."""

    def __init__(self, path, app):
        super().__init__(path)
        self.app = app
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.connect(path)

    def once(self):
        """Seconds from the call to the final frame, and to the first."""
        # The soak is there and says nothing: no seconds.
        options = text_field(1, str(uuid.uuid4())) + varint(4 << 3 | 2) + varint(0)
        payload = text_field(1, self.app) + text_field(2, "previous") + text_field(3, options)
        request = text_field(1, SERVICE) + text_field(2, "Rollback") + text_field(3, payload)
        began = time.perf_counter()
        self.connection.sendall(struct.pack(">IIBB", len(request), self.stream, REQUEST, REMOTE_CLOSED) + request)
        accepted = None
        while True:
            length, _, kind, flags = struct.unpack(">IIBB", self._read(10))
            body = self._read(length)
            now = time.perf_counter() - began
            if kind == RESPONSE:
                status = dict(fields(dict(fields(body)).get(1, b"")))
                if status.get(1):
                    raise SystemExit(f"the rollback was refused: {status.get(2, b'').decode()}")
            if kind == RESPONSE or flags & REMOTE_CLOSED:
                self.stream += 2
                return now, accepted
            accepted = accepted or now


class Bare:
    """The cluster alone: a PATCH and a watch, on connections that are open."""

    def __init__(self, config, directory):
        entry = config["clusters"][0]["cluster"]
        self.server = urllib.parse.urlsplit(entry["server"])
        user = config["users"][0]["user"]
        self.headers = {"Authorization": f"Bearer {user['token']}"} if "token" in user else {}
        self.context = None
        if self.server.scheme == "https":
            authority = base64.b64decode(entry["certificate-authority-data"]).decode()
            self.context = ssl.create_default_context(cadata=authority)
            if "client-certificate-data" in user:
                pair = os.path.join(directory, "client.pem")
                with open(pair, "wb") as file:
                    file.write(base64.b64decode(user["client-certificate-data"]))
                    file.write(base64.b64decode(user["client-key-data"]))
                self.context.load_cert_chain(pair)
        self.requests = self._connect()

    def _connect(self):
        if self.context is None:
            return http.client.HTTPConnection(self.server.netloc)
        return http.client.HTTPSConnection(self.server.netloc, context=self.context)

    def _json(self, method, path, body=None, kind="application/json"):
        headers = {**self.headers, "Content-Type": kind}
        self.requests.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.requests.getresponse()
        data = json.loads(answer.read())
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {data.get('message')}")
        return data

    def create(self, namespace, name):
        self._json("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", manifest(name, ready_after=0))

    def roll(self, namespace, name, tag):
        """Seconds from the PATCH until the counts are right."""
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        version = self._json("GET", f"{path}/{name}")["metadata"]["resourceVersion"]
        watching = self._connect()
        watching.request(
            "GET", f"{path}?watch=1&fieldSelector=metadata.name%3D{name}&resourceVersion={version}",
            headers=self.headers)
        events = watching.getresponse()
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": f"{IMAGE}:{tag}"}]}}}}
        began = time.perf_counter()
        wanted = self._json(
            "PATCH", f"{path}/{name}", patch, "application/strategic-merge-patch+json")["metadata"]["generation"]
        for line in events:
            status = json.loads(line)["object"]["status"]
            updated = status.get("updatedReplicas", 0)
            if (status.get("observedGeneration", 0) >= wanted and updated == 2 and status.get("replicas", 0) == 2
                    and status.get("availableReplicas", 0) == 2):
                took = time.perf_counter() - began
                watching.close()
                return took
        raise SystemExit("the watch ended")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", required=True, help="where rollbackd, rollbackctl and rollback-dev are")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with Development(options.binaries) as development:
        measure(options, development)


def measure(options, development):
    run, environment, directory = development.run, development.environment, development.directory
    config = json.loads(run("kubectl", "config", "view", "--raw", "-o", "json"))
    bare = Bare(config, directory)
    namespace = "default"
    for name in ("ours", "bare", "undo"):
        bare.create(namespace, name)
    control = f"{options.binaries}/rollbackctl"
    run(control, "app", "register", "ours", "--namespace", namespace, "--deployment", "ours", "--container", "web")
    for tag in ("v2", "v1"):
        run(control, "deploy", "ours", f"{IMAGE}:{tag}", "--yes", "--soak", "0s")
    for name in ("bare", "undo"):
        for tag in ("v2", "v1"):
            bare.roll(namespace, name, tag)
    ours = Rollbacks(environment["ROLLBACKCTL_SOCKET"], "ours")
    times = {"rollbackd": [], "accepted": [], "bare": [], "kubectl": []}
    for round in range(options.rounds):
        whole, accepted = ours.once()
        times["rollbackd"].append(whole)
        times["accepted"].append(accepted)
        times["bare"].append(bare.roll(namespace, "bare", "v2" if round % 2 == 0 else "v1"))
        began = time.perf_counter()
        run("kubectl", "-n", namespace, "rollout", "undo", "deployment/undo")
        run("kubectl", "-n", namespace, "rollout", "status", "deployment/undo")
        times["kubectl"].append(time.perf_counter() - began)
    middle = {name: statistics.median(values) * 1000 for name, values in times.items()}
    print(f"rollbacks of 2 replicas that are ready at once, medians of {options.rounds} interleaved rounds, ms")
    print(f"  rollbackd, call to final frame     {middle['rollbackd']:8.1f}   first frame {middle['accepted']:.1f}")
    print(f"  bare PATCH and watch               {middle['bare']:8.1f}")
    print(f"  kubectl rollout undo and status    {middle['kubectl']:8.1f}")
    outside = middle["rollbackd"] - middle["bare"]
    print(f"  outside the cluster                {outside:8.1f}   {outside / middle['rollbackd']:.0%} of it")
    ratio = middle["rollbackd"] / middle["kubectl"]
    print(f"  rollbackd by kubectl               {ratio:8.2f}   bar <= 0.75")


if __name__ == "__main__":
    main()
