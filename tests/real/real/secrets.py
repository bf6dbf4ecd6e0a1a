"""The Secrets that manifests only name: certificates as cert-manager makes them, by openssl, and passwords as a person makes them."""

import base64
import pathlib
import secrets
import subprocess


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, input=stdin).stdout


class Authority:
    """A certificate authority: an issuer's."""

    def __init__(self, folder, name="internal-ca"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = self.folder / "ca.key", self.folder / "ca.crt"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", self.key, "-out", self.certificate,
                "-subj", f"/CN={name}", "-days", "3650", "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, common_name, organizations=(), names=(), usages=(), days=90, encoding="PKCS8"):
        """`tls.key`, `tls.crt` and `ca.crt`. Go writes the organization before the common name."""
        subject = "".join(f"/O={o}" for o in organizations) + f"/CN={common_name}"
        key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        if encoding != "PKCS8":  # what cert-manager does where nothing is said
            key = openssl("ec", stdin=key)
        (self.folder / "leaf.key").write_bytes(key)
        words = {"digital signature": ("keyUsage", "digitalSignature"), "server auth": ("extendedKeyUsage", "serverAuth"),
                 "client auth": ("extendedKeyUsage", "clientAuth")}
        lines = {}
        for usage in usages:
            lines.setdefault(words[usage][0], []).append(words[usage][1])
        if names:
            lines["subjectAltName"] = [f"DNS:{name}" for name in names]
        extensions = "".join(f"{key}={','.join(values)}\n" for key, values in lines.items())
        (self.folder / "leaf.ext").write_text("basicConstraints=critical,CA:false\n" + extensions)
        request = openssl("req", "-new", "-key", self.folder / "leaf.key", "-subj", subject)
        certificate = openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                              "-extfile", self.folder / "leaf.ext", stdin=request)
        return {"tls.key": key, "tls.crt": certificate, "ca.crt": self.certificate.read_bytes()}


def secret(namespace, name, files):
    data = {key: base64.b64encode(value).decode() for key, value in files.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data}


def of_certificate(authority, certificate):
    """The Secret that cert-manager writes for a `Certificate` without stores, for proofs that have no cert-manager."""
    spec = certificate["spec"]
    made = authority.issue(spec["commonName"], (spec.get("subject") or {}).get("organizations") or (), spec.get("dnsNames") or (), spec["usages"],
                           encoding=spec["privateKey"].get("encoding", "PKCS1"))
    if {"type": "CombinedPEM"} in spec.get("additionalOutputFormats", []):
        made["tls-combined.pem"] = made["tls.key"] + b"\n" + made["tls.crt"]
    return secret(certificate["metadata"]["namespace"], spec["secretName"], made)


def of_rest(certificate):
    """The Secret beside the certificate of a REST interface, as a person makes it: passwords. None where it is another certificate."""
    name = certificate["spec"]["secretName"]
    if not name.endswith("-rest-tls"):
        return None
    password, of_stores = (secrets.token_urlsafe(18).encode() for _ in range(2))
    role = b",registry" if "registry" in name else b""
    return secret(certificate["metadata"]["namespace"], name.removesuffix("-tls"), {
        "password": password, "keystore-password": of_stores, "users.properties": b"platform: " + password + role + b"\n"})


def files(obj):
    """The files of a Secret, as bytes."""
    return {key: base64.b64decode(value) for key, value in obj["data"].items()}


def of_users(authority, objects):
    """Passwords for the users that a permissions Job names, and the certificates by which they know the brokers."""
    for obj in objects:
        if obj["kind"] != "Job":
            continue
        for volume in obj["spec"]["template"]["spec"].get("volumes") or []:
            source = volume.get("secret") or {}
            if [item["key"] for item in source.get("items") or []] == ["password"]:
                files = {"password": secrets.token_urlsafe(18).encode(), "ca.crt": authority.certificate.read_bytes()}
                yield secret(obj["metadata"]["namespace"], source["secretName"], files)
