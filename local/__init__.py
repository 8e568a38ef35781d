"""Runs the app on a developer's machine: storage emulator, simulator and a small Functions host."""
