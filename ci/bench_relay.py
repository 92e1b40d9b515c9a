#!/usr/bin/env python3
"""What a tunnel costs: memory while it idles, allocations and system calls a request.

    ci/bench_relay.py [--supervisor PATH] [--tunnels N] [--requests N]

Runs in a user and network namespace of its own (an address on its loopback stands for the
upstream); nothing leaves the machine, and it ends by itself. Only requests on a tunnel that is open
and warm are counted. System calls are counted by strace, which slows the process so much that most
waits (epoll_ctl and epoll_wait, two of each a request without it) find their bytes there already.
"""

import argparse
import http.server
import os
import pathlib
import resource
import selectors
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOST = "bench.test"
ADDRESS = "20.0.0.1"
OPAQUE_PORT = 8443
BODY = b"x" * 1024


class Upstream(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one write, or each request waits for a delayed ACK

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass


class Echo:
    """Gives back what it gets, on any number of connections, in one thread."""

    def __init__(self):
        self.listening = socket.create_server((ADDRESS, OPAQUE_PORT), backlog=4096)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listening, selectors.EVENT_READ)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listening:
                    peer, _ = self.listening.accept()
                    self.selector.register(peer, selectors.EVENT_READ)
                    continue
                data = key.fileobj.recv(65536)
                if data:
                    key.fileobj.sendall(data)
                else:
                    self.selector.unregister(key.fileobj)
                    key.fileobj.close()


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def start_upstream(folder):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}",
        "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    server = http.server.ThreadingHTTPServer((ADDRESS, 443), Upstream)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


CONFIG = f"""\
listen: 127.0.0.1:3128
policy:
  version: 1
  network_policies:
    bench:
      endpoints:
        - {{host: {HOST}, port: 443, protocol: rest, access: full}}
        - {{host: {HOST}, port: {OPAQUE_PORT}, tls: skip}}
      binaries: [{{path: "/**"}}]
identity: endpoints_only
limits: {{connections: 4096}}
resolver: {{hosts_file: hosts}}
upstream_ca: cert.pem
ca_output: ca
"""


class Supervisor:
    """One process under measurement."""

    def __init__(self, folder, binary, environment=None):
        self.folder = folder
        pathlib.Path(folder, "config.yaml").write_text(CONFIG)
        pathlib.Path(folder, "hosts").write_text(f"{ADDRESS} {HOST}\n")
        ready, announce = os.pipe()
        os.set_inheritable(announce, True)
        self.process = subprocess.Popen(
            [binary, "serve", "--config", f"{folder}/config.yaml", "--ready-fd", str(announce)],
            pass_fds=[announce], env={**os.environ, **(environment or {})})
        os.close(announce)
        if not os.read(ready, 4096):
            sys.exit("bench: the supervisor didn't start")
        os.close(ready)

    def pid(self):
        return self.process.pid

    def private_kib(self):
        rollup = pathlib.Path(f"/proc/{self.pid()}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in rollup.splitlines()
                   if line.startswith(("Private_Dirty:", "Private_Clean:")))

    def stop(self):
        os.kill(self.pid(), signal.SIGTERM)
        self.process.wait(10)


