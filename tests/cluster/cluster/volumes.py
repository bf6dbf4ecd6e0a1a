"""A storage class: each claim gets an ext4 file system of its own on the node where its pod is scheduled, as a disk of a cloud would be.

Its root belongs to root and has `lost+found`. The volume stays on its node, as a zone's disk in its zone. It does not grow: ext4 grows while it is
mounted only for a process with CAP_SYS_RESOURCE, which a sandboxed machine lacks. The class `growing` has XFS, which needs no such thing: its volumes
grow when their claim asks for more, as by the resizer of a CSI driver, and the kubelet then says so in the claim's status.
"""

import pathlib
import re
import subprocess

PROVISIONER = "proof.kafka-stacks/ext4"
CLASS = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": PROVISIONER, "volumeBindingMode": "WaitForFirstConsumer",
         "allowVolumeExpansion": False, "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
GROWING = CLASS | {"allowVolumeExpansion": True, "metadata": {"name": "growing"}}
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
        self.cluster, self.made, self.mounted, self.classes = cluster, set(), [], {CLASS["metadata"]["name"]}

    def look(self):
        for claim in self.cluster.api("/api/v1/persistentvolumeclaims")["items"]:
            self.stand_in(claim["spec"].get("storageClassName"))
            if claim["spec"].get("storageClassName") == GROWING["metadata"]["name"] and claim["status"].get("phase") == "Bound":
                self.grow(claim)
            node = claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
            if node and "volumeName" not in claim["spec"] and claim["metadata"]["uid"] not in self.made:
                self.make(claim, node)

    def stand_in(self, name):
        """A class that a claim asks for by name is the same as the default one."""
        if name and name not in self.classes:
            kind = GROWING if name == GROWING["metadata"]["name"] else CLASS
            self.cluster.api("/apis/storage.k8s.io/v1/storageclasses", "POST", kind | {"metadata": {"name": name}})
            self.classes.add(name)

    def make(self, claim, node):
        meta, size = claim["metadata"], claim["spec"]["resources"]["requests"]["storage"]
        name = f"pvc-{meta['uid']}"
        image = self.cluster.store / node / f"{name}.ext4"
        folder = pathlib.Path(self.cluster.state, node, "volumes", name)
        if folder not in self.mounted:
            folder.mkdir(parents=True)
            with image.open("wb") as file:
                file.truncate(quantity(size))  # sparse
            if claim["spec"]["storageClassName"] == GROWING["metadata"]["name"]:
                run("mkfs.xfs", "-q", "-K", image)
                run("mount", "-o", "loop", image, folder)
            else:
                run("mkfs.ext4", "-q", "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard", image)
                # A new file is zeros: the kernel need not write them over the tables of a large disk.
                run("mount", "-o", "loop,noinit_itable", image, folder)
            self.mounted.append(folder)
        affinity = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
        self.cluster.api("/api/v1/persistentvolumes", "POST", {
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
            "spec": {"capacity": {"storage": size}, "accessModes": claim["spec"]["accessModes"], "storageClassName": claim["spec"]["storageClassName"],
                     "persistentVolumeReclaimPolicy": "Retain", "local": {"path": str(folder)},
                     "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [affinity]}]}}}})
        self.made.add(meta["uid"])

    def grow(self, claim):
        """What the resizer of a CSI driver does: the disk, its file system, then the size that the PersistentVolume has."""
        name, size = claim["spec"]["volumeName"], claim["spec"]["resources"]["requests"]["storage"]
        path = f"/api/v1/persistentvolumes/{name}"
        volume = self.cluster.api(path)
        if quantity(size) <= quantity(volume["spec"]["capacity"]["storage"]):
            return
        folder = volume["spec"]["local"]["path"]
        device = subprocess.run(["findmnt", "--noheadings", "--output", "SOURCE", folder], check=True, capture_output=True, text=True).stdout.strip()
        image = subprocess.run(["losetup", "--noheadings", "--output", "BACK-FILE", device], check=True, capture_output=True, text=True).stdout.strip()
        run("truncate", "--size", quantity(size), image)
        run("losetup", "--set-capacity", device)
        run("xfs_growfs", folder)
        self.cluster.request(path, "PATCH", {"spec": {"capacity": {"storage": size}}}, "application/merge-patch+json")

    def remove(self):
        for folder in self.mounted:
            run("umount", "--lazy", folder)  # what was killed may not have ended yet
