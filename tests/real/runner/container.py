"""One container of a pod, as the kubelet runs it: its process, its restarts, its probes, its end."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

LAUNCHER = str(pathlib.Path(__file__).with_name("launcher.py"))
BACK_OFF, BACK_OFF_MAX = 10, 300


class Refused(Exception):
    """The kubelet would not start this container; the message is what it would say."""


def expand(text, known):
    """`$(NAME)` of a known variable is replaced, an unknown one stays as it is, and `$$(NAME)` is an escape."""
    return re.sub(r"\$\$|\$\(([A-Za-z0-9_.-]+)\)", lambda m: "$" if m[0] == "$$" else known.get(m[1], m[0]), text)


def quantity(text):
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", str(text)).groups()
    power = {"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}[unit]
    return float(number) * power


class Container:
    """One container: its process, its restarts, its probes."""

    def __init__(self, pod, spec, init=False):
        self.pod, self.spec, self.name, self.init = pod, spec, spec["name"], init
        self.process = self.pid = self.exit_code = None
        self.ready, self.started, self.starts = False, False, 0
        self.log_path = pod.dir.parent / f"{pod.dir.name}.{self.name}.log"
        self.stopping = None  # the reason, when the kubelet itself ends the process

    def run(self):
        """Runs until it may stay ended; true if the last end was a success."""
        pod, wait = self.pod, BACK_OFF
        while not pod.deleted.is_set():
            while pod.held and not pod.deleted.is_set():
                time.sleep(0.1)
            began = time.time()
            try:
                self.start()
            except Refused as error:
                self.exit_code = 128
                pod.trouble(f"{self.name}: {error}")
            else:
                self.watch()
                self.exit_code = self.process.wait()
            self.ready = self.started = False
            self.pid = None
            pod.update_readiness()
            if pod.deleted.is_set():
                return False
            if pod.held:
                continue
            if self.exit_code != 0 or not self.init and pod.policy() == "Always":
                pod.trouble(f"{self.name}: exit code {self.exit_code}{' (' + self.stopping + ')' if self.stopping else ''}: {self.last_words()}")
            self.stopping = None
            if self.exit_code == 0 and (self.init or pod.policy() != "Always"):
                return True
            if pod.policy() == "Never":
                pod.phase = "Failed"
                return False
            pod.restarts += 1
            if time.time() - began > 600:
                wait = BACK_OFF
            if self.starts > 1:  # the first restart is immediate
                pod.deleted.wait(wait)
                wait = min(2 * wait, BACK_OFF_MAX)
        return False

    def start(self):
        pod, spec, world = self.pod, self.spec, self.pod.world
        image = world.image(spec["image"])
        uid, gid, groups = self.identity(image)
        env, declared = pod.environment(spec, image)
        command, args = spec.get("command"), spec.get("args")
        argv = [expand(a, declared) for a in (command or image.entrypoint)] + \
               [expand(a, declared) for a in (args if args is not None else ([] if command else image.cmd))]
        self.starts += 1
        root = pod.dir / "root" / f"{self.name}-{self.starts}"
        for name in ("merged", "upper", "work"):
            (root / name).mkdir(parents=True)
        mounts = [{"source": str(source), "target": target, "readonly": True} for target, source in image.binds.items()]
        mounts += [{"source": str(pod.dir / name), "target": f"/etc/{name}", "readonly": False} for name in ("hosts", "resolv.conf", "hostname")]
        mounts.append({"source": str(world.machine_options(spec, image)), "target": "/etc/machine-options", "readonly": True})
        for entry in sorted(spec.get("volumeMounts") or [], key=lambda e: e["mountPath"].count("/")):
            if entry["name"] not in pod.volumes:
                raise Refused(f"volume `{entry['name']}` is not declared")
            source, readonly = pod.volumes[entry["name"]], entry.get("readOnly", False)
            if (source / "..data").is_symlink():
                readonly = True
            if "subPath" in entry:
                source = (source / entry["subPath"]).resolve()
                if not source.exists():
                    source.mkdir(parents=True)
            mounts.append({"source": str(source), "target": entry["mountPath"], "readonly": readonly})
        for target in set(image.volumes) - {m["target"] for m in mounts}:  # a runtime gives these even on a read-only root, and empty
            (root / "volume" / target.replace("/", "_")).mkdir(parents=True)
            os.chown(root / "volume" / target.replace("/", "_"), image.uid, image.gid)
            mounts.append({"source": str(root / "volume" / target.replace("/", "_")), "target": target, "readonly": False})
        security = spec.get("securityContext") or {}
        drop = [c.upper() for c in (security.get("capabilities") or {}).get("drop") or []]
        self.base = {"uid": uid, "gid": gid, "groups": groups, "env": env, "cwd": spec.get("workingDir", image.workdir),
                     "drop_all": "ALL" in drop, "no_new_privs": security.get("allowPrivilegeEscalation") is False}
        pidfile = root / "pid"
        details = self.base | {
            "netns": pod.netns, "hostname": pod.hostname, "argv": argv, "mounts": mounts, "pidfile": str(pidfile),
            "root": {"lower": image.lower, "merged": str(root / "merged"), "upper": str(root / "upper"), "work": str(root / "work"),
                     "readonly": security.get("readOnlyRootFilesystem", False)}}
        (root / "spec.json").write_text(json.dumps(details))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([sys.executable, "-I", "-S", LAUNCHER, str(root / "spec.json")], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.began = time.time()
        while not pidfile.exists() and self.process.poll() is None:
            time.sleep(0.01)
        self.pid = int(pidfile.read_text()) if pidfile.exists() else None
        if pod.deleted.is_set() or pod.held:
            self.kill()

    def identity(self, image):
        """The user that the container runs as, with the kubelet's check of `runAsNonRoot`."""
        pod, own = self.pod.spec.get("securityContext") or {}, self.spec.get("securityContext") or {}
        both = pod | own
        uid = both.get("runAsUser")
        if uid is None:
            if both.get("runAsNonRoot") and not str(image.user).isdigit():
                raise Refused(f"CreateContainerConfigError: container has runAsNonRoot and image has non-numeric user ({image.user}), cannot verify user is non-root")
            uid = image.uid
        if both.get("runAsNonRoot") and uid == 0:
            raise Refused("CreateContainerConfigError: container has runAsNonRoot and image will run as root")
        gid = both.get("runAsGroup", image.gid if uid == image.uid else 0)
        groups = set(pod.get("supplementalGroups") or []) | ({pod["fsGroup"]} if "fsGroup" in pod else set())
        return uid, gid, sorted(groups)

    # -- ends ------------------------------------------------------------------------------------------------------------------------

    def signal(self, number):
        try:
            if self.pid:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def kill(self):
        self.signal(signal.SIGKILL)

    def stop(self, grace):
        if not self.process or self.process.poll() is not None:
            return
        deadline = time.time() + grace
        hook = (self.spec.get("lifecycle") or {}).get("preStop")
        if hook and grace:
            if "exec" in hook:
                self.execute(hook["exec"]["command"], grace)
            elif "sleep" in hook:
                time.sleep(min(grace, hook["sleep"]["seconds"]))
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(max(0, deadline - time.time()))
        except subprocess.TimeoutExpired:
            self.pod.world.event(self.pod, f"{self.name}: killed after the grace period of {grace} s", quiet=grace == 0)
            self.kill()
            self.process.wait()

    def attach(self, command, errors=subprocess.STDOUT):
        """Starts a command in the container, with its standard streams at the caller."""
        self.wait_for_root()
        spec = self.pod.dir / "root" / f"exec-{uuid.uuid4().hex}.json"
        spec.write_text(json.dumps(self.base | {"join": self.pid, "argv": command}))
        return subprocess.Popen([sys.executable, "-I", "-S", LAUNCHER, str(spec)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=errors, text=True)

    def wait_for_root(self):
        """Its number is known before its files are in place: who joined it then would see those of the machine, and then none."""
        launcher = os.path.realpath(sys.executable)
        try:
            while os.readlink(f"/proc/{self.pid}/exe") == launcher:
                time.sleep(0.01)
        except OSError:  # it has ended, which joining it tells
            pass

    def execute(self, command, timeout):
        """Runs a command in the container; (exit code, output), or None when it took too long."""
        if not self.pid:
            return 137, "the container does not run"
        process = self.attach(command)
        try:
            output, _ = process.communicate(None, timeout)
            return process.returncode, output
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None

    # -- probes ----------------------------------------------------------------------------------------------------------------------

    def watch(self):
        """Returns when the process has ended. The probes run beside it, at their declared settings."""
        if self.init:
            self.process.wait()
            return
        ended = threading.Event()
        threads = [threading.Thread(target=self.probe_loop, args=(kind, ended), daemon=True) for kind in ("startup", "readiness", "liveness")]
        for thread in threads:
            thread.start()
        self.process.wait()
        ended.set()
        for thread in threads:
            thread.join()

    def probe_loop(self, kind, ended):
        probe = self.spec.get(f"{kind}Probe")
        if kind == "startup":
            if not probe:
                self.started = True
                return
        else:
            while not self.started:
                if ended.wait(0.05):
                    return
            if not probe:
                if kind == "readiness":
                    self.ready = True
                    self.pod.update_readiness()
                return
        ended.wait(max(0, self.began + probe.get("initialDelaySeconds", 0) - time.time()))
        good = bad = 0
        while not ended.is_set():
            problem = self.check(probe)
            if ended.is_set():
                return
            good, bad = (good + 1, 0) if problem is None else (0, bad + 1)
            if good >= (probe.get("successThreshold", 1) if kind == "readiness" else 1):
                if kind == "startup":
                    self.started = True
                    return
                if kind == "readiness" and not self.ready:
                    self.ready = True
                    self.pod.update_readiness()
            elif bad >= probe.get("failureThreshold", 3):
                if kind == "readiness":
                    if self.ready:
                        self.ready = False
                        self.pod.world.event(self.pod, f"readiness probe failed: {problem}")
                        self.pod.update_readiness()
                elif not self.pod.deleted.is_set() and not self.pod.held:
                    self.stopping = f"killed by its {kind} probe: {problem}"
                    self.stop(probe.get("terminationGracePeriodSeconds", self.pod.spec.get("terminationGracePeriodSeconds", 30)))
                    return
            ended.wait(probe.get("periodSeconds", 10))

    def check(self, probe):
        """None if the probe succeeded, else why not."""
        timeout = probe.get("timeoutSeconds", 1)
        if "exec" in probe:
            done = self.execute(probe["exec"]["command"], timeout)
            if done is None:
                return f"timed out after {timeout} s"
            return None if done[0] == 0 else f"exit code {done[0]} {done[1].strip()[-200:]}"
        way = probe.get("tcpSocket") or probe["httpGet"]
        port = self.pod.named_ports.get(way["port"]) if isinstance(way["port"], str) else way["port"]
        if port is None:
            return f"no port is named `{way['port']}`"
        try:
            if "tcpSocket" in probe:
                socket.create_connection((self.pod.address, port), timeout).close()
                return None
            connection = http.client.HTTPConnection(self.pod.address, port, timeout=timeout)
            connection.request("GET", way.get("path", "/"))
            status = connection.getresponse().status
            connection.close()
            return None if 200 <= status < 400 else f"HTTP status {status}"
        except OSError as error:
            return f"{way.get('path', 'port')} {port}: {error}"
        except http.client.HTTPException as error:
            return f"{way.get('path')}: {error!r}"

    def last_words(self):
        """The line of the log that most likely says why it ended: the last that names an error, else the last."""
        lines = [line for line in self.log().splitlines()[-200:] if line.strip() and not line.startswith(("\tat ", "\t..."))]
        loud = [line for line in lines if re.search(r"\b(ERROR|FATAL|[Ee]rror|[Ee]xception|exec|cannot)\b|Exception", line)]
        return (loud or lines or ["no output"])[-1][:300]

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
