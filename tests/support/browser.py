"""A headless Chromium that a test drives: pages, keys, sizes of the window, pictures.

It is driven through the pipes that --remote-debugging-pipe opens: a JSON object each way, ended by a zero byte.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import unittest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60


class Browser:
    """One page. A context manager: the browser ends with it."""

    def __init__(self):
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if program is None:
            raise unittest.SkipTest("chromium is not installed")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        shell = f"exec 3<&{commands} 4>&{answers}; exec \"$@\""
        self.process = subprocess.Popen(
            ["sh", "-c", shell, "sh", program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "about:blank"],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.last, self.read, self.events, self.session = 0, b"", [], None
        self.errors = []

    def __enter__(self):
        try:
            pages = self.ask("Target.getTargets")["targetInfos"]
            page = next(one for one in pages if one["type"] == "page")["targetId"]
        except (OSError, StopIteration) as error:
            self.__exit__()
            raise unittest.SkipTest(f"the browser does not run here: {error}") from error
        self.session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.ask(domain + ".enable")
        return self

    def __exit__(self, *_):
        os.close(self.commands)
        os.close(self.answers)
        self.process.kill()
        self.process.wait()
        self.profile.cleanup()

    def next_message(self):
        end = time.monotonic() + SECONDS
        while b"\0" not in self.read:
            if not select.select([self.answers], [], [], max(0, end - time.monotonic()))[0]:
                raise OSError("no answer")
            more = os.read(self.answers, 1 << 20)
            if not more:
                raise OSError("the browser has ended")
            self.read += more
        message, self.read = self.read.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.last += 1
        request = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]
        while True:
            message = self.next_message()
            if message.get("id") == self.last:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def note(self, message):
        if message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"])
        self.events.append(message)

    def open(self, address):
        """Returns when the page has loaded."""
        self.events.clear()
        self.ask("Page.navigate", url=str(address))
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.note(self.next_message())

    def requests(self):
        """The addresses that the page which was opened last has asked for."""
        return [event["params"]["request"]["url"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]

    def run(self, script):
        """The value of an expression, of a promise when it is kept."""
        outcome = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in outcome:
            raise AssertionError(outcome["exceptionDetails"])
        return outcome["result"].get("value")

    def press(self, key):
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        code = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "", windowsVirtualKeyCode=code)

    def type(self, text):
        self.ask("Input.insertText", text=text)

    def resize(self, width, height):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme):
        """"light" or "dark"."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, **options):
        """The bytes of a PNG, or of what `format` says."""
        return base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True, **options)["data"])
