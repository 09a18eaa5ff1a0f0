"""Chromium through ChromeDriver's HTTP protocol (W3C WebDriver), with nothing but the standard library."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# What is so while a page is being drawn anew, and may be otherwise a moment later.
NOT_CLICKABLE = {"element click intercepted", "stale element reference", "element not interactable"}
# How long to wait for a page.
SECONDS = 20


class NotClickableError(RuntimeError):
    """An element is hidden, covered or gone."""


def missing():
    """Why no browser can be driven here; empty if one can."""
    programs = {"chromium": browser(), "chromedriver": shutil.which("chromedriver")}
    absent = [name for name, path in programs.items() if path is None]
    return f"{' and '.join(absent)} not installed (Debian: chromium, chromium-driver)" if absent else ""


def browser():
    return shutil.which("chromium") or shutil.which("google-chrome")


class Browser:
    """One window of a headless Chromium with an empty profile; a context manager."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.session = ""

    def __enter__(self):
        # A process group of its own, so that no browser survives its driver.
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            lines = iter(self.driver.stdout.readline, "")
            port = next(filter(None, (re.search(r"started successfully on port (\d+)", line) for line in lines)))[1]
            self.address = ("127.0.0.1", int(port))
            sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
            options = {"binary": browser(), "args": [*FLAGS, *sandbox, f"--user-data-dir={self.profile}"]}
            wanted = {
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            }
            self.session = self.request("POST", "", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.request("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(timeout=30)
            self.driver.stdout.close()

    def request(self, method, path, body=None):
        """One command; its value, or a RuntimeError with ChromeDriver's message."""
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        try:
            place = f"/session/{self.session}{path}" if self.session else f"/session{path}"
            connection.request(method, place, json.dumps(body or {}) if method == "POST" else None)
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            kind = NotClickableError if value["error"] in NOT_CLICKABLE else RuntimeError
            raise kind(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    def resize(self, width, height):
        """Set the size of the page in CSS pixels; smaller than a window can be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.request("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def open(self, url):
        self.request("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value that a script returns."""
        return self.request("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, what):
        """Wait until a script returns something true, and return that."""
        end = time.monotonic() + SECONDS
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"waited in vain for {what}"
            time.sleep(0.05)
        return value

    def click(self, xpath):
        """Click an element as a person would, who waits for it to be visible with nothing lying over it."""
        end = time.monotonic() + SECONDS
        while True:
            try:
                found = self.request("POST", "/element", {"using": "xpath", "value": xpath})
                return self.request("POST", f"/element/{found[ELEMENT]}/click")
            except NotClickableError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def enter_frame(self, xpath):
        self.request("POST", "/frame", {"id": self.request("POST", "/element", {"using": "xpath", "value": xpath})})

    def leave_frame(self):
        self.request("POST", "/frame/parent")

    def errors(self):
        """What the console reports as an error since the last call."""
        log = self.request("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def requested_addresses(self):
        """What was fetched from a network since the last call."""
        log = [json.loads(e["message"])["message"] for e in self.request("POST", "/se/log", {"type": "performance"})]
        addresses = [e["params"]["request"]["url"] for e in log if e["method"] == "Network.requestWillBeSent"]
        # Not files, data that the page carries itself, or the browser's own pages.
        return [address for address in addresses if not address.startswith(("file:", "data:", "blob:", "chrome:"))]

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.request("GET", "/screenshot")))
