"""Plotly figures that Optuna has not: from records, without a database."""
