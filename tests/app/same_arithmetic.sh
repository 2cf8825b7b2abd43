# Sourced where results are compared with committed ones: processors differ in how they round, so what
# chooses code by the processor is told to take what every one with AVX2 has. tests/support/arithmetic.cpp
# tells whether that was enough.
export ATEN_CPU_CAPABILITY=avx2 MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=AVX2
