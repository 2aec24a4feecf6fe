"""What a fault run stands on: a private PostgreSQL, the development cluster and several daemons, all real processes."""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.request

NAMESPACE = "chaos"

# What happened to leases and deploys, kept by the database itself: the daemon's own tables forget a lease that ended.
HISTORY = """
CREATE TABLE chaos_lease_history (
  n bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), what text NOT NULL,
  deploy_id uuid NOT NULL, holder text NOT NULL, instance uuid NOT NULL, fence bigint NOT NULL);
CREATE TABLE chaos_status_history (
  n bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
  deploy_id uuid NOT NULL, was text, became text NOT NULL);
CREATE FUNCTION chaos_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO chaos_lease_history (what, deploy_id, holder, instance, fence)
      VALUES ('ended', OLD.deploy_id, OLD.holder_host, OLD.holder_instance, OLD.fencing_token);
  ELSIF TG_OP = 'INSERT' OR NEW.fencing_token <> OLD.fencing_token THEN
    INSERT INTO chaos_lease_history (what, deploy_id, holder, instance, fence)
      VALUES (CASE TG_OP WHEN 'INSERT' THEN 'begun' ELSE 'claimed' END,
        NEW.deploy_id, NEW.holder_host, NEW.holder_instance, NEW.fencing_token);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_lease AFTER INSERT OR UPDATE OR DELETE ON paas_operation_leases
  FOR EACH ROW EXECUTE FUNCTION chaos_lease();
CREATE FUNCTION chaos_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO chaos_status_history (deploy_id, became) VALUES (NEW.id, NEW.status);
  ELSIF NEW.status <> OLD.status THEN
    INSERT INTO chaos_status_history (deploy_id, was, became) VALUES (NEW.id, OLD.status, NEW.status);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_status AFTER INSERT OR UPDATE ON paas_deployments
  FOR EACH ROW EXECUTE FUNCTION chaos_status();
"""


class RigError(Exception):
    """The surroundings do not work: says nothing about the daemon."""


