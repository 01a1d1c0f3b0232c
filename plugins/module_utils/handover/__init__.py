"""The end of the platform's own term: what is ready, handed over, and released, and how long there still is."""
