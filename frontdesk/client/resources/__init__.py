"""The methods of the clients, one module for each resource."""
