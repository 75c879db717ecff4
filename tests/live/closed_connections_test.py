"""-yy: a socket whose other end is closed still shows with whom it was connected, as strace has it."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import PYTHON, vdsotrace

PAIR = """import socket
one, other = socket.socketpair()
one.send(b"x")
other.recv(1)
one.close()
other.close()
"""

INTERNET = """import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
served, _ = server.accept()
served.send(b"x")
client.recv(1)
client.close()
served.send(b"y")
served.close()
"""

AGAIN = """import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in (9, 10):
    one.connect(("127.0.0.1", port))
    one.getpeername()
one.close()
"""


def setUpModule():
    testing.require_ptrace()


def ends(program, call, kind):
    """The two ends of the socket that each such call names."""
    ran = vdsotrace("-q", "-yy", "-e", "trace=%network,close", "--", PYTHON, "-c", program)
    assert ran.status == 0, ran
    return re.findall(call + r"\(\d+<" + kind + r":\[([^\]>]*)->([^\]>]*)\]>", ran.stderr)


class ClosedConnectionsTest(unittest.TestCase):
    def assertEachOthers(self, closed):
        self.assertEqual(len(closed), 2, closed)
        self.assertEqual(closed[0], closed[1][::-1])

    def test_a_pair(self):
        self.assertEachOthers(ends(PAIR, "close", "UNIX-STREAM"))

    def test_a_connection(self):
        self.assertEachOthers(ends(INTERNET, "close", "TCP"))

    def test_another_connection_of_the_same_socket(self):
        self.assertEqual([end for _, end in ends(AGAIN, "getpeername", "UDP")], ["127.0.0.1:9", "127.0.0.1:10"])


if __name__ == "__main__":
    testing.main()
