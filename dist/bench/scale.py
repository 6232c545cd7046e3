"""The measurements of dist/bench/scale; run by it, as the lab's laptop."""

import concurrent.futures
import errno
import gzip
import http.client
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

PRODUCT, STATE = sys.argv[1], sys.argv[2]
SERVICES, EACH, CHANGES = (int(text) for text in sys.argv[3:6])
API, NAMESERVER = "10.99.2.2", "10.99.1.1"
PATIENCE = 30
SERVICE_PATH = "/api/v1/namespaces/default/services"
SLICE_PATH = "/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices"
LISTS = ["/api/v1/services", "/apis/discovery.k8s.io/v1beta1/endpointslices", "/api/v1/pods", "/api/v1/nodes"]

local = threading.local()


def api(method, path, body=None):
    """One request over this thread's connection to the API server."""
    connection = getattr(local, "connection", None)
    if connection is None:
        context = ssl.create_default_context(cafile=STATE + "/pki/ca.crt")
        context.load_cert_chain(STATE + "/pki/admin.crt", STATE + "/pki/admin.key")
        connection = local.connection = http.client.HTTPSConnection(API, 6443, context=context, timeout=120)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    response = connection.getresponse()
    content = response.read()
    if response.status // 100 != 2:
        raise RuntimeError(f"{method} {path}: {response.status} {content[:300]!r}")
    return content if response.headers.get("Content-Encoding") != "gzip" else gzip.decompress(content)


