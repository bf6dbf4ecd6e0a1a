"""A storage class: each claim gets an ext4 file system of its own on the node where its pod is scheduled, as a disk of a cloud would be.

Its root belongs to root and has `lost+found`. A claim that asks for more grows. The volume stays on its node, as a zone's disk in its zone.
"""

import pathlib
import re
import subprocess

PROVISIONER = "proof.kafka-stacks/ext4"
CLASS = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": PROVISIONER, "volumeBindingMode": "WaitForFirstConsumer",
         "allowVolumeExpansion": True, "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
UNITS = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def quantity(text):
    """The bytes of a quantity."""
    number, unit = re.fullmatch(r"(\d+)(\D*)", text).groups()
    return int(number) * UNITS[unit]


def run(*command):
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


class Provisioner:
    """Makes volumes for claims, one look at a time."""

    def __init__(self, cluster):
        self.cluster, self.made, self.mounted = cluster, {}, []

    def look(self):
        for claim in self.cluster.api("/api/v1/persistentvolumeclaims")["items"]:
            node = claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
            size = quantity(claim["spec"]["resources"]["requests"]["storage"])
            uid = claim["metadata"]["uid"]
            if node and uid not in self.made and "volumeName" not in claim["spec"]:
                self.make(claim, node, size)
            elif self.made.get(uid, size) < size:
                self.grow(claim, size)

    def image(self, node, uid):
        return self.cluster.store / node / f"pvc-{uid}.ext4"

    def make(self, claim, node, size):
        meta = claim["metadata"]
        image, name = self.image(node, meta["uid"]), f"pvc-{meta['uid']}"
        folder = pathlib.Path(self.cluster.state, node, "volumes", name)
        folder.mkdir(parents=True)
        with image.open("wb") as file:
            file.truncate(size)  # sparse
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", image)
        run("mount", "-o", "loop", image, folder)
        self.mounted.append(folder)
        affinity = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
        self.cluster.api("/api/v1/persistentvolumes", "POST", {
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
            "spec": {"capacity": {"storage": str(size)}, "accessModes": claim["spec"]["accessModes"], "storageClassName": claim["spec"]["storageClassName"],
                     "persistentVolumeReclaimPolicy": "Retain", "local": {"path": str(folder)},
                     "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [affinity]}]}}}})
        self.made[meta["uid"]] = size

    def remove(self):
        for folder in self.mounted:
            run("umount", folder)

    def grow(self, claim, size):
        meta = claim["metadata"]
        node = meta["annotations"]["volume.kubernetes.io/selected-node"]
        image = self.image(node, meta["uid"])
        with image.open("ab") as file:
            file.truncate(size)
        device = subprocess.run(["losetup", "--noheadings", "--output=NAME", "--associated", str(image)], check=True, capture_output=True, text=True).stdout.strip()
        run("losetup", "--set-capacity", device)
        run("resize2fs", device)
        patch = "application/merge-patch+json"
        self.cluster.api(f"/api/v1/persistentvolumes/{claim['spec']['volumeName']}", "PATCH", {"spec": {"capacity": {"storage": str(size)}}}, patch)
        self.cluster.api(f"/api/v1/namespaces/{meta['namespace']}/persistentvolumeclaims/{meta['name']}/status", "PATCH",
                         {"status": {"capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]}}}, patch)
        self.made[meta["uid"]] = size
