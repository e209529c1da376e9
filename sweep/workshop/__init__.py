"""What runs inside workers: training, packaging. Importing it imports no torch; its jobs do when they start."""
