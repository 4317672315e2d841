"""The contract's messages and stubs in Python, made from the proto when they are first imported."""

import importlib
import pathlib
import sys
import sysconfig
import tempfile
import types

import grpc_tools.protoc

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROTO = "interaction/v1/interaction_service.proto"


def protoc(*arguments: str) -> None:
    """Runs protoc, which finds google/protobuf and google/api by itself."""
    bundled = pathlib.Path(grpc_tools.protoc.__file__).parent / "_proto"
    arguments = (*arguments, f"-I{bundled}", f"-I{sysconfig.get_path('purelib')}")
    if grpc_tools.protoc.main(["protoc", *arguments]) != 0:
        raise RuntimeError(f"protoc failed: {' '.join(arguments)}")


def _generate() -> tuple[types.ModuleType, types.ModuleType]:
    with tempfile.TemporaryDirectory(prefix="chaos-stubs-") as folder:
        protoc(f"-I{ROOT}/proto", f"--python_out={folder}", f"--grpc_python_out={folder}", PROTO)
        sys.path.insert(0, folder)
        try:
            return (importlib.import_module("interaction.v1.interaction_service_pb2"),
                    importlib.import_module("interaction.v1.interaction_service_pb2_grpc"))
        finally:
            sys.path.remove(folder)


messages, services = _generate()
