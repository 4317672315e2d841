"""The roots of images: what a container has for its file system."""
import os
import re
import shutil
import subprocess

from envoy import find_envoy

COLLECT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../deploy/image/collect_root.py"))


def make_roots(folder, root, programs):
    """By the name of the image: of the gateway, as deploy/image makes it unless there is one already, and the same with Envoy."""
    if not root:
        root = os.path.join(folder, "root")
        subprocess.run([COLLECT, "--root", root, "--name", "interaction-gateway", "--commit", "0123456789ab", "--static", "libc6-dev", *programs],
                       check=True, capture_output=True)
    own, with_envoy = os.path.join(folder, "gateway"), os.path.join(folder, "envoy")
    for target in (own, with_envoy):
        subprocess.run(["cp", "-a", f"{root}/.", target], check=True)
    add_program(find_envoy(), with_envoy)
    return {"interaction-gateway": own, "envoy": with_envoy}


def add_program(path, root):
    """A program of this machine, with the libraries that it loads."""
    os.makedirs(f"{root}/usr/bin", exist_ok=True)
    shutil.copy(path, f"{root}/usr/bin/")
    libraries = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
    for library in re.findall(r"(/\S+) \(0x", libraries):
        if not os.path.lexists(root + library):
            os.makedirs(os.path.dirname(root + library), exist_ok=True)
            shutil.copy(library, root + library)
