"""What is answered over HTTP: from stored values to bytes."""
