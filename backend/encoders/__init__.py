"""Turn the events of a run into the frames of each wire form: a module for each form."""
