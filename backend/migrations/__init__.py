"""Changes to the tables of `desk.db`; `backend.schema` lists them in their order."""
