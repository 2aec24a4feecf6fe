"""What a fault run stands on: a private PostgreSQL, the development cluster and several daemons, all real processes."""
import json
import math
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

import wire
from gate import Gate

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
  ELSIF NOT isfinite(NEW.expires_at) AND isfinite(OLD.expires_at) THEN
    INSERT INTO chaos_lease_history (what, deploy_id, holder, instance, fence)
      VALUES ('released', NEW.deploy_id, NEW.holder_host, NEW.holder_instance, NEW.fencing_token);
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


def wait_until(condition, seconds, what, pause=0.01):
    """Waits until `condition()` is true and returns its value; raises RigError after `seconds`. Asks every `pause`
    seconds: seldom where asking costs something."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise RigError(f"{what}: not within {seconds} s")
        time.sleep(pause)


LOG_PREFIX = "%m [%p] %a <%e> "


class Postgres:
    """A private server on a Unix socket."""

    MARK = "-- the end --"

    def __init__(self, directory):
        self.lock = threading.Lock()
        self.session = None
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
        with open(f"{self.data}/postgresql.conf", "a") as file:
            # Who met which error, by its SQLSTATE.
            file.write(f"log_line_prefix = '{LOG_PREFIX}'\n")
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
        with self.lock:
            self._end_session()
        self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    @property
    def conninfo(self):
        return f"host={self.directory} user=postgres dbname=postgres"

    def psql(self, sql):
        """Runs statements, by one psql that is kept: a process for each is what a run would spend most on."""
        with self.lock:
            if self.session is None:
                self.session = subprocess.Popen(
                    [f"{self.bin}/psql", "-XqAt", "-v", "ON_ERROR_STOP=1", self.conninfo], text=True, bufsize=1,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            lines = []
            try:
                self.session.stdin.write(f"{sql}\n;\n\\echo {self.MARK}\n")
                self.session.stdin.flush()
                for line in self.session.stdout:
                    if line.strip() == self.MARK:
                        return "".join(lines).strip()
                    lines.append(line)
            except OSError as error:
                lines.append(str(error))
            self._end_session()
            raise RigError(f"psql: {''.join(lines)}")

    def _end_session(self):
        if self.session is not None:
            self.session.kill()
            self.session.wait()
            for pipe in (self.session.stdin, self.session.stdout):
                try:
                    pipe.close()
                except OSError:
                    # What was still to be written to it.
                    pass
            self.session = None

    def rows(self, sql):
        """The rows of a query as dictionaries."""
        text = self.psql(f"SELECT coalesce(json_agg(r), '[]') FROM ({sql}) r")
        return json.loads(text)

    def backends(self, application):
        """The server processes of one daemon, those that are at work first."""
        return self.rows(f"""
            SELECT pid, coalesce(state, '-') AS state, query LIKE 'LISTEN%' AS listens FROM pg_stat_activity
            WHERE application_name = '{application}' AND backend_type = 'client backend'
            ORDER BY state = 'idle', state_change DESC""")

    def errors(self):
        """What the server reported to clients: for each SQLSTATE how often, and the first lines."""
        found = {}
        with open(f"{self.directory}/log", errors="replace") as file:
            for line in file:
                match = re.search(r"<([0-9A-Z]{5})> (?:ERROR|FATAL|PANIC):", line)
                if match:
                    entry = found.setdefault(match.group(1), {"count": 0, "lines": []})
                    entry["count"] += 1
                    if len(entry["lines"]) < 3:
                        entry["lines"].append(line.strip())
        return found


class Cluster:
    """The development cluster, with the endpoints by which faults are injected."""

    def __init__(self, binary, directory, ready_after):
        self.directory = directory
        self.kubeconfig = f"{directory}/kubeconfig"
        self.gate = None
        self.log = open(f"{directory}/cluster.log", "ab")
        self.process = subprocess.Popen(
            [binary, "cluster", "--kubeconfig", self.kubeconfig, "--ready-after", str(ready_after)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        self.process.stdout.readline()
        text = open(self.kubeconfig).read()
        self.url = re.search(r"server: (\S+)", text).group(1)
        self.token = re.search(r"token: (\S+)", text).group(1)
        self.context = ssl._create_unverified_context()

    def add_gate(self):
        """From now on kubeconfigs lead through a gate that can be shut."""
        self.gate = Gate(int(self.url.rsplit(":", 1)[1]))

    def kubeconfig_of(self, name):
        """A kubeconfig under whose requests a name of its own stands in the server's log."""
        path = f"{self.directory}/{name}.kubeconfig"
        if not os.path.exists(path):
            token = f"of-{name}"
            self.call("POST", "/dev/administrators", {"name": name, "token": token})
            text = open(self.kubeconfig).read().replace(self.token, token)
            if self.gate is not None:
                text = text.replace(self.url, f"https://127.0.0.1:{self.gate.port}")
            with open(path, "w") as file:
                file.write(text)
        return path

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
        if self.gate is not None:
            self.gate.close()
        end(self.process)
        self.log.close()


