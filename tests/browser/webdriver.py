"""A headless Chromium that does what a person would do; Selenium speaks to it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from pathlib import Path

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
# How long to wait for a page.
SECONDS = 20


def missing():
    """Why no browser can be driven here; empty if one can."""
    found = {
        "chromium": browser(),
        "chromedriver": shutil.which("chromedriver"),
        "selenium": importlib.util.find_spec("selenium"),
    }
    absent = [name for name, found in found.items() if found is None]
    return f"{' and '.join(absent)} not installed (Debian: chromium, chromium-driver; pip: selenium)" if absent else ""


def browser():
    return shutil.which("chromium") or shutil.which("google-chrome")


class Browser:
    """One window of a headless Chromium with an empty profile; a context manager."""

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver

        self.service = webdriver.ChromeService(shutil.which("chromedriver"))
        self.options = webdriver.ChromeOptions()
        self.options.binary_location = browser()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        for argument in (*FLAGS, *sandbox, f"--user-data-dir={profile}"):
            self.options.add_argument(argument)
        self.options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})

    def __enter__(self):
        from selenium import webdriver

        self.driver = webdriver.Chrome(self.options, self.service)
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def resize(self, width, height):
        """Set the size of the page in CSS pixels; smaller than a window can be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, url):
        self.driver.get(url)

    def run(self, script, *arguments):
        """The value that a script returns."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, what):
        """Wait until a script returns something true, and return that."""
        return self._patiently(lambda driver: driver.execute_script(script), f"waited in vain for {what}")

    def click(self, xpath):
        """Click an element as a person would, who waits for it to be visible with nothing lying over it."""

        def clicked(driver):
            driver.find_element("xpath", xpath).click()
            return True

        self._patiently(clicked, f"cannot be clicked: {xpath}")

    def _patiently(self, attempt, complaint):
        from selenium.common import exceptions
        from selenium.webdriver.support.wait import WebDriverWait

        # What is so while a page is being drawn anew, and may be otherwise a moment later.
        passing = (
            exceptions.ElementClickInterceptedException,
            exceptions.ElementNotInteractableException,
            exceptions.StaleElementReferenceException,
        )
        return WebDriverWait(self.driver, SECONDS, 0.05, passing).until(attempt, complaint)

    def enter_frame(self, xpath):
        self.driver.switch_to.frame(self.driver.find_element("xpath", xpath))

    def leave_frame(self):
        self.driver.switch_to.parent_frame()

    def errors(self):
        """What the console reports as an error since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def requested_addresses(self):
        """What was fetched from a network since the last call."""
        log = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        addresses = [e["params"]["request"]["url"] for e in log if e["method"] == "Network.requestWillBeSent"]
        # Not files, data that the page carries itself, or the browser's own pages.
        return [address for address in addresses if not address.startswith(("file:", "data:", "blob:", "chrome:"))]
