"""What rollback-dev starts, for as long as a measurement takes."""
import os
import shlex
import subprocess
import tempfile

IMAGE = "harbor.local/octave/hello"
WANTED = ("ROLLBACKD_DATABASE_URL", "KUBECONFIG", "ROLLBACKCTL_SOCKET")


def manifest(name, ready_after=None, deadline=None, resources=None):
    """A Deployment of two replicas. `ready_after`: milliseconds, where it is not what the cluster takes; `deadline`:
    seconds without progress."""
    labels = {"app": name}
    container = {"name": "web", "image": f"{IMAGE}:v1"}
    if resources is not None:
        container["resources"] = {"requests": resources}
    metadata = {"labels": labels}
    if ready_after is not None:
        metadata["annotations"] = {"sim/ready-after-ms": str(ready_after)}
    spec = {
        "replicas": 2, "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": metadata, "spec": {"containers": [container]}}}
    if deadline is not None:
        spec["progressDeadlineSeconds"] = deadline
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


class Development:
    """PostgreSQL, the development cluster and rollbackd, in a directory of their own."""

    def __init__(self, binaries):
        self.binaries = binaries
        self.environment = dict(os.environ)

    def __enter__(self):
        self._place = tempfile.TemporaryDirectory(prefix="rollback-bench-")
        self.directory = self._place.name
        os.chmod(self.directory, 0o755)
        self._process = subprocess.Popen(
            [f"{self.binaries}/rollback-dev", "up", "--dir", os.path.join(self.directory, "dev"),
             "--components", "postgres,cluster,daemon"], stdout=subprocess.PIPE, text=True)
        try:
            for line in self._process.stdout:
                if line.startswith("export "):
                    name, _, value = line[7:].strip().partition("=")
                    self.environment[name] = shlex.split(value)[0]
                if all(name in self.environment for name in WANTED):
                    return self
            raise SystemExit("rollback-dev did not start")
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        self._place.cleanup()

    def run(self, *command, input=None):
        """What a command printed; it must end well."""
        ended = subprocess.run(command, env=self.environment, capture_output=True, text=True, input=input)
        if ended.returncode:
            raise SystemExit(f"{' '.join(command)}: {ended.stderr or ended.stdout}")
        return ended.stdout
