"""Read-only answers: pure functions over what tracking and searching have read."""
