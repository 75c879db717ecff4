"""merge and diff: audits in files, added up and compared. What they are made of is checked against the files themselves."""
import html.parser
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from schemas import mistakes
from vdsotrace_testing import vdsotrace

SAVED = testing.SOURCE / "tests" / "fuzz" / "corpus" / "saved_audit" / "audit"
ROUTES = ("vdso", "fallback", "syscall", "vsyscall", "unknown")


def call(name, route, count, cost, clock=None, reason=None, advice=None):
    return {"name": name, "clock": clock, "route": route, "count": count, "errors": 0, "duration_ns": None, "cost_ns": cost,
            "unit_cost_ns": cost / count, "cost_is": "estimated", "callers": [], "reason": reason, "why": None, "advice": advice,
            "advice_total_ns": cost // 2 if advice else None, "median_ns": None, "p99_ns": None, "max_ns": None,
            "interrupted_calls": None, "interrupted_ns": None}


def document(host, *calls, **more):
    """An audit as a machine of that name would have written it."""
    routes = {route: sum(row["count"] for row in calls if row["route"] == route) for route in ROUTES}
    cost = sum(row["cost_ns"] for row in calls)
    items = [{"id": row["reason"], "text": f"{row['name']}({row['clock']}): {row['advice']}", "count": row["count"],
              "saved_ns": row["advice_total_ns"], "total_ns": row["advice_total_ns"], "share": 0, "matters": True}
             for row in calls if row["advice"]]
    return {**json.loads(SAVED.read_text()), "host": host, "calls": list(calls), "routes": routes, "cost_ns": cost,
            "kernel_cost_ns": sum(row["cost_ns"] for row in calls if row["route"] != "vdso"), "avoidable_cost_ns": cost // 2,
            "cpu_ns": 10 * cost, "added": None, "advice_items": items, "advice": [item["text"] for item in items], **more}


MONOTONIC = {"clock": "CLOCK_MONOTONIC"}
FAST = call("clock_gettime", "vdso", 1000, 22_000, **MONOTONIC)
SLOW = call("clock_gettime", "fallback", 1000, 640_000, **MONOTONIC, reason="clocksource")
CPU = call("clock_gettime", "fallback", 10, 4_000, clock="CLOCK_PROCESS_CPUTIME_ID", reason="cpu-time-clock", advice="read it less")


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def files(self, *documents):
        return [self.file(f"{number}.json", content) for number, content in enumerate(documents)]

    def answer(self, *arguments, status=0):
        ran = vdsotrace(*arguments)
        self.assertEqual((ran.status, ran.stderr), (status, ""))
        return ran.stdout

    def refused(self, *arguments):
        ran = vdsotrace(*arguments)
        self.assertEqual((ran.status, ran.stdout), (1, ""))
        first = ran.stderr.splitlines()[0]
        self.assertTrue(ran.stderr.isascii() and len(ran.stderr.splitlines()) <= 2, ran.stderr)
        return first


