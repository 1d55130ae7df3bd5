"""What stands around a machine of the ARM template, in scripts/test-machine.sh.

    machine.py cloud-init FILE         does a cloud-config's write_files and runcmd, by cloud-init's own code
    machine.py metadata FOLDER         a double of the instance metadata service on 169.254.169.254
    machine.py upload BLOB NAME        puts the file BLOB into the Azurite on this machine as packages/NAME
    machine.py probe ALLOWED…          fails when any folder is writable that is not below one of ALLOWED

The double answers only to `Metadata: true`, gives tokens only to the one client id and for the one
resource, and writes each token that it gave into FOLDER/tokens. FOLDER/user-data is the userData; while
there is FOLDER/no-role, its tokens open nothing.
"""

import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CLIENT = "6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10"
RESOURCE = "https://storage.azure.com/"
BLOBS = "https://127.0.0.1:10000/devstoreaccount1/packages"


def token(audience=RESOURCE.rstrip("/")):
    """Azurite reads the claims of a token and compares no signature."""
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/",
        "iat": now,
        "nbf": now - 60,
        "exp": now + 3600,
        "appid": CLIENT,
    }
    parts = ({"alg": "RS256", "typ": "JWT"}, claims, {"signature": "none"})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


def cloud_init(file):
    import yaml
    from cloudinit import util
    from cloudinit.config import cc_write_files

    text = pathlib.Path(file).read_text(encoding="utf-8")
    if not text.startswith("#cloud-config\n"):
        sys.exit("this is no cloud-config")
    config = yaml.safe_load(text)
    cc_write_files.write_files("write_files", config["write_files"], "root")
    # What cc_runcmd writes into the script that it leaves for the end of the first start.
    subprocess.run(["sh", "-e"], input=util.shellify(config["runcmd"]), text=True, check=True)


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(address.query))
        folder = pathlib.Path(sys.argv[2])
        if self.headers.get("Metadata") != "true" or "api-version" not in query:
            return self.answer(400, b"Metadata: true and api-version are needed")
        if address.path == "/metadata/instance/compute/userData" and query.get("format") == "text":
            return self.answer(200, base64.b64encode((folder / "user-data").read_bytes()))
        if address.path == "/metadata/identity/oauth2/token":
            if query.get("client_id") != CLIENT or query.get("resource") != RESOURCE:
                return self.answer(400, b"unknown identity or resource")
            with open(folder / "tokens", "a", encoding="utf-8") as tokens:
                tokens.write(address.query + "\n")
            # As before a role is in effect: Azurite refuses what is for somebody else with 403.
            given = token("https://vault.azure.net") if (folder / "no-role").exists() else token()
            body = {"access_token": given, "expires_in": "3600", "token_type": "Bearer"}
            return self.answer(200, json.dumps(body).encode())
        return self.answer(404, b"not found")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def upload(blob, name):
    trusted = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    headers = {"Authorization": "Bearer " + token(), "x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob"}
    for address, body in ((BLOBS + "?restype=container", b""), (f"{BLOBS}/{name}", pathlib.Path(blob).read_bytes())):
        request = urllib.request.Request(address, data=body, headers=headers, method="PUT")
        try:
            urllib.request.urlopen(request, timeout=60, context=trusted).close()
        except urllib.error.HTTPError as error:
            if error.code != 409:  # the container is there
                raise


def probe(allowed):
    """Tries to make a file in every folder that there is."""
    open_ones = []
    for folder, below, _ in os.walk("/"):
        if folder in allowed or folder == "/proc":
            below.clear()
            continue
        name = os.path.join(folder, ".probe")
        try:
            with open(name, "x", encoding="ascii"):
                pass
            os.unlink(name)
            open_ones.append(folder)
        except OSError:
            pass
    for folder in allowed:
        pathlib.Path(folder, ".probe").write_text("", encoding="ascii")
        pathlib.Path(folder, ".probe").unlink()
    if open_ones:
        sys.exit("writable: " + " ".join(open_ones))


def main():
    what, *arguments = sys.argv[1:]
    if what == "metadata":
        http.server.ThreadingHTTPServer(("169.254.169.254", 80), Metadata).serve_forever()
    elif what == "probe":
        probe(arguments)
    else:
        {"cloud-init": cloud_init, "upload": upload}[what](*arguments)


main()
