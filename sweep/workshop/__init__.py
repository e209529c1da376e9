"""What runs inside workers: training, packaging. Importing it imports no torch; a job does when it starts."""
