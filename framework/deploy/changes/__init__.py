"""What changes of each kind of object: wanted, and what is there → actions. A file per kind with rules of its own."""