def service(name, headless=False):
    spec = {"ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    if headless:
        spec["clusterIP"] = "None"
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def endpoint_slice(name, addresses):
    return {
        "apiVersion": "discovery.k8s.io/v1beta1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [a], "conditions": {"ready": True}} for a in addresses],
    }


def address(number):
    return f"172.{16 + number // 65536}.{number // 256 % 256}.{number % 256}"


def create(number):
    name = f"svc-{number}"
    api("POST", SLICE_PATH, endpoint_slice(name, [address(number * EACH + i) for i in range(EACH)]))
    api("POST", SERVICE_PATH, service(name))


def ask(name, ask_socket):
    """The rcode and the addresses of a name, straight from the overlay DNS."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0\0\1\0\1"
    ask_socket.send(struct.pack(">HHHHHH", os.getpid() & 0xFFFF, 0x100, 1, 0, 0, 0) + question)
    answer = ask_socket.recv(65535)
    at, addresses = 12 + len(question), set()
    for _ in range(struct.unpack(">H", answer[6:8])[0]):
        length = struct.unpack(">H", answer[at + 10 : at + 12])[0]
        addresses.add(socket.inet_ntoa(answer[at + 12 : at + 16]))
        at += 12 + length
    return answer[3] & 15, addresses


def until(start, condition, pause=0.0005):
    """Milliseconds from a moment until something is so: when the look began that saw it."""
    while True:
        now = time.monotonic()
        if condition():
            return (now - start) * 1000
        if now - start > PATIENCE:
            raise RuntimeError("waited in vain")
        time.sleep(pause)


def nameserver():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(PATIENCE)
    made.connect((NAMESERVER, 53))
    return made


def intercepted(ip, patience):
    """Behind the laptop's router every cluster address is unreachable; only we accept or refuse, and at once."""
    with socket.socket() as probe:
        probe.settimeout(patience)
        try:
            probe.connect((ip, 80))
            return True
        except OSError as e:
            return e.errno == errno.ECONNREFUSED


class Side(threading.Thread):
    """Waits for something beside the main thread."""

    def __init__(self, start, condition):
        super().__init__(daemon=True)
        self.began, self.condition, self.millis = start, condition, None
        self.start()

    def run(self):
        self.millis = until(self.began, self.condition)

    def result(self):
        self.join(PATIENCE + 5)
        if self.millis is None:
            raise RuntimeError("waited in vain")
        return self.millis


def changes():
    times = {key: [] for key in ("created: rule", "created: name", "endpoint: name", "deleted: name", "deleted: rule")}
    dns = nameserver()
    slices = api("POST", SERVICE_PATH, service("changing", headless=True)) and [address(1_000_000)]
    made = json.loads(api("POST", SLICE_PATH, endpoint_slice("changing", slices)))
    changing = "changing.default.svc.cluster.local"
    until(time.monotonic(), lambda: ask(changing, dns)[1] == set(slices))
    for i in range(CHANGES // 3):
        name = f"new-{i}"
        api("POST", SLICE_PATH, endpoint_slice(name, [address(900_000 + i)]))
        ip = json.loads(api("POST", SERVICE_PATH, service(name)))["spec"]["clusterIP"]
        start, full = time.monotonic(), name + ".default.svc.cluster.local"
        rule = Side(start, lambda: intercepted(ip, 0.02))
        times["created: name"].append(until(start, lambda: ask(full, dns)[1] == {ip}))
        if not intercepted(ip, 5):
            raise RuntimeError(f"{full} is told, but {ip} is not intercepted")
        times["created: rule"].append(rule.result())

        slices = slices[-1:] + [address(1_000_001 + i)]
        made["endpoints"] = endpoint_slice("changing", slices)["endpoints"]
        made = json.loads(api("PUT", SLICE_PATH + "/changing", made))
        start = time.monotonic()
        times["endpoint: name"].append(until(start, lambda: ask(changing, dns)[1] == set(slices)))

        api("DELETE", SERVICE_PATH + "/" + name)
        start = time.monotonic()
        rule = Side(start, lambda: not intercepted(ip, 0.2))
        times["deleted: name"].append(until(start, lambda: ask(full, dns)[0] == 3))
        times["deleted: rule"].append(rule.result())
        api("DELETE", SLICE_PATH + "/" + name)
    return times


def family(pid):
    """A process and all below it."""
    found = [pid]
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children") as children:
            found += [each for child in children.read().split() for each in family(int(child))]
    return found


def memory(pid):
    lines = []
    total = {"Rss": 0, "Pss": 0}
    for each in family(pid):
        with open(f"/proc/{each}/smaps_rollup") as rollup:
            kib = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line[:4] in ("Rss:", "Pss:")}
        with open(f"/proc/{each}/comm") as comm:
            lines.append(f"{comm.read().strip()} {kib['Rss'] // 1024}")
        for key in total:
            total[key] += kib[key] // 1024
    return f"{total['Rss']} MB ({', '.join(lines)}); proportional {total['Pss']} MB"


def main():
    # So that the product is stopped, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{SERVICES} services, {SERVICES * EACH} endpoints, {os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}", flush=True)
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(create, range(SERVICES)))
    print(f"objects made in {time.monotonic() - start:.0f} s", flush=True)

    start = time.monotonic()
    size = sum(len(api("GET", path + "?resourceVersion=0")) for path in LISTS)
    print(f"lists read by themselves, one after the other: {time.monotonic() - start:.2f} s, {size / 1e6:.1f} MB", flush=True)

    log = open(STATE + "/log/product.log", "w")
    start = time.monotonic()
    command = [PRODUCT + "/bin/teleproxy", "run", "--kubeconfig", STATE + "/kubeconfig"]
    product = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        line = product.stdout.readline().strip()
        print(f"ready after {time.monotonic() - start:.2f} s: {line}", flush=True)
        if not line.startswith("ready"):
            raise RuntimeError("the product did not start")
        print(f"RSS when ready: {memory(product.pid)}", flush=True)
        for key, values in changes().items():
            values.sort()
            p50, p99 = values[len(values) // 2], values[len(values) * 99 // 100]
            print(f"{key:<15} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   max {values[-1]:6.1f} ms   n {len(values)}", flush=True)
        print(f"RSS after changes: {memory(product.pid)}", flush=True)
    finally:
        product.send_signal(signal.SIGTERM)
        try:
            product.wait(20)
        except subprocess.TimeoutExpired:
            product.kill()
        with open(STATE + "/log/product.log") as lines:
            print("".join(line for line in lines if "services=" in line or "WARN" in line or "ERROR" in line), end="")


main()
