"""Shares a dictionary of neardict by its plain layout in Redis, with nothing but Python's standard library.

A value is the msgpack of a string, whole number, truth value or None under `<namespace>/<key>`. After a change its bare key is
published on `<namespace>/update` or `<namespace>/delete`: caches of neardict then drop it, and ask again when it is read.

    REDIS_URL=redis://localhost:6379 python3 shared_dict.py settings get theme
    REDIS_URL=redis://localhost:6379 python3 shared_dict.py settings set theme dark
    REDIS_URL=redis://localhost:6379 python3 shared_dict.py settings delete theme
"""

import os
import socket
import struct
import sys
from urllib.parse import urlparse


class Redis:
    """As much of a client as this needs; redis-py does the same."""

    def __init__(self, url):
        parts = urlparse(url)
        self._socket = socket.create_connection((parts.hostname, parts.port or 6379), timeout=5)
        self._replies = self._socket.makefile("rb")
        if parts.password:
            self.call("AUTH", *([parts.username] if parts.username else []), parts.password)

    def call(self, *words):
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        command = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        self._socket.sendall(command)
        line = self._replies.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind != b"$":
            return rest
        return None if rest == b"-1" else self._replies.read(int(rest) + 2)[:-2]


def pack(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">b", value) if -32 <= value < 128 else b"\xd3" + struct.pack(">q", value)
    text = value.encode()
    return bytes([0xA0 | len(text)]) + text if len(text) < 32 else b"\xdb" + struct.pack(">I", len(text)) + text


def unpack(data):
    first, rest = data[0], data[1:]
    if first < 0x80:
        return first
    if first >= 0xE0:
        return first - 256
    if 0xA0 <= first < 0xC0:
        return rest.decode()
    if first in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[first]
    strings = {0xD9: 1, 0xDA: 2, 0xDB: 4}
    if first in strings:
        return rest[strings[first] :].decode()
    numbers = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q", 0xCB: ">d"}
    return struct.unpack(numbers[first], rest)[0]


class SharedDict:
    """The part of a dict that needs no client library."""

    def __init__(self, namespace, redis):
        self._namespace = namespace
        self._redis = redis

    def __getitem__(self, key):
        data = self._redis.call("GET", f"{self._namespace}/{key}")
        if data is None:
            raise KeyError(key)
        return unpack(data)

    def __setitem__(self, key, value):
        self._redis.call("SET", f"{self._namespace}/{key}", pack(value))
        self._redis.call("PUBLISH", f"{self._namespace}/update", key)

    def __delitem__(self, key):
        self._redis.call("DEL", f"{self._namespace}/{key}")
        self._redis.call("PUBLISH", f"{self._namespace}/delete", key)


if __name__ == "__main__":
    namespace, action, key, *value = sys.argv[1:]
    shared = SharedDict(namespace, Redis(os.environ["REDIS_URL"]))
    if action == "set":
        shared[key] = value[0]
    elif action == "delete":
        del shared[key]
    else:
        print(shared[key])
