"""The page of `audit --html` in a browser: as it is read, searched, zoomed, by mouse and by keyboard, in wide and narrow windows."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from browser import Browser
from vdsotrace_testing import example, vdsotrace

AXE = "axe-core@4.10.2"
DATA = re.compile(r'(<script type="application/json" id="data">)(.*?)(</script>)', re.DOTALL)
LONG = ("org.springframework.transaction.interceptor.TransactionAspectSupport$$Lambda$1873/0x00000008018c5a20."
        "invokeWithinTransaction(Ljava/lang/reflect/Method;Ljava/lang/Class;)Ljava/lang/Object;")
HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m</script>"


def setUpModule():
    testing.require_ptrace()
    with Browser():
        pass


def data_of(path):
    return json.loads(DATA.search(path.read_text())[2])


def place(module, symbol, offset):
    return {"module": module, "symbol": symbol, "offset": offset}


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.page = Path(cls.folder.name) / "page.html"
        ran = vdsotrace("audit", "--html", cls.page, *example("routes"))
        assert ran.status == 0, ran.stderr
        cls.data = data_of(cls.page)
        cls.hard = cls.altered("hard.html", cls.make_hard)
        cls.browser = cls.enterClassContext(Browser())

    @classmethod
    def altered(cls, name, change):
        """The same page with other data."""
        data = json.loads(json.dumps(cls.data))
        change(data)
        path = Path(cls.folder.name) / name
        text = json.dumps(data).replace("<", "\\u003c")
        path.write_text(DATA.sub(lambda match: match[1] + text + match[3], cls.page.read_text()))
        return path

    @staticmethod
    def make_hard(data):
        """Names as Java's, hostile ones, whole stacks, a process that ran already."""
        data.update(command=[], pids=[4711, 4712], pids_inside=[None, 7], notices=["callers in lib.so cannot be found"],
                    host="web-1", time="2026-11-26T23:10:05Z", version="9.8.7")
        first, second = data["calls"][:2]
        first["callers"] = [{**place("/usr/lib/libjvm.so", "os::javaTimeNanos()", 18), "count": first["count"],
                             "beyond": place("/tmp/" + HOSTILE, LONG, 7)}]
        stack = [place(who["module"], who["symbol"], who["offset"]) for who in second["callers"][:1]]
        stack += [place("/usr/bin/x", LONG[i:] if i % 3 else f"f{i}", i) for i in range(70)]
        second["stacks"] = [{"places": stack, "count": second["count"]}]

    def open(self, page=None, width=1280, scheme="light"):
        self.browser.resize(width, 900)
        self.browser.prefer(scheme)
        self.browser.open((page or self.page).as_uri())
        self.assertEqual(self.browser.errors, [])

    def text(self, selector):
        return self.browser.run(f"document.querySelector({json.dumps(selector)}).innerText")

    def texts(self, selector):
        return self.browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.innerText)")

    def count(self, selector):
        return self.browser.run(f"document.querySelectorAll({json.dumps(selector)}).length")

    def click(self, selector):
        self.browser.run(f"document.querySelector({json.dumps(selector)}).click()")

    def test_what_is_first(self):
        self.open()
        self.assertEqual(self.text("h1"), self.data["verdict"]["text"])
        self.assertIn("routes", self.text("#program"))
        facts = dict(zip(self.texts("#facts dt"), self.texts("#facts dd")))
        self.assertEqual(facts["Kernel"], "Linux " + self.data["kernel"])
        self.assertEqual(facts["Clocksource"], ", then ".join(self.data["clocksources"]))
        self.assertEqual(self.count("#advice li"), len(self.data["advice_items"]))
        self.open(self.hard)
        facts = dict(zip(self.texts("#facts dt"), self.texts("#facts dd")))
        self.assertEqual((facts["Host"], facts["Date"], facts["vdsotrace"]), ("web-1", "2026-11-26 23:10:05 UTC", "9.8.7"))
        self.assertEqual(self.text("#program"), "process 4711\nprocess 4712 (7 in its PID namespace)")

    def test_routes_have_costs_counts_and_meanings(self):
        def change(data):
            data["routes"].update(vdso=1, fallback=0, syscall=2, unknown=1)
            for call in data["calls"]:
                call["cost_ns"] = None if call["route"] == "vdso" else call["cost_ns"]

        self.open(self.altered("plurals.html", change))
        lines = [list(filter(None, text.split("\n"))) for text in self.texts("#routes li")]
        shown = {first: rest for first, *rest in lines}
        self.assertEqual(shown["vdso"][:2], ["no price", "1 call in user space"])
        self.assertEqual(shown["fallback"][:2], ["nothing", "0 calls fell back to the kernel"])
        self.assertRegex(shown["syscall"][0], r"^\d+(\.\d+)? (ns|us|ms)$")
        self.assertEqual(shown["syscall"][1], "2 calls made directly")
        self.assertEqual(shown["unknown"][1], "1 call by an unknown route")
        for route, lines in shown.items():
            self.assertGreater(len(lines[2]), 30, route)

    def test_figures_are_as_in_text(self):
        self.open()
        for ns, text in ((0.4, "0.4 ns"), (99.96, "100 ns"), (999.6, "1.00 us"), (31_360, "31.4 us"), (5.1e8, "510 ms"), (6e10, "60.0 s")):
            self.assertEqual(self.browser.run(f"span({ns})"), text)
        self.assertEqual([self.browser.run(f"percent({part})") for part in (0.0012, 0.0249, 0.625)], ["0.12 %", "2.5 %", "63 %"])
        self.assertEqual(self.browser.run("plural(1, 'call') + plural(1200, 'call')"), "1 call1,200 calls")

    def test_the_table_sorts(self):
        self.open()
        self.assertEqual(self.count("#calls tbody tr"), sum(len(call["callers"]) for call in self.data["calls"]))
        self.assertEqual(self.texts("th[aria-sort]"), ["Total"])
        self.click("#calls th[data-key=call] button")
        names = self.texts("#calls tbody td.call code")
        self.assertEqual(names, sorted(names, key=str.lower))
        self.click("#calls th[data-key=call] button")
        self.assertEqual(self.texts("#calls tbody td.call code"), sorted(names, key=str.lower, reverse=True))
        self.assertEqual(self.browser.run("document.querySelector('th[data-key=call]').getAttribute('aria-sort')"), "descending")

    def test_search_shows_the_same_in_both(self):
        self.open()
        everything = self.count("#calls tbody tr")
        self.browser.press("/")
        self.browser.type("CPUtime")
        self.assertEqual(self.browser.run("document.activeElement.id"), "search")
        found = self.texts("#calls tbody td.call code")
        self.assertTrue(0 < len(found) < everything)
        self.assertTrue(all("CPUTIME" in name for name in found))
        marked = self.texts("#flame button.match")
        self.assertTrue(marked and all("CPUTIME" in name for name in marked))
        self.assertRegex(self.text("#shown"), rf"^frames that match: \d.* % of the cost shown · {len(found)} rows of {everything}$")
        self.browser.press("Escape")
        self.assertEqual((self.count("#calls tbody tr"), self.count("#flame button.match"), self.text("#search")), (everything, 0, ""))

    def test_zoom_and_keyboard(self):
        self.open()
        everything = self.count("#calls tbody tr")
        self.browser.run("document.querySelector('#flame button').focus()")
        for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
            self.browser.press(key)
        leaf = self.browser.run("document.activeElement.innerText")
        self.assertRegex(leaf, r"^\w+.* \[\w+\]$")
        self.browser.press("ArrowRight")
        beside = self.browser.run("document.activeElement.innerText")
        self.assertNotEqual(beside, leaf)
        self.browser.press("ArrowLeft")
        self.browser.press("Enter")
        self.assertEqual(self.browser.run("document.activeElement.innerText"), leaf)
        call, route = re.fullmatch(r"(.*) \[(\w+)\]", leaf).groups()
        self.assertEqual(set(self.texts("#calls tbody td.call code")), {call})
        self.assertEqual(set(self.texts("#calls tbody .chip")), {route})
        self.assertIn("under " + leaf, self.text("#shown"))
        self.browser.press("ArrowUp")
        self.browser.press("ArrowUp")
        self.browser.press("Enter")
        self.assertLessEqual(self.count("#calls tbody tr"), everything)
        self.click("#reset")
        self.assertEqual((self.count("#calls tbody tr"), self.text("#shown")), (everything, ""))

    def test_by_calls_or_by_cost(self):
        self.open()
        width = "parseFloat([...document.querySelectorAll('#flame button.leaf')].find(b => b.innerText === {}).style.width.match(/([0-9.]+)%/)[1])"
        all_calls = sum(self.data["routes"].values())
        for call in self.data["calls"][:3]:
            name = f"{call['name']}({call['clock']})" if call["clock"] else call["name"]
            script = width.format(json.dumps(f"{name} [{call['route']}]"))
            self.click("input[value=cost]")
            self.assertAlmostEqual(self.browser.run(script), 100 * call["cost_ns"] / self.data["cost_ns"], delta=1)
            self.click("input[value=calls]")
            self.assertAlmostEqual(self.browser.run(script), 100 * call["count"] / all_calls, delta=0.01)

    def test_rows_and_frames_point_at_each_other(self):
        for page in (self.page, self.hard):
            self.open(page)
            self.click("#calls tbody tr td.call button")
            row = self.text("#calls tbody tr.linked td.call code")
            self.assertEqual(self.count("#calls tbody tr.linked"), 1)
            self.assertTrue(self.browser.run("document.activeElement.innerText").startswith(row))
            self.assertIn(self.browser.run("document.activeElement.innerText"), self.texts("#flame button.linked"))
            self.browser.run("document.activeElement.dispatchEvent(new MouseEvent('mouseenter'))")
            self.assertIn(row, self.texts("#calls tbody tr.linked td.call code"))

    def test_what_the_program_chose_is_text(self):
        self.open(self.hard)
        self.assertEqual(self.count("main img"), 0)
        shown = self.browser.run("document.body.innerText")
        self.assertNotIn("\u202e", shown)
        self.assertNotIn("\x1b", shown)
        self.assertIn("<img src=x onerror=alert(1)>\\u202e\\x1b[31m<", self.browser.run("document.querySelector('#modules').textContent"))
        self.assertEqual(self.browser.requests(), [self.hard.as_uri()])

    def test_narrow_windows(self):
        for page in (self.page, self.hard):
            for width in (1280, 390):
                with self.subTest(page=page.name, width=width):
                    self.open(page, width)
                    self.assertEqual(self.browser.run("document.documentElement.scrollWidth"), width)
                    wide = self.browser.run("[scroll.scrollWidth, scroll.clientWidth]".replace("scroll.", "document.getElementById('scroll')."))
                    # What does not fit scrolls by itself.
                    self.assertEqual(wide[0] > wide[1], width == 390)
                    name = self.browser.run("Math.max(...[...document.querySelectorAll('td.caller')].map(e => e.offsetWidth))")
                    self.assertLess(name, 700)

    def test_time_shows_no_bursts(self):
        """Rings of 1,024 records are emptied now and then: bars hold several of them."""
        def change(data):
            data["timeline"] = {"span_ns": 2_000_000, "spans": [[1024 if i % 3 else 0, 0, 0, 0, 0] for i in range(240)]}

        self.open(self.altered("bursts.html", change))
        heights = self.browser.run("[...document.querySelectorAll('#time .bars i')].map(e => parseFloat(e.style.height))")
        self.assertLessEqual(len(heights), 60)
        self.assertGreater(min(heights), 80)
        self.assertIn("calls/s", self.text("#time .axis"))

    def test_anybody_can_read_it(self):
        testing.require_program("npm")
        with tempfile.TemporaryDirectory() as folder:
            got = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000", "--prefix", folder, AXE],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=testing.TIMEOUT,
                                 check=False)
            script = Path(folder) / "node_modules" / "axe-core" / "axe.min.js"
            if got.returncode != 0 or not script.exists():
                self.skipTest(f"{AXE} cannot be had: {got.stdout[-200:]}")
            axe = script.read_text()
        check = ("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
                 ".then(r => [r.passes.length, r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; '))])")
        for page, width, scheme in ((self.page, 1280, "light"), (self.page, 390, "dark"), (self.hard, 390, "light"), (self.hard, 1280, "dark")):
            with self.subTest(page=page.name, width=width, scheme=scheme):
                self.open(page, width, scheme)
                self.browser.run("document.querySelector('details')?.setAttribute('open', '')")
                self.browser.run(axe + "; 0")
                for search in ("", "gettime"):
                    self.browser.run(f"document.getElementById('search').value = '{search}'; document.getElementById('search').dispatchEvent(new Event('input'))")
                    passes, violations = self.browser.run(check)
                    self.assertEqual(violations, [])
                    self.assertGreater(passes, 20)
        # It would find what is hard to read.
        self.browser.run("document.querySelector('h1').style.color = '#ccd'; document.querySelector('h1').style.background = '#fff'")
        self.assertIn("color-contrast", self.browser.run(check)[1][0])


if __name__ == "__main__":
    testing.main()
