"""The workshop: cameras, boxes, masks and torch. Knows nothing of sweeps, Optuna or MLflow."""
