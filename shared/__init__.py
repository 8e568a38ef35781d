"""Ground floor: words, settings, Graph, tables, text, web. Knows nothing of checks or runs."""
