"""Places where jobs run: `inline` in this process (a debugger works), `local` in worker processes."""