class Daemon:
    """One rollbackd; it may be ended and started again any number of times."""

    def __init__(self, rig, number):
        self.rig = rig
        self.name = f"host{number}"
        # Nobody else's: see Rig.warm_up.
        self.own_app = f"of-{self.name}"
        self.socket = f"{rig.directory}/{self.name}.sock"
        self.plan_file = f"{rig.directory}/{self.name}.plan"
        self.log_path = f"{rig.directory}/{self.name}.log"
        self.lock = threading.Lock()
        self.process = None
        self.caller = wire.Caller(self.socket)
        self.busy_until = 0.0
        self.reviving = None
        self.told_to_end = False
        self.starts = 0
        self.disarm()

    def arm(self, plan):
        # The blanks make it another text than the last one, which is what makes the daemon count anew.
        self.armed = getattr(self, "armed", 0) + 1
        self._write(plan + " " * (1 + self.armed % 50))

    def disarm(self):
        self._write("")

    def _write(self, text):
        with self.lock:
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
            "ROLLBACKD_FAILPOINTS_LOG": rig.fired_path,
            "ROLLBACKD_DATABASE_URL": f"{rig.postgres.conninfo} application_name={self.name}",
            "KUBECONFIG": rig.cluster.kubeconfig_of(self.name)}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [f"{rig.binaries}/rollbackd", "serve", "--socket", self.socket, "--host-name", self.name,
                 "--lease-duration", f"{rig.lease}s", "--soak", f"{rig.soak}ms", "--rollout-timeout", "180s",
                 "--drain-timeout", "5s", "--database-connections", "1-8"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self.told_to_end = False
        self.starts += 1
        rig.note("started", host=self.name, pid=self.process.pid)
        try:
            while not any(line == b"READY=1" for line in ready.recv(4096).split(b"\n")):
                pass
        except socket.timeout:
            raise RigError(f"{self.name} did not become ready; see {self.log_path}")
        finally:
            ready.close()

    @property
    def is_going(self):
        """Whether it has been told to end and has not yet."""
        return self.told_to_end and self.is_running

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)
        self.told_to_end = self.told_to_end or number == signal.SIGTERM
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.rig.note("struck", host=self.name, signal=number)

    def figures(self):
        """Its resident memory in KiB, its threads, its connections to the database and to the API server, which it
        keeps in pools, and all its other open descriptors."""
        place = f"/proc/{self.process.pid}"
        status = open(f"{place}/status").read()
        open_ones = []
        for number in os.listdir(f"{place}/fd"):
            try:
                open_ones.append(os.readlink(f"{place}/fd/{number}"))
            except FileNotFoundError:
                # Closed meanwhile.
                continue
        tcp = {line.split()[9] for line in open(f"{place}/net/tcp").readlines()[1:]}
        cluster = sum(1 for name in open_ones if name.startswith("socket:[") and name[8:-1] in tcp)
        database = len(self.rig.postgres.backends(self.name))
        return {
            "pid": self.process.pid,
            "rss_kib": int(re.search(r"VmRSS:\s+(\d+)", status).group(1)),
            "threads": int(re.search(r"Threads:\s+(\d+)", status).group(1)),
            "database": database, "cluster": cluster, "descriptors": len(open_ones) - database - cluster}