def wait_until(condition, seconds, what):
    """Waits until `condition()` is true and returns its value; raises RigError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise RigError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


class Postgres:
    """A private server on a Unix socket."""

    def __init__(self, directory):
        self.directory = directory
        self.data = f"{directory}/data"
        versions = sorted((int(v) for v in os.listdir("/usr/lib/postgresql") if v.isdigit()), reverse=True)
        self.bin = f"/usr/lib/postgresql/{versions[0]}/bin"
        os.makedirs(directory)
        self.prefix = []
        if os.geteuid() == 0:
            # initdb refuses to run as root.
            account = pwd.getpwnam("postgres")
            os.chown(directory, account.pw_uid, account.pw_gid)
            self.prefix = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()

    def _run(self, program, *arguments):
        done = subprocess.run(
            [*self.prefix, f"{self.bin}/{program}", *arguments], stdin=subprocess.DEVNULL, cwd="/",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RigError(f"{program}: {done.stdout}")

    def start(self):
        options = f"-c listen_addresses= -c unix_socket_directories={self.directory} -c fsync=off -c max_connections=80"
        self._run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.directory}/log", "-o", options, "start")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    @property
    def conninfo(self):
        return f"host={self.directory} user=postgres dbname=postgres"

    def psql(self, sql):
        done = subprocess.run(
            [f"{self.bin}/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.conninfo], input=sql, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RigError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def rows(self, sql):
        """The rows of a query as dictionaries."""
        text = self.psql(f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r")
        return json.loads(text)


class Cluster:
    """The development cluster, with the endpoints by which faults are injected."""

    def __init__(self, binary, directory, ready_after):
        self.kubeconfig = f"{directory}/kubeconfig"
        self.log = open(f"{directory}/cluster.log", "ab")
        self.process = subprocess.Popen(
            [binary, "cluster", "--kubeconfig", self.kubeconfig, "--ready-after", str(ready_after)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        self.process.stdout.readline()
        text = open(self.kubeconfig).read()
        self.url = re.search(r"server: (\S+)", text).group(1)
        self.token = re.search(r"token: (\S+)", text).group(1)
        self.context = ssl._create_unverified_context()

    def call(self, method, path, body=None, content="application/json"):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": content, "User-Agent": "chaos"})
        with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
            return json.loads(answer.read())

    def create_app(self, name):
        self.call("POST", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "labels": {"team": "octave"}, "annotations": {"owner": "somebody"}},
            "spec": {
                "replicas": 2, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}, "annotations": {"note": "kept"}}, "spec": {
                    "containers": [
                        {"name": "app", "image": f"harbor.local/octave/{name}:v0",
                         "env": [{"name": "POOL", "value": "5"}]},
                        {"name": "sidecar", "image": "harbor.local/octave/proxy:1"}]}}}})

    def deployments(self):
        return self.call("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments")["items"]

    def writes(self):
        return self.call("GET", "/dev/writes")["items"]

    def requests(self):
        return self.call("GET", "/dev/requests")["items"]

    def inject(self, **fault):
        self.call("POST", "/dev/faults", fault)

    def faults_left(self):
        return self.call("GET", "/dev/faults")["left"]

    def stop(self):
        end(self.process)
        self.log.close()


class Daemon:
    """One rollbackd; it may be ended and started again any number of times."""

    def __init__(self, rig, number):
        self.rig = rig
        self.name = f"host{number}"
        self.socket = f"{rig.directory}/{self.name}.sock"
        self.plan_file = f"{rig.directory}/{self.name}.plan"
        self.log_path = f"{rig.directory}/{self.name}.log"
        self.process = None
        self.busy_until = 0.0
        self.starts = 0
        self.disarm()

    def arm(self, plan):
        # The blanks make it another text than the last one, which is what makes the daemon count anew.
        self.armed = getattr(self, "armed", 0) + 1
        self._write(plan + " " * (1 + self.armed % 50))

    def disarm(self):
        self._write("")

    def _write(self, text):
        with open(self.plan_file + ".new", "w") as file:
            file.write(text)
        os.rename(self.plan_file + ".new", self.plan_file)

    def start(self):
        """Starts it and waits for READY=1."""
        rig = self.rig
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = f"{rig.directory}/{self.name}.ready"
        if os.path.exists(path):
            os.unlink(path)
        ready.bind(path)
        ready.settimeout(30)
        environment = {
            **os.environ, "NOTIFY_SOCKET": path, "ROLLBACKD_ENVIRONMENT_FILE": "/dev/null",
            "SWIFT_BACKTRACE": "enable=no", "ROLLBACKD_FAILPOINTS_FILE": self.plan_file,
            "ROLLBACKD_FAILPOINTS_LOG": rig.fired_path, "ROLLBACKD_DATABASE_URL": rig.postgres.conninfo,
            "KUBECONFIG": rig.cluster.kubeconfig}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [f"{rig.binaries}/rollbackd", "serve", "--socket", self.socket, "--host-name", self.name,
                 "--lease-duration", f"{rig.lease}s", "--soak", f"{rig.soak}ms", "--rollout-timeout", "180s",
                 "--drain-timeout", "5s", "--database-connections", "1-8"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self.starts += 1
        try:
            while not any(line == b"READY=1" for line in ready.recv(4096).split(b"\n")):
                pass
        except socket.timeout:
            raise RigError(f"{self.name} did not become ready; see {self.log_path}")
        finally:
            ready.close()

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def figures(self):
        """Its resident memory in KiB, its threads and its open descriptors."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return {
            "rss_kib": int(re.search(r"VmRSS:\s+(\d+)", status).group(1)),
            "threads": int(re.search(r"Threads:\s+(\d+)", status).group(1)),
            "descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd"))}


