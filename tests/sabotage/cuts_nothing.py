"""A Toxiproxy whose links cannot be cut: it says that a proxy is disabled, and goes on passing everything.

Everything but that lie is a real Toxiproxy's, behind it; REAL_TOXIPROXY names its executable.
"""

import argparse
import json
import os
import subprocess
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser(prog="toxiproxy-server")
parser.add_argument("--version", action="version", version="toxiproxy-server version 2.12.0")
parser.add_argument("-host")
parser.add_argument("-port", type=int)
options = parser.parse_args()

REAL_PORT = options.port - 12000
"""Below the ports that the harness gives out."""

said_to_be_disabled = set()


class Lies(BaseHTTPRequestHandler):
    """Hands requests on, except those that would disable a proxy."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what, _, name = self.path.strip("/").partition("/")
        wish = json.loads(body or b"{}") if what == "proxies" and name and "/" not in name else {}
        if wish.get("enabled") is False:
            said_to_be_disabled.add(name)
            self.answer("GET", name, b"")
            return
        if wish.get("enabled") is True:
            said_to_be_disabled.discard(name)
        self.answer(self.command, name, body)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server looks for

    def answer(self, method, name, body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{REAL_PORT}{self.path}", body or None, {"User-Agent": "test"}, method=method
        )
        try:
            with urllib.request.urlopen(request) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        if name in said_to_be_disabled and text.startswith(b"{"):
            text = json.dumps({**json.loads(text), "enabled": False}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


real = subprocess.Popen([os.environ["REAL_TOXIPROXY"], "-host", "127.0.0.1", "-port", str(REAL_PORT)])
ThreadingHTTPServer((options.host, options.port), Lies).serve_forever()
