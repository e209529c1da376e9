"""From the frame cache to batches of tensors."""