class Overdue(threading.Thread):
    """Looks every half a second at leases that have run out, and how long nobody took them who could."""

    def __init__(self, rig):
        super().__init__(daemon=True)
        self.rig = rig
        self.ending = threading.Event()
        self.callers = {daemon.name: wire.Caller(daemon.socket) for daemon in rig.daemons}
        self.since = {}
        self.worst = {}
        self.looks = 0
        self.rss = {}

    def run(self):
        while not self.ending.wait(0.5):
            for daemon in self.rig.daemons:
                try:
                    pages = int(open(f"/proc/{daemon.process.pid}/statm").read().split()[1])
                    self.rss[daemon.name] = max(self.rss.get(daemon.name, 0), pages * 4)
                except (OSError, IndexError):
                    # It is being ended or started.
                    continue
            try:
                # A row that is locked is in somebody's hands already, who takes it over or ends the operation.
                rows = self.rig.postgres.rows("""
                    SELECT * FROM (
                      SELECT l.deploy_id, l.holder_host AS holder, l.fencing_token AS fence FROM paas_operation_leases l
                      WHERE l.expires_at <= clock_timestamp() FOR KEY SHARE SKIP LOCKED) l""")
            except (RigError, ValueError):
                rows = None
            # While the database is away, or no daemon is at work, nobody can take anything: it counts anew.
            if rows is None or not any(self._is_at_work(daemon) for daemon in self.rig.daemons):
                self.since = {}
                continue
            self.looks += 1
            now = time.monotonic()
            self.since = {
                key: self.since.get(key, now) for key in ((r["deploy_id"], r["holder"], r["fence"]) for r in rows)}
            for key, since in self.since.items():
                self.worst[key] = max(self.worst.get(key, 0), now - since)
        for caller in self.callers.values():
            caller.close()

    def _is_at_work(self, daemon):
        """Whether it answers what it knows by heart at once: it does not where it is dead, frozen, stalls, or gets no
        share of the machine."""
        try:
            return daemon.is_running and not daemon.told_to_end and self.callers[daemon.name].nothing(0.25)[1] < 0.25
        except wire.Gone:
            return False

    def stop(self):
        self.ending.set()
        self.join()

    def found(self):
        """Each lease that was seen after its end, with the seconds for which it was, the longest first."""
        entries = [{"deploy_id": d, "holder": h, "fence": f, "seconds": s} for (d, h, f), s in self.worst.items()]
        return {"looks": self.looks, "lease": self.rig.lease, "leases": sorted(entries, key=lambda e: -e["seconds"])}


