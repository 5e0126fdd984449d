"""The service: a job store, workers in processes of their own, and an HTTP API in front."""
