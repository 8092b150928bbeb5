"""What `framework validate` does: files in, problems out, mended or not, in the format that is asked for."""
