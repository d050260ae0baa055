"""A hub of one's own: the part of its API that push and pull speak, in memory.

Parquet and weights go the way of large files (Git LFS), everything else within the commit.
"""

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = (".parquet", ".safetensors")


@dataclass
class Hub:
    """Repositories by kind and name, `datasets/me/run`, and large files by their SHA-256."""

    token: str = "hf_secret"
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    commits: int = 0
    address: str = ""


def serve(hub: Hub) -> ThreadingHTTPServer:
    """Starts it on a free port of this machine; `shutdown` ends it."""

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        if path == "/api/validate-yaml":
            return self.reply(200, {"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            return self.reply(401, {"error": "Invalid username or password."})
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path.endswith(".git/info/lfs/objects/batch"):
            return self.batch(json.loads(body))
        kind, name, action = self.api(path)
        files = self.hub.repositories.get(f"{kind}/{name}")
        if files is None:
            return self.missing()
        if action.startswith("preupload/"):
            return self.reply(200, {"files": [_mode(each) for each in json.loads(body)["files"]]})
        if action.startswith("commit/"):
            return self.commit(kind, name, files, body)
        return self.reply(404, {"error": path})

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        oid = self.path.rpartition("/")[2]
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.large[oid] = body
        self.reply(200, {})

    def do_GET(self):
        path = unquote(urlsplit(self.path).path)
        if "/resolve/" in path:
            return self.file(path)
        kind, name, _ = self.api(path)
        key = f"{kind}/{name}"
        files = self.hub.repositories.get(key)
        known = self.headers.get("Authorization") == f"Bearer {self.hub.token}"
        if files is None or (key in self.hub.private and not known):
            return self.missing()
        if "/revision/" in path and not path.endswith(("/main", self.sha())):
            return self.reply(404, {"error": "no"}, {"X-Error-Code": "RevisionNotFound"})
        if "/tree/" in path:
            return self.reply(200, [_entry(each, files[each]) for each in files])
        siblings = [{"rfilename": each} for each in files]
        told = {"id": name, "sha": self.sha(), "siblings": siblings, "private": False}
        return self.reply(200, told)

    do_HEAD = do_GET  # noqa: N815

    def create(self, asked):
        kind = f"{asked.get('type', 'model')}s"
        name = f"{asked['organization']}/{asked['name']}"
        key = f"{kind}/{name}"
        known = key in self.hub.repositories
        self.hub.repositories.setdefault(key, {})
        if asked.get("private") or asked.get("visibility") == "private":
            self.hub.private.add(key)
        prefix = "" if kind == "models" else f"{kind}/"
        url = {"url": f"{self.hub.address}/{prefix}{name}"}
        self.reply(409 if known else 200, url | ({"error": "exists"} if known else {}))

    def batch(self, asked):
        objects = [
            {**each, "actions": {"upload": {"href": f"{self.hub.address}/large/{each['oid']}"}}}
            for each in asked["objects"]
        ]
        self.reply(200, {"transfer": "basic", "objects": objects})

    def commit(self, kind, name, files, body):
        for line in filter(None, body.split(b"\n")):
            entry = json.loads(line)
            value = entry["value"]
            match entry["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        self.hub.commits += 1
        prefix = "" if kind == "models" else f"{kind}/"
        url = f"{self.hub.address}/{prefix}{name}/commit/{self.sha()}"
        self.reply(200, {"success": True, "commitOid": self.sha(), "commitUrl": url})

    def file(self, path):
        repository, _, rest = path.strip("/").partition("/resolve/")
        key = repository if repository.startswith("datasets/") else f"models/{repository}"
        content = self.hub.repositories[key][rest.partition("/")[2]]
        headers = {"X-Repo-Commit": self.sha(), "ETag": f'"{hashlib.sha1(content).hexdigest()}"'}
        self.send(200, content, headers)

    def api(self, path):
        """Kind, name and what is asked, of /api/datasets/me/run/commit/main."""
        _, kind, owner, name, *action = path.strip("/").split("/")
        return kind, f"{owner}/{name}", "/".join(action)

    def sha(self):
        return f"{self.hub.commits:040x}"

    def missing(self):
        self.reply(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})

    def reply(self, status, value, headers=None):
        told = {"X-Error-Message": str(value["error"])} if "error" in value else {}
        self.send(status, json.dumps(value).encode(), {**told, **(headers or {})})

    def send(self, status, content, headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def _entry(path, content):
    oid = hashlib.sha1(content).hexdigest()
    return {"type": "file", "path": path, "size": len(content), "oid": oid}


def _mode(file):
    large = file["path"].endswith(LARGE)
    return {
        "path": file["path"],
        "uploadMode": "lfs" if large else "regular",
        "shouldIgnore": False,
    }
