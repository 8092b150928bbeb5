"""Cases as data: a spec, what an API is asked and answers, and what must come of it."""
