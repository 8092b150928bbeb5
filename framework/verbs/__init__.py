"""The command line's verbs: a module each, with `options(parser)` and `act(arguments) -> exit code`."""
