"""What a receipt says of the processor."""

import torch

from srfp_lib.workflow.desk import instructions


def test_the_instructions_are_torch_s_and_the_limit_of_onednn(monkeypatch):
    for name in ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"):
        monkeypatch.delenv(name, raising=False)
    assert instructions() == torch.backends.cpu.get_cpu_capability()
    monkeypatch.setenv("DNNL_MAX_CPU_ISA", "AVX2")
    assert instructions().endswith(" (oneDNN AVX2)")
