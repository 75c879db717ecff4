"""Programs that unmap what they do not know, stubs among it, and children that no tracer follows: they go on as if nobody watched,
and no call is lost where that can be."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import target
from every_way import EveryWayTest, ways

WHO = ("self", "thread", "fork", "blocked", "none")


def setUpModule():
    testing.require_ptrace()
    testing.require_user_space_clock()


class UnmapsTest(EveryWayTest):
    def counted(self, events):
        """{route: calls} of clock_gettime."""
        calls = [call for call in events[-1]["calls"] if call["name"] == "clock_gettime"]
        return {route: sum(call["count"] for call in calls if call["route"] == route) for route in ("vdso", "fallback")}

    def every_call_is_counted(self, what, who, engine, name, options, way):
        ran, events = way(target("unmaps", what, who), engine, options)
        self.assertEqual(ran.status, 0, ran.stderr[-2000:])
        followed = "-f" in options and who == "fork"
        claims = testing.Claims(ran.stdout)
        expected = {route: claims.made["clock_gettime", route] + followed * claims.children["clock_gettime", route]
                    for route in ("vdso", "fallback")}
        self.assertEqual(self.counted(events), expected)
        self.assertNotIn("notice", [event["type"] for event in events if name != "audit" and way == self.traced])

    def test_no_call_is_lost(self):
        """Stubs are mapped again when they are missed."""
        for who in WHO:
            for what in ("all", "code", "shared"):
                names = ("counts", "followed", "counted vdso routes") if what == "all" else ("vdso functions", "timed counts")
                for engine, name, options in ways(["auto"], names):
                    for way in (self.traced, self.attached):
                        with self.subTest(what=what, who=who, options=name, way=way.__name__):
                            self.every_call_is_counted(what, who, engine, name, options, way)

    def test_every_way(self):
        self.same_as_alone(target("unmaps", "all", "thread"))

    def test_what_is_mapped_there_stays(self):
        """No stub can be there any more, which is said."""
        for who in WHO:
            for engine, name, options in ways(["auto"], ("counts", "followed", "vdso functions", "audit")):
                for way in (self.traced, self.attached):
                    with self.subTest(who=who, options=name, way=way.__name__):
                        ran, events = way(target("unmaps", "replaced", who), engine, options)
                        self.assertEqual(ran.status, 0, ran.stderr[-2000:])
                        notices = str([event for event in events if event["type"] == "notice"]) + str(events[-1].get("notices"))
                        self.assertEqual("it has unmapped the stubs" in notices, who != "none", notices)


class UntracedTest(EveryWayTest):
    def test_the_program_does_the_same(self):
        for how in ("clone", "clone3"):
            self.same_as_alone(target("untraced", how))


if __name__ == "__main__":
    testing.main()
