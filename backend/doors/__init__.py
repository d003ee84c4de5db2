"""HTTP doors. Each validates, asks the engine or the library, and projects what comes back."""
