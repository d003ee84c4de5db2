"""What a user sees when providers fail: run engine, log, graph, workers and the real clients, over loopback servers."""
