#!/usr/bin/env python3
"""Collects the root of the image: programs, the shared libraries that they load, what the C library and OpenSSL read besides, and a
bill of materials (SPDX 2.3) of the Debian packages that all of it is from.

usage: collect_root.py --root FOLDER --name NAME --commit COMMIT [--static PACKAGE]... PROGRAM...
"""
import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys

USER = 65532
# Loaded by name and not by the linker: the converter for upstreams' answers in UTF-16, and what iconv finds it by.
CONVERTERS = ["UTF-16.so", "gconv-modules", "gconv-modules.cache", "gconv-modules.d"]
CERTIFICATES = ["/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/usr/share/ca-certificates", "/usr/lib/ssl"]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def libraries(programs):
    """The files that the dynamic linker loads for them, the linker included."""
    found = set()
    for program in programs:
        for line in run("ldd", program).splitlines():
            if "not found" in line:
                sys.exit(f"collect_root.py: {program} needs a library that is missing: {line.strip()}")
            match = re.search(r"(/\S+) \(0x", line)
            if match:
                found.add(match[1])
    return sorted(found)


def converters(libc):
    folder = os.path.join("/usr", os.path.dirname(os.path.realpath(libc)).removeprefix("/usr").lstrip("/"), "gconv")
    paths = [os.path.join(folder, name) for name in CONVERTERS]
    return [path for path in paths if os.path.exists(path)]


def copy(path, root):
    """Copies a file, or a folder with all that is in it, to its place below the root. Links stay links; a file's link is followed, too."""
    target = root + path
    if os.path.isdir(path) and not os.path.islink(path):
        os.makedirs(target, exist_ok=True)
        for name in os.listdir(path):
            copy(os.path.join(path, name), root)
        return
    if not os.path.exists(path):
        return  # a link to nothing
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.lexists(target):
        return
    if os.path.islink(path):
        os.symlink(os.readlink(path), target)
        copy(os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path))), root)
    else:
        shutil.copy2(path, target)


def place_folders(root):
    """As Debian has them: /lib is a link to /usr/lib."""
    for name in ("lib", "lib64", "bin"):
        os.makedirs(f"{root}/usr/{name}", exist_ok=True)
        os.symlink(f"usr/{name}", f"{root}/{name}")
    for path in ("dev", "etc", "proc", "run", "sys", "tmp", "var"):
        os.makedirs(f"{root}/{path}")
    os.chmod(f"{root}/tmp", 0o1777)


def write(root, path, text):
    os.makedirs(os.path.dirname(root + path), exist_ok=True)
    with open(root + path, "w", encoding="utf-8") as file:
        file.write(text)


def details(names):
    """Name, version, architecture and source of packages."""
    lines = run("dpkg-query", "-W", "-f", "${Package}\t${Version}\t${Architecture}\t${source:Package}\n", *sorted(names)).splitlines()
    return sorted(line.split("\t") for line in set(lines))


def packages(paths):
    """The packages that the files are from."""
    names = set()
    for path in paths:
        for candidate in (path, os.path.realpath(path), os.path.realpath(path).removeprefix("/usr")):
            found = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True)
            if found.returncode == 0:
                names.add(found.stdout.split(": ")[0].split(",")[0])
                break
        else:
            sys.exit(f"collect_root.py: no package has {path}")
    return details(names)


def bill_of_materials(name, commit, found, linked):
    created = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    root = {"SPDXID": "SPDXRef-image", "name": name, "versionInfo": commit, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "Apache-2.0", "primaryPackagePurpose": "CONTAINER"}
    parts = [{
        "SPDXID": f"SPDXRef-{re.sub('[^a-zA-Z0-9.-]', '-', package)}", "name": package, "versionInfo": version,
        "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
        "sourceInfo": f"built from the Debian source package {source}",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": f"pkg:deb/debian/{package}@{version.replace(':', '%3A')}?arch={architecture}&distro=bookworm"}],
    } for package, version, architecture, source in found + linked]
    kinds = ["CONTAINS"] * len(found) + ["STATIC_LINK"] * len(linked)
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{commit}", "creationInfo": {"created": created, "creators": ["Tool: collect_root.py"]},
        "packages": [root, *parts],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-image"},
            *({"spdxElementId": "SPDXRef-image", "relationshipType": kind, "relatedSpdxElement": part["SPDXID"]}
              for part, kind in zip(parts, kinds))],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True, help="the folder to make; it must not exist")
    parser.add_argument("--name", required=True)
    parser.add_argument("--commit", required=True)
    parser.add_argument("--static", action="append", default=[], help="a package whose archives are linked into the programs")
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    root = os.path.abspath(arguments.root)
    if os.path.exists(root):
        sys.exit(f"collect_root.py: {root} exists; name a folder that does not")
    place_folders(root)
    loaded = libraries(arguments.programs)
    libc = next(path for path in loaded if os.path.basename(path).startswith("libc.so."))
    files = loaded + converters(libc)
    for path in files + CERTIFICATES:
        copy(path, root)
    for program in arguments.programs:
        shutil.copy2(program, f"{root}/usr/bin/")
    write(root, "/etc/passwd", f"root:x:0:0:root:/:/nonexistent\ngateway:x:{USER}:{USER}:Interaction Gateway:/:/nonexistent\n")
    write(root, "/etc/group", f"root:x:0:\ngateway:x:{USER}:\n")
    write(root, "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    found = packages(files + ["/usr/lib/ssl/openssl.cnf", "/usr/sbin/update-ca-certificates"])
    bill = bill_of_materials(arguments.name, arguments.commit, found, details(arguments.static) if arguments.static else [])
    write(root, f"/usr/share/sbom/{arguments.name}.spdx.json", json.dumps(bill, indent=1) + "\n")


if __name__ == "__main__":
    main()
