"""The command line: a command parses, calls one function of `sweep.api`, shows the outcome, exits."""
