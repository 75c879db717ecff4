"""What every work has, and how programs are run for one."""

import shutil
import subprocess

from observers import SOURCE


def quietly(command, **more):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, cwd=SOURCE, **more)


class Work:
    """What a work has unless it says otherwise."""
    beside = "bare"  # the observer whose figure the ratio divides by; empty: none
    rounds = None    # how often it is measured at most
    repeats = 1      # a round's figure is the median of so many: what is over in milliseconds is noise alone

    def missing(self):
        """Why it cannot be done here, or nothing."""
        return None


def first_missing(*programs):
    return next((f"{name} is not installed" for name in programs if not shutil.which(name)), None)