class Rig:
    """Everything for one campaign, in one directory; `history/` in it is what a judge reads."""

    def __init__(self, binaries, directory, apps=12, daemons=3, lease=5, soak=600, ready_after=400):
        self.binaries, self.directory, self.lease, self.soak = binaries, directory, lease, soak
        self.history = f"{directory}/history"
        os.makedirs(self.history)
        # The server's socket lies below, for an account that may not look into the rest.
        os.chmod(directory, 0o711)
        self.fired_path = f"{self.history}/fired.jsonl"
        open(self.fired_path, "w").close()
        self.events = open(f"{self.history}/events.jsonl", "a", buffering=1)
        self.lock = threading.Lock()
        self.apps = [f"app{n:02d}" for n in range(apps)]
        self.postgres = Postgres(f"{directory}/pg")
        self.cluster = Cluster(f"{binaries}/rollback-dev", directory, ready_after)
        subprocess.run(
            [f"{binaries}/rollbackd", "migrate", "--database-url", self.postgres.conninfo], check=True,
            stdout=subprocess.DEVNULL, env={**os.environ, "ROLLBACKD_ENVIRONMENT_FILE": "/dev/null"})
        self.postgres.psql(HISTORY)
        self.daemons = [Daemon(self, n) for n in range(daemons)]
        for daemon in self.daemons:
            daemon.start()
        self.cluster.call(
            "POST", "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for app in self.apps:
            self.cluster.create_app(app)
            self.ctl(self.daemons[0], "app", "register", app, "--namespace", NAMESPACE, "--deployment", app,
                     "--container", "app")
        wait_until(
            lambda: all(d.get("status", {}).get("availableReplicas") == 2 for d in self.cluster.deployments()),
            60, "the apps' first pods")
        self._dump("deployments-before", self.cluster.deployments())
        self.figures_before = {d.name: d.figures() for d in self.daemons}

    def note(self, kind, **fields):
        """One line of the harness' own record."""
        line = json.dumps({"kind": kind, "at": time.time(), **fields})
        with self.lock:
            self.events.write(line + "\n")

    def ctl(self, daemon, *arguments):
        done = subprocess.run(
            [f"{self.binaries}/rollbackctl", *arguments, "--socket", daemon.socket, "--output", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RigError(f"rollbackctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def fired(self):
        """The faults that the daemons say they committed, in order."""
        return [json.loads(line) for line in open(self.fired_path) if line.endswith("\n")]

    def restart_dead(self):
        for daemon in self.daemons:
            if not daemon.is_running:
                daemon.disarm()
                daemon.start()

    def settle(self):
        """Waits until no operation is under way; how long it took. One that stays is for the judge."""
        began = time.monotonic()
        limit = self.lease + 200
        sql = "SELECT count(*) FROM paas_deployments WHERE status = 'deploying'"
        while time.monotonic() - began < limit:
            if self.postgres.psql(sql) == "0":
                return time.monotonic() - began
            time.sleep(0.05)
        return time.monotonic() - began

    def collect(self):
        """Writes down everything that the judge reads."""
        self._dump("deploys", self.postgres.rows("""
            SELECT d.id, a.name AS app, d.request_id, d.image_ref, d.status, d.outcome, d.outcome_detail, d.current,
              d.rollback_of, d.operation, extract(epoch FROM d.created_at) AS created_at,
              extract(epoch FROM d.finished_at) AS finished_at
            FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id ORDER BY d.created_at"""))
        self._dump("leases", self.postgres.rows(
            "SELECT deploy_id, holder_host, fencing_token FROM paas_operation_leases"))
        self._dump("audit", self.postgres.rows("""
            SELECT id, action, target_id, details_jsonb ->> 'to_deploy_id' AS to_deploy_id,
              details_jsonb ->> 'request_id' AS request_id FROM paas_audit_events ORDER BY id"""))
        self._dump("frames", self.postgres.rows("""
            SELECT deploy_id, count(*) AS frames, count(*) FILTER (WHERE kind = 'accepted') AS accepted,
              count(*) FILTER (WHERE kind = 'finished') AS finished, max(seq) AS last,
              max(seq) FILTER (WHERE kind = 'finished') AS finished_at_seq
            FROM paas_rollout_events GROUP BY deploy_id"""))
        self._dump("lease-history", self.postgres.rows(
            "SELECT n, extract(epoch FROM at) AS at, what, deploy_id, holder, instance, fence "
            "FROM chaos_lease_history ORDER BY n"))
        self._dump("status-history", self.postgres.rows(
            "SELECT n, extract(epoch FROM at) AS at, deploy_id, was, became FROM chaos_status_history ORDER BY n"))
        self._dump("writes", self.cluster.writes())
        self._dump("deployments-after", self.cluster.deployments())
        live = [d for d in self.daemons if d.is_running]
        self._dump("figures", {
            "before": self.figures_before, "after": {d.name: d.figures() for d in live},
            "starts": {d.name: d.starts for d in self.daemons}})
        verdict = subprocess.run(
            [f"{self.binaries}/rollbackctl", "audit", "verify", "--socket", live[0].socket, "--output", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._dump("audit-verify", {"status": verdict.returncode, "said": verdict.stdout.strip()})

    def _dump(self, name, value):
        with open(f"{self.history}/{name}.json", "w") as file:
            json.dump(value, file, indent=1)

    def close(self, keep):
        for daemon in self.daemons:
            if daemon.process is not None:
                daemon.signal(signal.SIGCONT) if daemon.is_running else None
                end(daemon.process)
        self.cluster.stop()
        self.postgres.stop("immediate")
        self.events.close()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


def end(process):
    """Ends a process that we started, and reaps it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def make_directory(parent=None):
    directory = tempfile.mkdtemp(prefix="rollbackd-chaos-", dir=parent)
    # PostgreSQL runs as a user of its own, who must get to its data.
    os.chmod(directory, 0o755)
    return directory