class Rig:
    """Everything for one campaign, in one directory; `history/` in it is what a judge reads."""

    def __init__(
        self, binaries, directory, apps=10, daemons=3, lease=5, soak=600, ready_after=400, has_gate=False
    ):
        self.binaries, self.directory, self.lease, self.soak = binaries, directory, lease, soak
        self.history = f"{directory}/history"
        os.makedirs(self.history)
        # The server's socket lies below, for an account that may not look into the rest.
        os.chmod(directory, 0o711)
        self.fired_path = f"{self.history}/fired.jsonl"
        open(self.fired_path, "w").close()
        self.events = open(f"{self.history}/events.jsonl", "a", buffering=1)
        self.lock = threading.Lock()
        self.note("begun")
        self.daemons, self.retired, self.failures, self.overdue = [], [], [], None
        self.apps = [f"app{n:02d}" for n in range(apps)]
        self.cluster = None
        self.postgres = Postgres(f"{directory}/pg")
        self.cluster = Cluster(f"{binaries}/rollback-dev", directory, ready_after)
        if has_gate:
            self.cluster.add_gate()
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
        for app in self.apps + [daemon.own_app for daemon in self.daemons]:
            self.cluster.create_app(app)
            self.ctl(self.daemons[0], "app", "register", app, "--namespace", NAMESPACE, "--deployment", app,
                     "--container", "app")
        wait_until(
            lambda: all(d.get("status", {}).get("availableReplicas") == 2 for d in self.cluster.deployments()),
            60, "the apps' first pods", pause=0.2)
        self._dump("deployments-before", self.cluster.deployments())
        self.warm_up()
        self.figures_before = self._first_figures()
        self.overdue = Overdue(self)
        self.overdue.start()
        self.note("ready")

    def _is_as_at_start(self, name, now):
        before = self.figures_before[name]
        return abs(now["descriptors"] - before["descriptors"]) <= 2 and now["threads"] <= before["threads"]

    def warm_up(self):
        """One deploy through each daemon: what a daemon opens for its first operation is open when it is measured."""
        failures = []

        def deploy(daemon):
            image = f"harbor.local/octave/{daemon.own_app}:w{time.monotonic_ns()}"
            try:
                self.ctl(daemon, "deploy", daemon.own_app, image, "--yes")
            except RigError as error:
                failures.append(error)

        threads = [threading.Thread(target=deploy, args=(daemon,), daemon=True) for daemon in self.daemons]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _sample(self):
        return {daemon.name: daemon.figures() for daemon in self.daemons if daemon.is_running}

    def _first_figures(self):
        """The daemons' figures when nothing has been opened or closed for a second."""
        before = self._sample()
        for _ in range(20):
            time.sleep(1)
            now = self._sample()
            if all(now[name][key] == before[name][key] for name in now for key in ("descriptors", "threads")):
                break
            before = now
        return now

    def _last_figures(self):
        """Each daemon's figures when they are those of the start again, or the last of 20 s; and all that were seen."""
        samples, found = [], {}
        while len(samples) < 20:
            samples.append(self._sample())
            for name, now in samples[-1].items():
                if self._is_as_at_start(name, now):
                    found.setdefault(name, now)
            if len(found) == len(samples[-1]):
                break
            time.sleep(1)
        return {**samples[-1], **found}, samples

    def retire(self):
        """From now on one daemon less is at work, for good."""
        self.restart_dead()
        last = self.daemons[-1]
        self.daemons = self.daemons[:-1]
        self.retired.append(last)
        if last.is_running:
            last.signal(signal.SIGCONT)
            end(last.process, 30)
        self.note("retired", host=last.name)

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
        """Starts again who is dead or goes down, and returns when all are ready."""
        for daemon in self.daemons:
            if daemon.is_going:
                daemon.process.wait(60)
        self.revive()
        for daemon in self.daemons:
            if daemon.reviving is not None:
                daemon.reviving.join()
                daemon.reviving = None
        if self.failures:
            raise self.failures[0]

    def revive(self):
        """Begins to start again who is dead; it is busy until it is ready."""
        for daemon in self.daemons:
            if not daemon.is_running and (daemon.reviving is None or not daemon.reviving.is_alive()):
                daemon.busy_until = math.inf
                daemon.reviving = threading.Thread(target=self._revive, args=(daemon,), daemon=True)
                daemon.reviving.start()

    def _revive(self, daemon):
        try:
            daemon.disarm()
            daemon.start()
            daemon.busy_until = 0
        except (RigError, OSError) as error:
            self.failures.append(error)

    def settle(self):
        """Waits until no operation is under way; how long it took. One that stays is for the judge."""
        self.warm_up()
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
        self._dump("requests", [digest(request) for request in self.cluster.requests()])
        self._dump("sql-errors", self.postgres.errors())
        self._dump("leases-overdue", self.overdue.found())
        self._dump("deployments-after", self.cluster.deployments())
        live = [d for d in self.daemons if d.is_running]
        # All of it before the last figures: whatever asks a daemon something has gone then.
        self.overdue.stop()
        verdict = subprocess.run(
            [f"{self.binaries}/rollbackctl", "audit", "verify", "--socket", live[0].socket, "--output", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._dump("audit-verify", {"status": verdict.returncode, "said": verdict.stdout.strip()})
        for daemon in self.daemons:
            daemon.caller.close()
        after, samples = self._last_figures()
        self._dump("figures", {
            "before": self.figures_before, "after": after, "samples": samples, "peak_rss_kib": self.overdue.rss,
            "starts": {d.name: d.starts for d in self.daemons}})
        self.note("collected")

    def _dump(self, name, value):
        with open(f"{self.history}/{name}.json", "w") as file:
            json.dump(value, file, indent=1)

    def close(self, keep):
        if self.overdue is not None and self.overdue.is_alive():
            self.overdue.stop()
        for daemon in self.daemons:
            if daemon.process is not None:
                daemon.signal(signal.SIGCONT) if daemon.is_running else None
                end(daemon.process)
        if self.cluster is not None:
            self.cluster.stop()
        self.postgres.stop("immediate")
        self.events.close()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)


def digest(request):
    """What a judge needs of a request in the API server's log."""
    # A fence is a patch too, of another deploy's holder.
    found = re.search(r'"rollbackd.io/(deploy-id|fenced)":"([^"]+)"', request.pop("body"))
    request["deployID"] = found and f"{'fence of ' if found.group(1) == 'fenced' else ''}{found.group(2)}"
    for name in ("query", "userAgent"):
        del request[name]
    return request


def end(process, patience=10):
    """Ends a process that we started, and reaps it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def holders(rig):
    """Which daemon holds how many operations, by the database; nothing while that is restarting."""
    try:
        rows = rig.postgres.rows(
            "SELECT holder_host, count(*) AS held FROM paas_operation_leases WHERE expires_at > clock_timestamp() "
            "GROUP BY holder_host")
    except RigError:
        return {}
    return {row["holder_host"]: row["held"] for row in rows}


def make_directory(parent=None):
    directory = tempfile.mkdtemp(prefix="rollbackd-chaos-", dir=parent)
    # PostgreSQL runs as a user of its own, who must get to its data.
    os.chmod(directory, 0o755)
    return directory
