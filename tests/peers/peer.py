"""What the Python peers share: where the server is, and how a failed expectation ends."""

import base64
import os
import sys
import urllib.error
import urllib.request
import uuid

URL = os.environ["FREEHOLD_URL"].rstrip("/")
USER = os.environ["FREEHOLD_USER"]
TOKEN = os.environ["FREEHOLD_TOKEN"]
HOME = f"{URL}/dav/calendars/{USER}/"


def expect(held, sentence, seen=""):
    """Says the sentence; ends the script when it does not hold."""
    print(("ok      " if held else "FAILED  ") + sentence, flush=True)
    if not held:
        if seen:
            print(f"        saw: {seen}", flush=True)
        sys.exit(1)


def request(method, url, body=None, headers=None):
    """One request with the token; gives (status, body), whatever the status."""
    login = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    asked = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    asked.add_header("Authorization", f"Basic {login}")
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def fresh_calendar(prefix):
    """Makes a calendar with a new name and gives that name."""
    name = f"{prefix}-{uuid.uuid4().hex[:8]}"
    status, body = request("MKCALENDAR", f"{HOME}{name}/")
    expect(status == 201, f"MKCALENDAR {name} answers 201", f"{status} {body[:300]!r}")
    return name
