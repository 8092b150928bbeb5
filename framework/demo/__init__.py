"""The bundled demo: a shop's API in a process of its own, and a project that reads it."""
