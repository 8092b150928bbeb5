"""What a spec will do, in words: dry, without network and without secrets."""
