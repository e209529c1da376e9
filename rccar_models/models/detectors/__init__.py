"""What all detectors share: losses, labels, raw output. Its modules import torch; this level does not."""
