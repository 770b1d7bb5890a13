"""The sandbox that the tests of one run share. It is started before they are collected."""

import json
import subprocess
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import requests
import urllib3

url = None
session = None
log = None
answers = defaultdict(Counter)
"""For each call, how many generated requests were answered with success, and how many were not."""

_process = None
_folder = None


def start(programs):
    global url, session, log, _process, _folder
    _folder = tempfile.TemporaryDirectory()
    ca = Path(_folder.name) / "ca.pem"
    log = Path(_folder.name) / "sandbox.log"
    command = [programs / "eid-sandbox", "serve", "--listen", "127.0.0.1:0", "--ca", ca]
    with log.open("wb") as errors:
        _process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    url = _process.stdout.readline().strip()
    _process.stdout.readline()
    session = requests.Session()
    # Neither proxies nor certificates of this machine's environment.
    session.trust_env = False
    session.verify = str(ca)
    # The sandbox closes a connection whose request it did not read to the end, which the next request may find out. One
    # that never gets an answer fails all the same.
    once_more = urllib3.Retry(
        total=2, connect=0, read=2, status=0, redirect=0, allowed_methods=None, respect_retry_after_header=False
    )
    session.mount("https://", requests.adapters.HTTPAdapter(max_retries=once_more))


def stop():
    if _process is not None:
        _process.terminate()
        _process.wait(10)
        _process.stdout.close()
        _folder.cleanup()


def call(method, path, body=None, *, headers=None, **more):
    """One request; a body goes as JSON."""
    if body is not None:
        more["data"] = json.dumps(body)
        headers = {"content-type": "application/json"} | (headers or {})
    return session.request(method, url + path, headers=headers, timeout=10, **more)


def answer(method, path, body=None, **more):
    """What a request that must succeed is answered with."""
    response = call(method, path, body, **more)
    assert response.ok, (method, path, response.status_code, response.text)
    return response.json() if response.content else None
