"""Network calls of a sampler whose network is a file of ONNX, --file: --engine onnxruntime or openvino, on arrays of
NumPy. The word bf16 is OpenVINO's hint of the precision of inference.
"""
import numpy as np

from schedule import ddim
from timing import arguments, report

args = arguments(file="", engine="onnxruntime")


def onnxruntime():
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = args.threads, 1
    session = ort.InferenceSession(args.file, options, providers=["CPUExecutionProvider"])
    return session.get_inputs()[0].shape, lambda x, t: session.run(None, {"x": x, "t": t})[0]


def openvino():
    import openvino as ov
    core, bf16 = ov.Core(), "bf16" in args.words
    if bf16 and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise SystemExit("OpenVINO computes no bf16 on this processor")
    compiled = core.compile_model(args.file, "CPU", {
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32", "INFERENCE_NUM_THREADS": args.threads,
        "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    return list(compiled.input("x").shape), lambda x, t: request.infer({"x": x, "t": t})[compiled.output(0)]


shape, network = {"onnxruntime": onnxruntime, "openvino": openvino}[args.engine]()
start = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
report(args, ddim(lambda x, i: network(x, np.full(shape[0], i)), start), "calls/s", warm=2)
