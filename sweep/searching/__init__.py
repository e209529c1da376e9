"""All of Optuna: what to try next, what to prune, what is best. Importing this package is cheap."""
