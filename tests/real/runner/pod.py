"""One pod, as the kubelet runs it: its network and files, volumes, environment, init containers, containers, the end."""

import os
import re
import shutil
import threading
import time
import uuid

from . import network
from .container import Container, Refused, expand, quantity


class Pod:
    """Its thread lives as long as the pod; `deleted` ends it."""

    def __init__(self, world, name, namespace, template, index=None, subdomain=None, claims=None, owner=None):
        self.world, self.name, self.namespace, self.owner = world, name, namespace, owner
        meta, self.spec = template.get("metadata") or {}, template["spec"]
        self.labels, self.annotations = dict(meta.get("labels") or {}), dict(meta.get("annotations") or {})
        if index is not None:
            self.labels |= {"apps.kubernetes.io/pod-index": str(index), "statefulset.kubernetes.io/pod-name": name}
        self.hostname, self.subdomain = self.spec.get("hostname", name), self.spec.get("subdomain", subdomain)
        self.claims, self.uid = claims or {}, str(uuid.uuid4())
        self.number, self.address = world.new_address()
        self.named_ports = {p["name"]: p["containerPort"] for c in self.spec["containers"] for p in c.get("ports") or [] if "name" in p}
        self.dir = world.state / "pods" / f"{name}-{self.number}"
        self.phase, self.ready, self.restarts, self.started = "Pending", False, 0, time.time()
        self.became_ready, self.problem, self.deleted, self.gone = None, None, threading.Event(), threading.Event()
        self.volumes = {}
        self.held = False  # a lost node: nothing runs and nothing restarts until it is released
        self.containers = [Container(self, spec) for spec in self.spec["containers"]]
        self.init_containers = [Container(self, spec, init=True) for spec in self.spec.get("initContainers") or []]
        self.thread = threading.Thread(target=self.run, daemon=True, name=name)
        self.thread.start()

    # -- life ------------------------------------------------------------------------------------------------------------------------

    def run(self):
        try:
            self.netns = network.add_pod(self.number, self.address)
            self.world.changed()
            self.make_files()
            while not self.deleted.is_set():
                try:
                    self.volumes = self.mount_volumes()
                    break
                except Refused as error:  # the kubelet tries again for ever; the object may still appear
                    self.trouble(f"FailedMount: {error}")
                    self.deleted.wait(1)
            if self.run_init_containers() and not self.deleted.is_set():
                self.phase = "Running"
                threads = [threading.Thread(target=c.run, daemon=True, name=self.name) for c in self.containers]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            if not self.deleted.is_set():
                self.phase = "Succeeded" if all(c.exit_code == 0 for c in self.init_containers + self.containers) else "Failed"
        except Exception as error:
            self.phase = "Failed"
            self.trouble(f"the runner failed: {error!r}")
        self.update_readiness()

    def run_init_containers(self):
        for container in self.init_containers:
            if not container.run():
                return False
        return True

    def policy(self):
        return self.spec.get("restartPolicy", "Always")

    def trouble(self, message):
        if self.problem is None:
            self.problem = message
        self.world.event(self, message)

    def update_readiness(self):
        ready = self.phase == "Running" and not self.deleted.is_set() and all(c.ready for c in self.containers)
        if ready != self.ready:
            self.ready = ready
            if ready and self.became_ready is None:
                self.became_ready = time.time()
            self.world.event(self, "ready" if ready else "not ready", quiet=True)
        self.world.changed()

    def delete(self, wait=True, grace=None):
        """Asks every container to end, and kills what is left after the grace period."""
        grace = self.spec.get("terminationGracePeriodSeconds", 30) if grace is None else grace
        with self.world.lock:
            first = not self.deleted.is_set()
            self.deleted.set()
        if not first:
            return self.gone.wait() if wait else None
        self.update_readiness()
        def end():
            threads = [threading.Thread(target=c.stop, args=(grace,)) for c in self.init_containers + self.containers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.thread.join()
            network.remove_pod(self.number)
            shutil.rmtree(self.dir / "root", ignore_errors=True)
            self.world.forget(self)
            self.gone.set()
        ender = threading.Thread(target=end, daemon=True)
        ender.start()
        if wait:
            ender.join()

    def lose(self):
        """kill -9 of everything, and nothing comes back until `release`: the node is gone."""
        self.held = True
        for container in self.containers:
            container.kill()
        self.world.wait(f"`{self.name}` dead", lambda: not self.ready and all(c.pid is None for c in self.containers), 60)

    def release(self):
        self.held = False

    # -- files -----------------------------------------------------------------------------------------------------------------------

    def make_files(self):
        self.dir.mkdir(parents=True)
        zone = f"{self.namespace}.svc.cluster.local"
        names = f"{self.hostname}.{self.subdomain}.{zone}\t{self.hostname}" if self.subdomain else self.hostname
        (self.dir / "hosts").write_text(f"127.0.0.1\tlocalhost\n::1\tlocalhost\n{self.address}\t{names}\n")
        (self.dir / "resolv.conf").write_text(
            f"search {zone} svc.cluster.local cluster.local\nnameserver {network.DNS}\noptions ndots:5\n")
        (self.dir / "hostname").write_text(self.hostname + "\n")

    def fs_group(self):
        return (self.spec.get("securityContext") or {}).get("fsGroup")

    def mount_volumes(self):
        volumes = {}
        for volume in self.spec.get("volumes") or []:
            path = self.dir / "volumes" / volume["name"]
            if "emptyDir" in volume:
                path.mkdir(parents=True, exist_ok=True)
                path.chmod(0o777)
                self.own(path)
            elif "persistentVolumeClaim" in volume:
                path = self.world.volume(self.namespace, volume["persistentVolumeClaim"]["claimName"], None)
                self.own(path)
            else:
                shutil.rmtree(path, ignore_errors=True)
                self.write_files(path, volume)
            volumes[volume["name"]] = path
        for name, claim in self.claims.items():
            volumes[name] = self.world.volume(self.namespace, *claim)
            self.own(volumes[name])
        return volumes

    def own(self, path):
        """fsGroup: everything in the volume gets the group, and the group may write; `OnRootMismatch` skips what looks done."""
        group = self.fs_group()
        if group is None:
            return
        details, state = self.spec["securityContext"], path.stat()
        if details.get("fsGroupChangePolicy") == "OnRootMismatch" and state.st_gid == group and state.st_mode & 0o2060 == 0o2060:
            return
        for entry in [path, *path.rglob("*")]:
            if not entry.is_symlink():
                os.chown(entry, -1, group)
                entry.chmod(entry.stat().st_mode | (0o2770 if entry.is_dir() else 0o660))

    def refresh(self, obj):
        """As the kubelet does it some time after a ConfigMap or a Secret has changed. What reads it only once does not see it."""
        for volume in self.spec.get("volumes") or []:
            sources = volume["projected"]["sources"] if "projected" in volume else [volume]
            names = {source["configMap"].get("name") for source in sources if "configMap" in source} if obj["kind"] == "ConfigMap" else \
                    {source["secret"].get("secretName") or source["secret"].get("name") for source in sources if "secret" in source}
            if obj["metadata"]["name"] in names and volume["name"] in self.volumes:
                try:
                    self.write_files(self.volumes[volume["name"]], volume)
                except Refused:  # what is no longer complete stays as it was
                    pass

    def write_files(self, path, volume):
        """A ConfigMap or Secret in a volume: links to a folder that is swapped as a whole; root owns it, fsGroup may read it."""
        files = {}
        for source in volume["projected"]["sources"] if "projected" in volume else [volume]:
            files |= self.world.files(self.namespace, source)
        mode = (volume.get("projected") or volume.get("configMap") or volume.get("secret")).get("defaultMode", 0o644)
        data = path / f"..{uuid.uuid4().hex}"
        data.mkdir(parents=True)
        for name, (content, own_mode) in files.items():
            target = data / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            bits = own_mode or mode
            if self.fs_group() is not None:
                os.chown(target, -1, self.fs_group())
                bits |= 0o440
            target.chmod(bits)
            top = name.split("/")[0]
            if not (path / top).is_symlink():
                (path / top).symlink_to(f"..data/{top}")
        old = path / os.readlink(path / "..data") if (path / "..data").is_symlink() else None
        (path / "..data_tmp").symlink_to(data.name)
        (path / "..data_tmp").rename(path / "..data")
        if old:
            shutil.rmtree(old)

    # -- environment -----------------------------------------------------------------------------------------------------------------

    def environment(self, container, image):
        env = dict(image.env) | {"HOSTNAME": self.hostname}
        env.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        links = self.world.service_links(self.namespace, self.spec.get("enableServiceLinks", True))
        declared = dict(links)
        for source in container.get("envFrom") or []:
            where = {"configMap": source["configMapRef"]} if "configMapRef" in source else {"secret": {"secretName": source["secretRef"]["name"]}}
            for key, (value, _) in self.world.files(self.namespace, where).items():
                declared[source.get("prefix", "") + key] = value.decode()
        for entry in container.get("env") or []:
            if "valueFrom" in entry:
                value = self.value_from(entry["valueFrom"], container)
            else:
                value = expand(entry.get("value", ""), declared)  # only what was declared before is known
            if value is not None:
                declared[entry["name"]] = value
        return env | declared, declared

    def value_from(self, source, container):
        if "fieldRef" in source:
            path = source["fieldRef"]["fieldPath"]
            keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
            if keyed:
                return getattr(self, keyed[1]).get(keyed[2], "")
            fields = {"metadata.name": self.name, "metadata.namespace": self.namespace, "metadata.uid": self.uid, "status.podIP": self.address,
                      "status.podIPs": self.address, "status.hostIP": network.NODE, "spec.nodeName": "node",
                      "spec.serviceAccountName": self.spec.get("serviceAccountName", "default")}
            if path not in fields:
                raise Refused(f"fieldPath `{path}` is not supported")
            return fields[path]
        if "resourceFieldRef" in source:
            want = source["resourceFieldRef"]
            group, name = want["resource"].split(".")
            amount = quantity(container["resources"][group][name])
            return str(int(-(-amount // quantity(str(want.get("divisor", "1"))))))
        (kind, ref), = source.items()
        where = {"configMap": {"name": ref["name"]}} if kind == "configMapKeyRef" else {"secret": {"secretName": ref["name"]}}
        try:
            files = self.world.files(self.namespace, where)
            if ref["key"] in files:
                return files[ref["key"]][0].decode()
            missing = f"couldn't find key {ref['key']} in {ref['name']}"
        except Refused as error:
            missing = str(error)
        if ref.get("optional"):
            return None
        raise Refused(missing)
