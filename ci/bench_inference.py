#!/usr/bin/env python3
"""What the managed route adds: time to a call, lag to each event of a stream, memory of a stream.

    ci/bench_inference.py [--supervisor PATH] [--calls N] [--streams N] [--events N]

The same client asks the same provider, once over its own TLS and once through inference.local, in
turns; what is told is the difference. Runs in a user and network namespace of its own; nothing
leaves the machine, and it ends by itself. Client and provider are Python on the same processors, so
that a part of what many streams wait for is theirs: the direct way shows how much.
"""

import argparse
import asyncio
import json
import os
import shutil
import ssl
import statistics
import sys
import tempfile
import time

import bench_relay as base

ROUNDS = 5
ANSWER = json.dumps({"id": "c", "object": "chat.completion", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x" * 700}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}).encode()
ROUTES = f"""\
routes:
  - name: inference.local
    endpoint: https://{base.HOST}/v1
    model: bench
    provider_type: openai
    protocols: [openai_chat_completions]
    api_key: sk-bench
"""


async def provider(reader, writer, events, pace):
    """Answers POST: whole, or as a stream whose events say when they left."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                          if line.startswith(b"content-length"))
            body = await reader.readexactly(length)
            if b'"stream":true' not in body:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                         b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(events):
                await asyncio.sleep(pace)
                event = b"data: {\"at\":%d}\n\n" % time.monotonic_ns()
                writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            writer.write(b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(folder, events, pace):
    base.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={base.HOST}", "-addext",
             f"subjectAltName=DNS:{base.HOST}", "-keyout", f"{folder}/key.pem", "-out",
             f"{folder}/cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
    server = await asyncio.start_server(lambda r, w: provider(r, w, events, pace), base.ADDRESS,
                                        443, ssl=context, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


class Client:
    """One connection, to the provider itself or through the supervisor."""

    def __init__(self, folder, managed):
        self.folder, self.managed = folder, managed

    async def open(self):
        if not self.managed:
            context = ssl.create_default_context(cafile=f"{self.folder}/cert.pem")
            self.reader, self.writer = await asyncio.open_connection(
                base.ADDRESS, 443, ssl=context, server_hostname=base.HOST)
            return self
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", 3128)
        self.writer.write(b"CONNECT inference.local:443 HTTP/1.1\r\n"
                          b"Host: inference.local:443\r\n\r\n")
        answer = await self.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer:
            sys.exit(f"bench: {answer!r}")
        context = ssl.create_default_context(cafile=f"{self.folder}/ca/openshell-ca.pem")
        await self.writer.start_tls(context, server_hostname="inference.local")
        return self

    def ask(self, stream):
        host = "inference.local" if self.managed else base.HOST
        body = json.dumps({"model": "bench", "stream": stream, "messages": [
            {"role": "user", "content": "x" * 300}]}, separators=(",", ":")).encode()
        self.writer.write(f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\n"
                          f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                          .encode() + body)

    async def call(self):
        """Seconds from the request to the answer's last octet."""
        started = time.perf_counter()
        self.ask(False)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"bench: {head!r}")
        if b"chunked" in head.lower():
            while await self.chunk():
                pass
        else:
            await self.reader.readexactly(len(ANSWER))
        return time.perf_counter() - started

    async def chunk(self):
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = await self.reader.readexactly(size + 2)
        return data[:size]

    async def stream(self, lags):
        """Adds nanoseconds from each event's leaving to its coming."""
        self.ask(True)
        await self.reader.readuntil(b"\r\n\r\n")
        while piece := await self.chunk():
            now = time.monotonic_ns()
            for line in piece.split(b"\n\n"):
                if line:
                    lags.append(now - json.loads(line[6:])["at"])

    def close(self):
        self.writer.close()


def percentile(values, part):
    return statistics.quantiles(values, n=100)[part - 1]


async def measure_calls(folder, calls):
    direct, managed = await Client(folder, False).open(), await Client(folder, True).open()
    times = {False: [], True: []}
    for _ in range(50):
        await direct.call()
        await managed.call()
    for _ in range(calls):
        times[False].append(await direct.call())
        times[True].append(await managed.call())
    direct.close()
    managed.close()
    medians = {way: statistics.median(values) * 1e6 for way, values in times.items()}
    tails = {way: percentile(values, 99) * 1e6 for way, values in times.items()}
    print(f"call: direct median {medians[False]:.0f} us, p99 {tails[False]:.0f} us; managed "
          f"{medians[True]:.0f} and {tails[True]:.0f}; added {medians[True] - medians[False]:.0f} "
          f"and {tails[True] - tails[False]:.0f} ({calls} calls each, in turns, kept connections)")


async def measure_streams(folder, supervisor, streams):
    lags = {False: [], True: []}
    memory = []
    for _ in range(ROUNDS):
        for managed in (False, True):
            clients = [await Client(folder, managed).open() for _ in range(streams)]
            before = supervisor.private_kib()
            running = [asyncio.ensure_future(one.stream(lags[managed])) for one in clients]
            if managed:
                await asyncio.sleep(0.2)
                memory.append((supervisor.private_kib() - before) / streams)
            await asyncio.gather(*running)
            for one in clients:
                one.close()
    ms = {way: statistics.median(values) / 1e6 for way, values in lags.items()}
    print(f"event: direct median lag {ms[False]:.2f} ms, managed {ms[True]:.2f} ms; added "
          f"{ms[True] - ms[False]:.2f} ms ({streams} streams at once, {len(lags[True])} events)")
    print(f"stream: at most {max(memory[1:]):.1f} KiB private memory more each while it runs, "
          f"{memory[0]:.1f} the first time")


async def measure(folder, options):
    program = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--provider", folder, "--events", str(options.events),
        stdout=asyncio.subprocess.PIPE)
    await program.stdout.readline()
    with open(f"{folder}/routes.yaml", "w", encoding="utf-8") as file:
        file.write(ROUTES)
    os.chmod(f"{folder}/routes.yaml", 0o600)
    base.CONFIG += "routes: routes.yaml\n"
    supervisor = base.Supervisor(folder, options.supervisor)
    try:
        await measure_calls(folder, options.calls)
        await measure_streams(folder, supervisor, options.streams)
    finally:
        supervisor.stop()
        program.terminate()
        await program.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--supervisor",
                        default=str(base.ROOT / "build/bench/bin/sallyport-supervisor"))
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--provider", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.provider:
        asyncio.run(serve(options.provider, options.events, 0.05))
        return
    if not options.inside:
        missing = [tool for tool in ("unshare", "ip", "openssl") if shutil.which(tool) is None]
        if missing:
            sys.exit(f"bench: install {' '.join(missing)} first")
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", sys.executable, __file__,
                              "--inside", *sys.argv[1:]])
    base.run("ip", "link", "set", "lo", "up")
    base.run("ip", "address", "add", f"{base.ADDRESS}/32", "dev", "lo")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(folder, options))


if __name__ == "__main__":
    main()
