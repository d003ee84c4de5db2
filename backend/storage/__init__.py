"""What the desk stores in SQLite: runs, threads, hand-overs, agents, spending and checkpoints."""
