"""What is answered over HTTP: pure functions from stored values to bytes."""
