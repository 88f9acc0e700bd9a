"""Prints the packages of peers that this Python program has: {package: version}, null for what cannot be imported."""
import importlib
import importlib.util
import json
import re


def version(package):
    try:
        return re.match(r"[\d.]*\d", importlib.import_module(package).__version__)[0]
    except Exception:  # whatever a broken package raises
        return None


packages = ("torch", "diffusers", "onnx", "onnxruntime", "openvino", "h5py")
print(json.dumps({p: version(p) for p in packages if importlib.util.find_spec(p)}))
