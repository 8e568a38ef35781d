"""Every fault at every place: what a run, a sweep and a purge make of it, as a readable matrix."""
