"""What training and evaluation do with a batch, task by task. Its modules import torch; this one does not."""
