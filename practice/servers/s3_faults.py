"""A proxy in front of an S3 server that breaks what goes through it, as it is told: for tests of what then happens.

Prints {"port", "endpoint"}. `--upstream PORT` is the server's. Rules are set by POSTing a JSON array to /-/rules, which
also empties the log; GET /-/log gives what came through since then, as [method, target, headers].

A rule: {"match": regular expression for "METHOD /target", "times": how often (all, if missing), "skip": how many
matching requests go by first, and one of
  "status": N, "headers": {}, "body": ""   answers so, and asks nobody
  "reset": true       resets the connection
  "stall": true       answers nothing until the client goes
  "truncate": N       passes the answer on, and hangs up after N bytes of its body
  "drip": seconds     passes the answer on, one byte at a time
  "set": {}           passes the answer on with other headers
  "names": true       passes a listing of restic's REST protocol on as its first version has it: names alone
  "endless": text, "before": text   answers with the text again and again, without an end
  "keys": true        answers lists with new keys, page after page, without an end}
"""

import http.client
import http.server
import json
import re
import socket
import struct
import threading
import time

import common

RULES, LOG, LOCK = [], [], threading.Lock()
UPSTREAM = [0]


def rule_for(line):
    """The first rule for a request, its count taken down."""
    with LOCK:
        for rule in RULES:
            if not re.search(rule["match"], line):
                continue
            if rule.get("skip", 0) > 0:
                rule["skip"] -= 1
                continue
            if rule.get("times", 1) <= 0:
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule
    return {}


def page_of_keys(target):
    """A page of a list that never ends: each has a thousand keys more."""
    begun = re.search(r"continuation-token=(\d+)", target)
    number = int(begun[1]) if begun else 0
    keys = "".join(f"<Contents><Key>k{number * 1000 + index:012d}</Key><Size>1</Size><ETag>x</ETag>"
                   "<LastModified>2012-06-20T08:00:00.000Z</LastModified></Contents>" for index in range(1000))
    return ("<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
            f"<NextContinuationToken>{number + 1}</NextContinuationToken>{keys}</ListBucketResult>").encode()


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection; closed after each answer."""

    def log_message(self, *_arguments):
        pass

    def respond(self, status, headers, body):
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def control(self, body):
        if self.command == "POST":
            with LOCK:
                RULES[:], LOG[:] = json.loads(body), []
            return self.respond(200, {}, b"")
        with LOCK:
            text = json.dumps(LOG).encode()
        return self.respond(200, {"Content-Type": "application/json"}, text)

    def handle_request(self):
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/-/"):
            return self.control(body)
        with LOCK:
            LOG.append([self.command, self.path, {name.lower(): value for name, value in self.headers.items()}])
        rule = rule_for(f"{self.command} {self.path}")
        try:
            self.act(rule, body)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def act(self, rule, body):
        if "status" in rule:
            self.respond(rule["status"], rule.get("headers", {}), rule.get("body", "").encode())
        elif "reset" in rule:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        elif "stall" in rule:
            self.connection.settimeout(600)
            self.connection.recv(1)
        elif "endless" in rule:
            self.endless(rule)
        elif "keys" in rule:
            self.respond(200, {"Content-Type": "application/xml"}, page_of_keys(self.path))
        else:
            self.forward(rule, body)

    def endless(self, rule):
        self.send_response_only(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(rule.get("before", "").encode())
        piece = (rule["endless"] * (65536 // len(rule["endless"]))).encode()
        for _ in range(4096):  # 256 MiB: an end only for the machine's sake
            self.wfile.write(piece)

    def forward(self, rule, body):
        upstream = http.client.HTTPConnection("127.0.0.1", UPSTREAM[0], timeout=600)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders(body or None)
        answer = upstream.getresponse()
        content = answer.read()
        headers = {name: value for name, value in answer.getheaders()
                   if name.lower() not in ("connection", "transfer-encoding", "content-length")}
        length = answer.getheader("Content-Length") or str(len(content))
        if "names" in rule:
            content = json.dumps([file["name"] for file in json.loads(content)]).encode()
            length, headers["Content-Type"] = str(len(content)), "application/vnd.x.restic.rest.v1"
        upstream.close()
        self.send_response_only(answer.status)
        changed = {name.lower() for name in rule.get("set", {})}
        headers = {name: value for name, value in headers.items() if name.lower() not in changed}
        for name, value in {"Content-Length": length, **headers, **rule.get("set", {}), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if "truncate" in rule:
            self.wfile.write(content[:rule["truncate"]])
        elif "drip" in rule:
            for index in range(len(content)):
                self.wfile.write(content[index:index + 1])
                self.wfile.flush()
                time.sleep(rule["drip"])
        elif self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_request


def main():
    arguments = common.parser(__doc__)
    arguments.add_argument("--upstream", type=int, default=0, help="the port of the S3 server")
    options = arguments.parse_args()
    UPSTREAM[0] = options.upstream
    http.server.ThreadingHTTPServer.daemon_threads = True
    # Not any port that is free: once this has stopped, nobody else is to answer there.
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port or common.free_port()), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    common.serve({"port": port, "endpoint": f"http://127.0.0.1:{port}"}, server.shutdown)


if __name__ == "__main__":
    main()
