"""The agents: their catalogue, the supervisor that routes to them, the workers that answer, the events they emit."""
