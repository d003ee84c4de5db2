"""The LangGraph supervisor, its workers, and the stream of their answers."""
