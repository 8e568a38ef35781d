"""Whether the app costs what it promises: ratios, measured side by side on the same machine."""