def connect(port):
    """A connection through the supervisor to that port of the upstream."""
    raw = socket.create_connection(("127.0.0.1", 3128), 10)
    raw.sendall(f"CONNECT {HOST}:{port} HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += raw.recv(4096)
    if b" 200 " not in answer:
        sys.exit(f"bench: {answer!r}")
    return raw


class OpaqueTunnel:
    def __init__(self, _):
        self.raw = connect(OPAQUE_PORT)

    def get(self):
        self.raw.sendall(BODY)
        answer = b""
        while len(answer) < len(BODY):
            piece = self.raw.recv(65536)
            if not piece:
                sys.exit("bench: the tunnel ended")
            answer += piece

    def close(self):
        self.raw.close()


class Tunnel:
    def __init__(self, folder):
        self.raw = connect(443)
        context = ssl.create_default_context(cafile=f"{folder}/ca/openshell-ca.pem")
        self.tls = context.wrap_socket(self.raw, server_hostname=HOST)

    def get(self):
        self.tls.sendall(f"GET /bench HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(BODY):
            piece = self.tls.recv(65536)
            if not piece:
                sys.exit("bench: the tunnel ended")
            answer += piece

    def close(self):
        self.tls.close()


def idle_memory(folder, binary, tunnels, kind, words):
    supervisor = Supervisor(folder, binary)
    warm = [kind(folder) for _ in range(8)]
    for tunnel in warm:
        tunnel.get()
    before = supervisor.private_kib()
    held = [kind(folder) for _ in range(tunnels)]
    for tunnel in held:
        tunnel.get()
    after = supervisor.private_kib()
    # All of them are served yet, each by the one loop.
    started = time.monotonic()
    for tunnel in held:
        tunnel.get()
    each_us = (time.monotonic() - started) * 1e6 / tunnels
    for tunnel in warm + held:
        tunnel.close()
    supervisor.stop()
    print(f"idle {words}: {(after - before) / tunnels:.1f} KiB private memory each "
          f"({tunnels} at once; an exchange of 1 KiB on one after the other {each_us:.0f} us)")


def allocations(folder, binary, requests):
    library = f"{folder}/count.so"
    run("g++", "-O1", "-fPIC", "-shared", "-o", library,
        str(ROOT / "fixtures/bench/count_allocations.cc"))
    counts = pathlib.Path(folder, "counts")
    supervisor = Supervisor(folder, binary,
                            environment={"LD_PRELOAD": library, "COUNT_FILE": str(counts)})

    def count():
        counts.unlink(missing_ok=True)
        os.kill(supervisor.pid(), signal.SIGUSR1)
        end = time.monotonic() + 10
        while not (counts.exists() and counts.read_text().endswith("\n")):
            if time.monotonic() > end:
                sys.exit("bench: no count")
        return int(counts.read_text())

    tunnel = Tunnel(folder)
    for _ in range(20):
        tunnel.get()
    before = count()
    for _ in range(requests):
        tunnel.get()
    print(f"relayed request: {(count() - before) / requests:.1f} allocations "
          f"({requests} GETs of 1 KiB on one intercepted tunnel)")
    tunnel.close()
    supervisor.stop()


def system_calls(folder, binary, requests):
    if shutil.which("strace") is None:
        print("relayed request: system calls not counted (no strace here)")
        return
    table = pathlib.Path(folder, "strace")
    supervisor = Supervisor(folder, binary)
    tunnel = Tunnel(folder)
    for _ in range(20):
        tunnel.get()
    tracer = subprocess.Popen(["strace", "-c", "-o", str(table), "-p", str(supervisor.pid())],
                              stderr=subprocess.PIPE, text=True)
    if "attached" not in tracer.stderr.readline():
        sys.exit("bench: strace can't attach")
    for _ in range(requests):
        tunnel.get()
    tracer.send_signal(signal.SIGINT)
    tracer.wait(10)
    tunnel.close()
    supervisor.stop()
    each = {}
    for line in table.read_text().splitlines():
        words = line.split()
        if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
            each[words[-1]] = int(words[3]) / requests
    told = ", ".join(f"{name} {count:.1f}" for name, count in sorted(each.items())
                     if count >= 0.05)
    print(f"relayed request: {sum(each.values()):.1f} system calls under strace ({told})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supervisor",
                        default=str(ROOT / "build/bench/bin/sallyport-supervisor"))
    parser.add_argument("--tunnels", type=int, default=200)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    tools = {"unshare": "util-linux", "ip": "iproute2", "openssl": "openssl", "g++": "g++"}
    missing = [package for tool, package in tools.items() if shutil.which(tool) is None]
    if missing:
        sys.exit(f"bench: install {' '.join(missing)} first")
    if not options.inside:
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", sys.executable, __file__,
                              "--inside", "--supervisor", options.supervisor,
                              "--tunnels", str(options.tunnels),
                              "--requests", str(options.requests)])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    run("ip", "link", "set", "lo", "up")
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    with tempfile.TemporaryDirectory() as folder:
        start_upstream(folder)
        Echo()
        idle_memory(folder, options.supervisor, options.tunnels, OpaqueTunnel, "opaque tunnel")
        idle_memory(folder, options.supervisor, options.tunnels, Tunnel,
                    "intercepted tunnel, TLS on both sides")
        allocations(folder, options.supervisor, options.requests)
        system_calls(folder, options.supervisor, options.requests)


if __name__ == "__main__":
    main()