class Merge(Files):
    def merged(self, *documents):
        return json.loads(self.answer("merge", "--json", *self.files(*documents)))

    def test_adds_up(self):
        documents = [document("web1", FAST, CPU), document("web2", FAST), document("web2", SLOW, CPU)]
        found = self.merged(*documents)
        for key in ("cost_ns", "kernel_cost_ns", "avoidable_cost_ns", "cpu_ns"):
            self.assertEqual(found[key], sum(one[key] for one in documents), key)
        self.assertEqual(found["routes"], {route: sum(one["routes"][route] for one in documents) for route in ROUTES})
        self.assertEqual([(row["name"], row["host"], row["cost_ns"]) for row in found["machines"]],
                         [("web1", "web1", documents[0]["cost_ns"]), ("web2", "web2", 22_000), ("web2#2", "web2", documents[2]["cost_ns"])])
        rows = {(row["route"], row["clock"]): row for row in found["calls"]}
        self.assertEqual(len(rows), 3)
        row = rows["fallback", "CLOCK_PROCESS_CPUTIME_ID"]
        self.assertEqual((row["count"], row["cost_ns"], row["unit_cost_ns"]), (20, 8_000, 400))
        self.assertEqual(row["machines"], [{"name": name, "count": 10, "cost_ns": 4_000} for name in ("web1", "web2#2")])
        advice, = found["advice_items"]
        self.assertEqual((advice["id"], advice["count"], advice["saved_ns"]), ("cpu-time-clock", 20, 4_000))

    def test_a_merge_of_merges(self):
        whole = self.merged(document("a", FAST), document("b", SLOW, CPU), document("c", CPU))
        part = self.merged(document("a", FAST), document("b", SLOW, CPU))
        again = self.merged(part, document("c", CPU))
        for key in set(whole) - {"time"}:
            self.assertEqual(again[key], whole[key], key)

    def test_keeps_to_the_schema(self):
        found = self.merged(document("web1", FAST, CPU), document("web2", SLOW))
        self.assertEqual(mistakes("audit", found), [])
        self.assertEqual(mistakes("audit", document("web1", FAST, CPU)), [])

    def test_text(self):
        text = self.answer("merge", *self.files(document("web1", FAST, CPU), document("web2", FAST, CPU), document("db", SLOW)))
        self.assertRegex(text, r"(?m)^machines +3$")
        self.assertRegex(text, r"(?m)^web1 +1,000 +10 +26.0 us ")
        self.assertRegex(text, r"(?m)^ +20  fallback +400 ns +8.00 us  clock_gettime\(CLOCK_PROCESS_CPUTIME_ID\)  web1, web2$")
        self.assertRegex(text, r"(?m)^ +1,000  fallback +640 ns +640 us  clock_gettime\(CLOCK_MONOTONIC\) +db$")
        self.assertIn("1,020 calls fell back: 648 us", text.splitlines()[0])

    def test_reports(self):
        files = self.files(document("web1", FAST, CPU), document("web2", SLOW))
        names = {name: self.folder / name for name in ("json", "page", "metrics")}
        self.answer("merge", "--json", "-o", names["json"], "--html", names["page"], "--openmetrics", names["metrics"], *files)
        found = json.loads(names["json"].read_text())
        page = names["page"].read_text()
        self.assertIn('"machines":[{"name":"web1"', page)
        section = page[page.index('<section id="machines">'):page.index("</main>")]
        rows = [re.findall(r"<t[dh][^>]*>(?:<code>)?([^<]*)", row) for row in section.split("<tr>")]
        self.assertIn(["web2", "0", "1,000", "0", "0", "0"], [row[:6] for row in rows])
        self.assertIn(["call", "route", "web1", "web2"], rows)
        self.assertIn(["clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", "fallback", "10", ""], rows)
        self.assertIn('route="fallback",reason="clocksource"} 1000\n', names["metrics"].read_text())
        self.assertEqual(len(found["machines"]), 2)

    def test_names_are_no_markup(self):
        odd = "<script>alert(1)</script></main>&\"'"
        self.answer("merge", "-o", "/dev/null", "--html", self.folder / "page", *self.files(document(odd, FAST, kernel=odd, clocksources=[odd], time=odd)))
        texts, tags = [], []

        class Page(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes):
                tags.append(tag)

            def handle_data(self, data):
                texts.append(data)
        Page().feed((self.folder / "page").read_text())
        self.answer("merge", "-o", "/dev/null", "--html", self.folder / "plain", *self.files(document("plain", FAST)))
        self.assertEqual(texts.count(odd), 5)
        plain, tags = tags, []
        Page().feed((self.folder / "plain").read_text())
        self.assertEqual(plain, tags)

    def test_real_audits(self):
        testing.require_ptrace()
        files = [self.folder / name for name in ("a", "b")]
        for file in files:
            self.assertEqual(vdsotrace("audit", "--json", "-o", file, *testing.example("routes")).status, 0)
        one, two = (json.loads(file.read_text()) for file in files)
        found = json.loads(self.answer("merge", "--json", *files))
        self.assertEqual(found["routes"], {route: one["routes"][route] + two["routes"][route] for route in ROUTES})
        self.assertAlmostEqual(found["cost_ns"], one["cost_ns"] + two["cost_ns"], delta=len(one["calls"]) + len(two["calls"]))
        self.assertEqual(sum(caller["count"] for row in found["calls"] for caller in row["callers"]), sum(found["routes"].values()))

    def test_an_incomplete_one_makes_all_incomplete(self):
        for more in ({"complete": False}, {"lost": 7, "complete": False}):
            self.assertIs(self.merged(document("a", FAST), document("b", FAST, **more))["complete"], False)


class Diff(Files):
    def test_what_got_worse(self):
        for old, new, options, worse in ((FAST, SLOW, [], {"route", "cost"}), (SLOW, FAST, [], set()), (FAST, FAST, ["--threshold", "0"], set()),
                                         (FAST, {**FAST, "cost_ns": 40_000}, [], {"cost"}),
                                         (FAST, {**FAST, "cost_ns": 40_000}, ["--threshold=100%"], set()),
                                         (FAST, {**FAST, "cost_ns": 31_000}, [], set()),  # less than 10 ns a call
                                         (FAST, CPU, [], {"route"})):
            with self.subTest(old=old["cost_ns"], new=new["cost_ns"], options=options):
                files = self.files(document("m", old), document("m", new))
                found = json.loads(self.answer("diff", "--json", *options, *files, status=3 if worse else 0))
                self.assertEqual({kind for row in found["calls"] for kind in ("route", "cost") if row[f"{kind}_is_worse"]}, worse)
                self.assertIs(found["worse"], bool(worse))
                self.assertEqual(mistakes("diff", found), [])
                text = self.answer("diff", *options, *files, status=3 if worse else 0)
                self.assertEqual(text.startswith("nothing got worse"), not worse)
                self.assertEqual("  worse: " in text, bool(worse))

    def test_a_part_of_the_calls(self):
        new = document("m", {**FAST, "count": 900, "cost_ns": 19_800}, {**SLOW, "count": 100, "cost_ns": 2_300})
        files = self.files(document("m", FAST), new)
        self.answer("diff", *files)
        self.assertRegex(self.answer("diff", "--threshold", "5", *files, status=3), r"0\.0 % +10\.0 % +22\.0 ns +22\.1 ns  worse: route\n")

    def test_usage(self):
        file, = self.files(document("m", FAST))
        for arguments, message in (([file], "diff: too few files"), ([file] * 3, "diff: too many files"), ([], "diff: too few files"),
                                   (["--threshold", "much", file, file], "--threshold much: not a percentage"),
                                   (["--threshold", "-1", file, file], "--threshold -1: not a percentage"),
                                   (["--threshold", "nan", file, file], "--threshold nan: not a percentage"),
                                   ([file, file, "--json"], "--json: options stand before the files")):
            with self.subTest(arguments):
                self.assertEqual(self.refused("diff", *arguments), f"vdsotrace: {message}")
        self.assertEqual(self.refused("merge"), "vdsotrace: merge: too few files")


