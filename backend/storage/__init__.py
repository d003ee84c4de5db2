"""SQLite storage of runs, threads, hand-overs, agents, spending and checkpoints."""
