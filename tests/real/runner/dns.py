"""Cluster DNS, as the cluster's resolver answers: names of Services and of pods behind headless ones, and nothing else."""

import socket
import socketserver
import struct
import threading

A, AAAA, PTR = 1, 28, 12


def answer(request, lookup):
    """`lookup(name)` gives addresses for a known name (maybe none) or None; `lookup("PTR:address")` gives names."""
    ident, flags, *_ = struct.unpack("!6H", request[:12])
    labels, at = [], 12
    while request[at]:
        labels.append(request[at + 1:at + 1 + request[at]].decode())
        at += request[at] + 1
    kind = struct.unpack("!H", request[at + 1:at + 3])[0]
    question, name = request[12:at + 5], ".".join(labels).lower()
    if kind == PTR:
        found = lookup("PTR:" + ".".join(reversed(labels[:4])))
    else:
        found = lookup(name)
    records = []
    for value in found or []:
        if kind == A:
            data = socket.inet_aton(value)
        elif kind == PTR:
            data = b"".join(bytes([len(part)]) + part.encode() for part in value.split(".")) + b"\0"
        else:
            continue  # IPv4 only: other types exist, empty
        records.append(struct.pack("!HHHIH", 0xC00C, kind, 1, 5, len(data)) + data)
    code = 3 if found is None else 0
    return struct.pack("!6H", ident, 0x8580 | (flags & 0x100) | code, 1, len(records), 0, 0) + question + b"".join(records)


class Udp(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(answer(data, self.server.lookup), self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self):
        size = self.rfile.read(2)
        if len(size) == 2:
            reply = answer(self.rfile.read(struct.unpack("!H", size)[0]), self.server.lookup)
            self.wfile.write(struct.pack("!H", len(reply)) + reply)


def serve(address, lookup):
    for kind, handler in ((socketserver.ThreadingUDPServer, Udp), (socketserver.ThreadingTCPServer, Tcp)):
        kind.daemon_threads = kind.allow_reuse_address = True
        server = kind((address, 53), handler)
        server.lookup = lookup
        threading.Thread(target=server.serve_forever, daemon=True).start()
