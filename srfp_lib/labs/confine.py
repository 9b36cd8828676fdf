"""What the kernel can take away from a process that runs other people's code: files, network, signals, memory. Linux for the most part."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LINUX = sys.platform == "linux"
MB = 1 << 20

# Numbers of linux/sched.h, linux/mount.h, linux/prctl.h, linux/landlock.h. The system calls of Landlock have one number on all machines.
NEW_MOUNTS, NEW_IPC, NEW_USERS, NEW_PIDS, NEW_NETWORK = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
PRIVATE, RECURSIVE, NOSUID_NODEV_NOEXEC = 1 << 18, 1 << 14, 2 | 4 | 8
DIE_WITH_PARENT, NO_NEW_PRIVILEGES, ADOPT_ORPHANS = 1, 38, 36
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
READ_FILE, READ_FOLDER, EXECUTE, WRITE_FILE = 1 << 2, 1 << 3, 1 << 0, 1 << 1
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # how many of the rights of files a version of Landlock knows


@dataclass(frozen=True)
class Limits:
    """What a hand-in may use. Times are wall-clock seconds, sizes bytes beyond what the preloaded libraries take."""

    memory: int = 1024 * MB
    disk: int = 64 * MB
    processes: int = 16
    threads: int = 64
    cell: float = 20.0
    own: float = 60.0  # all cells without checks together


def _libc(name: str, *arguments: int | bytes | None) -> int:
    """A call of the C library. Raises OSError."""
    result = getattr(ctypes.CDLL(None, use_errno=True), name)(*(ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def adopt_orphans() -> None:
    """Processes whose parent ends below this one become its children, so that they are found; and it ends with its own parent."""
    if LINUX:
        _libc("prctl", ADOPT_ORPHANS, 1, 0, 0, 0)
        end_with_parent()


def end_with_parent() -> None:
    """The kernel kills this process when its parent ends."""
    if LINUX:
        _libc("prctl", DIE_WITH_PARENT, 9, 0, 0, 0)


def isolate(folder: Path, disk: int) -> bool:
    """Before a fork: the child sees no other process, no network, and in ``folder`` a disk of its own of ``disk`` bytes.

    False where the kernel grants no namespaces (macOS, most containers, Ubuntu with its default AppArmor profile).
    """
    if not LINUX:
        return False
    user, group = os.getuid(), os.getgid()
    try:
        _libc("unshare", NEW_USERS | NEW_PIDS | NEW_NETWORK | NEW_MOUNTS | NEW_IPC)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        _libc("mount", None, b"/", None, PRIVATE | RECURSIVE, None)
        _libc("mount", b"tmpfs", bytes(folder), b"tmpfs", NOSUID_NODEV_NOEXEC, f"size={disk},nr_inodes=4096".encode())
        if Path("/run").is_dir():  # sockets of services, such as Docker's
            _libc("mount", b"tmpfs", b"/run", b"tmpfs", NOSUID_NODEV_NOEXEC, b"size=4096")
    except OSError:
        return False
    return True


def lock_files(folder: Path) -> int:
    """Landlock: read Python and its libraries, read and write ``folder``, and nothing else; no TCP, no signals to others, no programs.

    The version of Landlock, 0 where the kernel has none (before 5.13). Network from version 4 (6.7) on, signals from 6 (6.12) on.
    """
    if not LINUX:
        return 0
    try:
        version = _libc("syscall", CREATE_RULESET, None, 0, 1)
        rights = (1 << FILE_RIGHTS[min(version, 5)]) - 1
        parts = [rights, *([0b11] if version >= 4 else []), *([0b11] if version >= 6 else [])]
        ruleset = _libc("syscall", CREATE_RULESET, struct.pack(f"{len(parts)}Q", *parts), 8 * len(parts), 0)
        for place in _libraries():
            _allow(ruleset, place, READ_FILE | READ_FOLDER)
        for device in ("/dev/urandom", "/dev/zero"):
            _allow(ruleset, device, READ_FILE)
        _allow(ruleset, "/dev/null", READ_FILE | WRITE_FILE)
        _allow(ruleset, str(folder), rights & ~EXECUTE)
        _libc("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _libc("syscall", RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)
    except OSError:
        return 0
    return version


def _libraries() -> Iterable[str]:
    """Folders that imports may read: not the checkout, whose labs hold the solutions."""
    paths = {*sysconfig.get_paths().values(), sysconfig.get_config_var("LIBDIR") or "", sys.base_prefix, sys.prefix}
    paths |= {path for path in sys.path if path.endswith("site-packages")} | {"/usr", "/lib", "/lib64"}
    return sorted({*(os.path.realpath(path) for path in paths if path), str(Path(__file__).resolve().parents[1])})


def _allow(ruleset: int, path: str, rights: int) -> None:
    if not os.path.exists(path):
        return
    if not os.path.isdir(path):
        rights &= ~READ_FOLDER
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _libc("syscall", ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)


def drop_privileges() -> None:
    """Give up all capabilities, those of a namespace of one's own too."""
    if LINUX:
        _libc("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _libc("capset", struct.pack("Ii", 0x20080522, 0), bytes(24))


def cap(limits: Limits, seconds: float) -> None:
    """The limits of one process. macOS does not keep the one of memory: there the watch does."""
    import resource  # Windows has none

    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.disk,
        resource.RLIMIT_NOFILE: 128,
        resource.RLIMIT_CPU: int(seconds) + 1,
    }
    if LINUX:
        wanted[resource.RLIMIT_AS] = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") + limits.memory
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (least, least))


def lacks(isolated: bool, landlock: int) -> str:
    """What protects less than it should on this machine, in a sentence; empty if all is well."""
    missing = []
    if not landlock:
        missing.append("files outside its folder are guarded only by Python's own hooks (no Landlock)")
    if not isolated and landlock < 6:
        missing.append("processes of your own account are guarded only by Python's own hooks")
    if not isolated:
        missing.append(f"the network {'but for TCP ' if landlock >= 4 else ''}is guarded only by Python's own hooks (no namespaces)")
    return f"On this machine a hand-in is confined less well: {'; '.join(missing)}." if missing else ""
