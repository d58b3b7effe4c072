"""From runs, attacks and rules to ONNX bundles."""
