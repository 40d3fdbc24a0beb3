"""`python held.py SOCKET COMMAND…`: become a command whose writing system calls are held until somebody lets them go.

The kernel does it (seccomp's user notification, Linux 5.6 and later; seccomp_unotify(2)): it needs no rights, works for
static programs, and every child inherits it. The descriptor on which the held calls are told goes through the socket.
"""

import ctypes
import os
import socket
import sys
from typing import Final

OPENAT, WRITE, PWRITE, RENAME, RENAMEAT, RENAMEAT2 = 257, 1, 18, 82, 264, 316  # of x86-64

_SECCOMP: Final = 317
_SET_MODE_FILTER, _NEW_LISTENER, _NO_NEW_PRIVS = 1, 8, 38
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_X86_64: Final = 0xC000003E
_LOAD, _EQUAL, _GREATER, _BITS, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _THIRD = 0, 4, 16, 32  # offsets in struct seccomp_data


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


# Jumps count from the next instruction: `yes` and `no` are how many of them are left out.
_FILTER: Final = (
    (_LOAD, 0, 0, _ARCHITECTURE),
    (_EQUAL, 0, 13, _X86_64),
    (_LOAD, 0, 0, _NUMBER),
    (_EQUAL, 6, 0, OPENAT),
    (_EQUAL, 7, 0, WRITE),
    (_EQUAL, 6, 0, PWRITE),
    (_EQUAL, 7, 0, RENAME),
    (_EQUAL, 6, 0, RENAMEAT),
    (_EQUAL, 5, 0, RENAMEAT2),
    (_RETURN, 0, 0, _ALLOW),
    (_LOAD, 0, 0, _THIRD),
    (_BITS, 2, 3, os.O_WRONLY | os.O_RDWR),
    (_LOAD, 0, 0, _FIRST),
    (_GREATER, 0, 1, 2),  # what goes to a terminal or log is no state
    (_RETURN, 0, 0, _NOTIFY),
    (_RETURN, 0, 0, _ALLOW),
)


def main() -> None:
    """Entry point."""
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = (_Instruction * len(_FILTER))(*(_Instruction(*each) for each in _FILTER))
    program = _Program(len(_FILTER), instructions)
    teller = socket.socket(fileno=int(sys.argv[1]))
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    listener = libc.syscall(_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp's user notification is not to be had")
    socket.send_fds(teller, [b"."], [listener])
    os.close(listener)
    teller.close()
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - there is nothing to quote


if __name__ == "__main__":
    main()
