"""A network and a table of processes of our own: no port collides with another's, and nothing that was started outlives the run."""
import fcntl
import os
import shutil
import socket
import struct
import sys

INSIDE = "PODS_NAMESPACE"
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def enter():
    """Starts this program again in namespaces of its own, unless it is in them already. Needs no root where bubblewrap does not."""
    if os.environ.get(INSIDE):
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        return
    unshare = shutil.which("unshare")
    if unshare is None:
        sys.exit("unshare is missing: apt-get install util-linux")
    os.execve(unshare, [unshare, "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                        sys.executable, "-B", *sys.argv], os.environ | {INSIDE: "1"})
