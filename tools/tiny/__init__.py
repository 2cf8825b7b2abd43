"""The parts of train_tiny.py: a small LLaVA trained on the scenes of `hones_mpi synth`."""
