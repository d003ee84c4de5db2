"""Local models: downloaded once, and run by llama.cpp in a process of their own."""
