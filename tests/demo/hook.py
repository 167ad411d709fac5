# SPDX-License-Identifier: GPL-2.0-or-later
"""hook.py PORT FILE: takes what a webhook posts to 127.0.0.1:PORT; each document becomes a
line of FILE, with "received", seconds since 1970."""
import http.server
import json
import sys
import time

port, path = int(sys.argv[1]), sys.argv[2]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        document = json.loads(self.rfile.read(length))
        document["received"] = time.time()
        with open(path, "a") as out:
            out.write(json.dumps(document) + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
