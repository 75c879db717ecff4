#!/usr/bin/env python3
"""make.py [FOLDER]: the pictures of README.md, of what the program of build/release really shows: audit.svg is a terminal,
page.png the page in Chromium. They are written beside this file unless another folder is given.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "support"))
import vdsotrace_testing as testing

PROGRAM = "./requests"
FOLDER = "/srv/example"  # it is said to be there
COLUMNS = 112
INDENT = " " * 4
CELL, LINE, MARGIN, BAR = 7.83, 18, 16, 30  # pixels at 13 points
COLORS = {"32": "#5fd39b", "33": "#ffb265", "94": "#7fb2ff", "35": "#d49cff", "36": "#7fd6e0"}


def audit(page):
    """What a terminal would show, with its colours. Where we are and who we are is nobody's business."""
    folder = testing.BUILD / "examples"
    command = [testing.VDSOTRACE, "audit", "--color=always", "--html", page, PROGRAM]
    ran = subprocess.run(command, cwd=folder, env={**os.environ, "COLUMNS": str(COLUMNS)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                         text=True, timeout=testing.TIMEOUT, check=True)
    page.write_text(re.sub(r'"host":"[^"]*"', '"host":"web-1"', page.read_text()).replace(str(folder), FOLDER))
    return ran.stderr.replace(str(folder), FOLDER)


def rows_of(line):
    """Rows of (style, text) pieces: what does not fit goes on in the next row, from a blank on."""
    rows, style, room = [[]], "", COLUMNS
    for number, text in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", line):
        style = number or style
        while len(text) > room:
            end = text.rfind(" ", 1, room + 1)
            end = end if end > 0 else room
            rows[-1].append((style, text[:end]))
            rows.append([("", INDENT)])
            text, room = text[end:].lstrip(" "), COLUMNS - len(INDENT)
        rows[-1].append((style, text))
        room -= len(text)
    return rows


def styled(style, text):
    look = f' fill="{COLORS[style]}"' if style in COLORS else ' font-weight="bold"' if style == "1" else ""
    text = html.escape(text, quote=False).replace(" ", "\u00a0")  # other blanks run together
    return f"<tspan{look}>{text}</tspan>" if look else text


def terminal(text):
    lines = [[("1", f"$ vdsotrace audit {PROGRAM}")]] + [row for line in text.rstrip("\n").splitlines() for row in rows_of(line)]
    width, height = round(2 * MARGIN + COLUMNS * CELL), BAR + len(lines) * LINE + MARGIN
    rows = [f'<text x="{MARGIN}" y="{BAR + (at + 1) * LINE - 5}">{"".join(styled(*piece) for piece in line)}</text>'
            for at, line in enumerate(lines) if line]
    dots = [f'<circle cx="{MARGIN + 5 + 18 * at}" cy="15" r="5" fill="#4a525d"/>' for at in range(3)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        "<title>vdsotrace audit in a terminal</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#1c2026"/>', *dots,
        '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#e6e9ee">', *rows, "</g>", "</svg>", ""])


def picture_of(page, browser):
    browser.resize(1280, 1250)
    browser.prefer("light")
    browser.open(page.as_uri())
    return browser.picture(clip={"x": 0, "y": 0, "width": 1280, "height": 1250, "scale": 1})


def main(folder):
    from browser import Browser

    with tempfile.TemporaryDirectory() as scratch, Browser() as browser:
        page = Path(scratch) / "page.html"
        (folder / "audit.svg").write_text(terminal(audit(page)))
        (folder / "page.png").write_bytes(picture_of(page, browser))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
