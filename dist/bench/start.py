"""The measurements of dist/bench/start; run by it, as the lab's laptop."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

PRODUCT, STATE, WORK, WEB = sys.argv[1:5]
RUNS = int(sys.argv[5])
UID = os.environ.get("BENCH_UID", "65534")
PATIENCE = 30
PAUSE = 0.02
SSH = f"ssh -p 2222 -i {WORK}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"

# What ends a phase: a line of the log with -v; of the launcher, that it has become java.
PHASES = [
    ("root's part", "launcher", "java"),
    ("root's part", "virtual machine, configuration, plugins", "start: root: plugins"),
    ("root's part", "API listens", "start: root: API"),
    ("root's part", "interceptor chosen", "intercept: ["),
    ("root's part", "DNS and proxy listen", "start: root: listeners"),
    ("bridge", "launcher", "java"),
    ("bridge", "virtual machine, configuration, plugins", "start: bridge: plugins"),
    ("bridge", "kubeconfig read, tunnel and watcher open", "start: bridge: sources"),
    ("bridge", "cluster read", "kubernetes: [server="),
    ("bridge", "tables at root's part", "start: bridge: tables"),
    ("root's part", "rules in force", "start: root: rules"),
]


def first_byte(host, since):
    """Seconds until the service has answered."""
    while True:
        try:
            address = socket.getaddrinfo(host, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4]
            with socket.socket() as web:
                # Beyond the lab's router it is unreachable, which the kernel does not say every time.
                web.settimeout(0.05)
                web.connect(address)
                web.settimeout(PATIENCE)
                web.sendall(b"GET / HTTP/1.0\r\nHost: web\r\n\r\n")
                if web.recv(1):
                    return time.monotonic() - since
        except OSError:
            pass
        if time.monotonic() - since > PATIENCE:
            raise RuntimeError(f"no answer from {host}")
        time.sleep(PAUSE)


def family(pid):
    """A process and all below it."""
    found = [pid]
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                found += [each for child in children.read().split() for each in family(int(child))]
    except OSError:
        pass
    return found


def text(pid, name):
    with open(f"/proc/{pid}/{name}", "rb") as file:
        return file.read().decode(errors="replace").replace("\0", " ")


def processor(pid):
    """Milliseconds of processor time that a process has had, all threads together."""
    fields = text(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def alive(pid):
    """Whether it has not ended: who has, and is a zombie, waits for whoever is process 1 here."""
    try:
        return text(pid, "stat").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def memory(pid):
    """(name, RSS, most RSS, PSS) of a process, in MB."""
    kib = {}
    for line in (text(pid, "smaps_rollup") + text(pid, "status")).splitlines():
        key, _, value = line.partition(":")
        if value.strip().endswith("kB"):
            kib[key] = int(value.split()[0])
    name = text(pid, "comm").strip()
    if name == "java":
        name = "bridge" if f"\nUid:\t{UID}\t" in text(pid, "status") else "root's part"
    return name, kib["Rss"] / 1024, kib["VmHWM"] / 1024, kib["Pss"] / 1024


class Run:
    """One start of the product, followed from outside."""

    def __init__(self, *arguments):
        self.ready = None
        self.line = ""
        self.times = {}
        self.log = []
        environment = dict(os.environ, SUDO_UID=UID, HOME=WORK, XDG_CONFIG_HOME=WORK + "/.config")
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [PRODUCT, "run", "--kubeconfig", STATE + "/kubeconfig", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self.out, self.err)]
        for thread in self.threads:
            thread.start()

    def since(self):
        return time.monotonic() - self.start

    def out(self):
        for line in self.process.stdout:
            if self.ready is None and line.startswith("ready"):
                self.ready, self.line = self.since(), line.strip()

    def err(self):
        for line in self.process.stderr:
            self.log.append((self.since(), line.rstrip()))

    def watch_exec(self):
        """When the launcher and its child have become Java."""
        seen = {}
        while len(seen) < 2 and self.since() < 2:
            for pid in family(self.process.pid):
                try:
                    if pid not in seen and text(pid, "comm").strip() == "java":
                        seen[pid] = self.since()
                        part = "root's part" if pid == self.process.pid else "bridge"
                        self.times[part] = self.times.get(part, seen[pid])
                except OSError:
                    pass
            time.sleep(0.001)

    def until_ready(self):
        while self.ready is None:
            if self.process.poll() is not None or self.since() > PATIENCE:
                raise RuntimeError("it does not become ready:\n" + "\n".join(line for _, line in self.log))
            time.sleep(0.002)

    def stop(self):
        """Seconds from SIGTERM until all processes have ended; what is left of them in the firewall."""
        processes = family(self.process.pid)
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        while any(alive(pid) for pid in processes):
            time.sleep(0.001)
        took = time.monotonic() - start
        if status != 0:
            raise RuntimeError(f"exit status {status}:\n" + "\n".join(line for _, line in self.log))
        rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True).stdout
        return took, "teleproxy" in rules


def sshuttle():
    """Seconds from exec to the first byte of the service."""
    start = time.monotonic()
    with open(WORK + "/sshuttle.log", "w") as log:
        process = subprocess.Popen(
            ["sshuttle", "--method", "nat", "-e", SSH, "-r", "root@10.99.2.2", "10.96.0.0/16", "10.244.0.0/24"],
            stdout=log, stderr=log)
        try:
            return first_byte(WEB, start)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def phases():
    """One start with -v: {(part, phase): milliseconds since exec}."""
    run = Run("-v")
    try:
        run.watch_exec()
        run.until_ready()
        time.sleep(0.5)
    finally:
        run.stop()
    found = {("root's part", "ready"): run.ready * 1000}
    for part, phase, mark in PHASES:
        if mark == "java":
            seen = [run.times[part]] if part in run.times else []
        else:
            seen = [when for when, line in run.log if mark in line]
        if seen:
            found[part, phase] = seen[0] * 1000
    return found


def median(values, form="{:.0f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))}-{form.format(max(values))})"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{RUNS} runs, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}; median (least-most)", flush=True)
    ready, bytes_, peer, stops, work, left = [], [], [], [], [], 0
    for i in range(RUNS + 1):
        other = sshuttle()
        run = Run()
        try:
            first = first_byte("web", run.start)
            run.until_ready()
            took_work = sum(processor(pid) for pid in family(run.process.pid))
        finally:
            # As it is stopped in life: not in the middle of what follows a start.
            time.sleep(3 if run.ready else 0)
            took, dirty = run.stop()
        if i == 0:
            continue  # the first warms the machine's caches
        peer.append(other * 1000)
        ready.append(run.ready * 1000)
        bytes_.append(first * 1000)
        stops.append(took * 1000)
        work.append(took_work)
        left += dirty
        if os.environ.get("BENCH_EACH"):
            print(f"  sshuttle {peer[-1]:.0f}  ready {ready[-1]:.0f}  first byte {bytes_[-1]:.0f}  exit {stops[-1]:.0f}", flush=True)
    print(f"sshuttle first byte   {median(peer)} ms")
    print(f"teleproxy first byte  {median(bytes_)} ms")
    print(f"ratio                 {median([a / b for a, b in zip(bytes_, peer)], '{:.2f}')}")
    print(f"teleproxy ready       {median(ready)} ms")
    print(f"processor time        {median(work)} ms until the first byte, all processes of teleproxy together", flush=True)
    print(f"teleproxy exit        {median(stops)} ms, {'clean host' if not left else f'rules left {left} times'}", flush=True)

    print("phases, ms after exec:")
    seen = [phases() for _ in range(max(1, RUNS // 2))]
    for key in [(part, phase) for part, phase, _ in PHASES] + [("root's part", "ready")]:
        values = [each[key] for each in seen if key in each]
        if values:
            print(f"  {key[0]:<11} {key[1]:<42} {median(values)}", flush=True)

    run = Run()
    try:
        run.until_ready()
        time.sleep(10)
        found = [memory(pid) for pid in family(run.process.pid)]
    finally:
        run.stop()
    print("memory, MB:                RSS  most  PSS")
    for name, rss, most, pss in found + [("all",) + tuple(sum(each[i] for each in found) for i in (1, 2, 3))]:
        print(f"  {name:<22} {rss:6.1f} {most:5.1f} {pss:4.1f}")


main()