class Hostile(Files):
    def complaint(self, content):
        file = self.file("hostile", content)
        for arguments in (["merge", file], ["diff", SAVED, file], ["diff", file, SAVED]):
            told = self.refused(*arguments)
        self.assertTrue(told.startswith(f"vdsotrace: {file}: "), told)
        return told[len(f"vdsotrace: {file}: "):]

    def test_what_is_no_audit(self):
        text = SAVED.read_text()
        for content in ("", "{", text[:-1], text[:1000], text + "x", "[" * 100_000, "\0" * 100, "\x7fELF"):
            self.assertEqual(self.complaint(content), "is not JSON, or not all of it")
        self.assertEqual(self.complaint("[]"), "the document: is no object")
        self.assertEqual(self.complaint('{"type":"info","schema":1}'), "type: is not audit")
        for path, why in ((self.folder, "Is a directory"), (self.folder / "none", "No such file or directory")):
            self.assertEqual(self.refused("merge", path), f"vdsotrace: {path}: {why}")

    def test_other_rules(self):
        self.assertEqual(self.complaint(document("m", schema=2)), "schema: is not 1: another version of vdsotrace reads this")
        old = document("m")
        del old["schema"]
        self.assertIn("schema: is missing", self.complaint(old))

    def test_older_and_newer_ones_with_the_same_rules(self):
        older = document("m", FAST)
        for key in ("prices", "commands", "cpu_basis", "advice_items"):
            del older[key]
        newer = document("m", {**FAST, "new": [1]}, new={"anything": None})
        for content in (older, newer):
            self.assertEqual(json.loads(self.answer("merge", "--json", self.file("one", content)))["routes"]["vdso"], 1000)

    def test_values(self):
        for key, value, what in (("count", -1, "is no number from 0"), ("count", 1.5, "is no number from 0"), ("count", None, "is no number from 0"),
                                 ("count", 1 << 60, "is too large"), ("count", str(1 << 60), "is too large"), ("count", "1" * 30, "is no number from 0"),
                                 ("cost_ns", 1e300, "is too long a time"), ("cost_ns", -1, "is no time"), ("cost_ns", "x", "is no time"),
                                 ("route", "other", "is no route"), ("reason", "none", "is no reason"), ("name", "a\x1b[2J", "is no name"),
                                 ("name", "a" * 1000, "is no name"), ("name", None, "is no name"), ("clock", 5, "is no string"),
                                 ("why", "x" * 100_000, "is too long"), ("callers", {}, "is no array"), ("callers", [1], "is no object")):
            with self.subTest(key=key, value=str(value)[:20]):
                place = "calls[0].callers[0]" if value == [1] else f"calls[0].{key}"
                self.assertEqual(self.complaint({**document("m", FAST), "calls": [{**FAST, key: value}]}), f"{place}: {what}")

    def test_too_many(self):
        good = document("m", FAST)
        self.assertEqual(self.complaint({**good, "calls": [{**FAST, "count": 1 << 50}] * 2}), "calls: are too many")
        self.assertEqual(self.complaint({**good, "calls": [{**FAST, "cost_ns": 1e15}] * 2}), "calls: are too many")
        self.assertEqual(self.complaint({**good, "calls": [FAST] * 8193}), "calls: are of too many kinds")

    def test_no_control_byte_comes_out(self):
        odd = "\x1b[31m\x07\u202e\x9b|\n"
        content = document(odd, {**CPU, "advice": odd, "why": odd, "callers": [{"module": odd, "symbol": odd, "offset": 0, "count": 10, "beyond": None}]},
                           kernel=odd, clocksources=[odd], notices=[odd], command=[odd], time=odd, version=odd)
        file = self.file("odd", content)
        for arguments in (["merge", file], ["merge", "--all", file], ["merge", "--json", file], ["diff", file, file], ["diff", "--json", file, file],
                          ["merge", "-o", "/dev/null", "--openmetrics", "/dev/stdout", file]):
            with self.subTest(arguments[:2]):
                text = self.answer(*arguments)
                self.assertTrue(text.isascii() and all(line.isprintable() for line in text.splitlines()), text)


if __name__ == "__main__":
    testing.main()
